<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Install;

use OpenEMR\Modules\MassageBilling\Core\Audit;
use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Settings\OAuthClient;
use OpenEMR\Modules\MassageBilling\Settings\Store;
use OpenEMR\Modules\MassageBilling\Settings\Trigger;

/**
 * What happens around the module manager's buttons.
 *
 * Seen in core 8.2 (InstallerController::manageAction): before each button's work core calls "pre" + its action, then
 * does it whatever was answered, then calls the action, whose answer is shown where it is not "Success". From the
 * command line nothing is called at all. Core never runs a clean-up script.
 */
final class Lifecycle
{
    /** @param string $path the module's folder, from OpenEMR's own: "/interface/modules/custom_modules/…" */
    public function __construct(
        private readonly Database $database,
        private readonly SelfCheck $check,
        private readonly SqlFiles $files,
        private readonly Store $store,
        private readonly OAuthClient $client,
        private readonly Trigger $trigger,
        private readonly Audit $audit,
        private readonly string $folder,
        private readonly string $path
    ) {
    }

    /** Why the module may not be installed or enabled here; null where it may. */
    public function refusal(): ?string
    {
        return $this->check->refusal();
    }

    /**
     * After core ran install.sql, which leaves tables of an earlier installation as they are: those are brought up to
     * date. Every block of an upgrade file looks first whether it is needed.
     */
    public function installed(): void
    {
        foreach ($this->upgrades() as $file) {
            $this->files->run("$this->folder/sql", $file);
        }
    }

    /** After the module was enabled: its background service is there again where the clinic wants it. */
    public function enabled(): string
    {
        if ($this->store->trigger()) {
            $this->trigger->add($this->path);
        }
        $this->audit->note('massage-billing-module', 'enabled, version ' . $this->check->version());
        return $this->check->tried()
            ? 'Success'
            : 'Massage billing is enabled. It was not tried on this release of OpenEMR (' . $this->check->host()
                . '); everything it uses of it was found.';
    }

    /** After the module was disabled: core starts it no more, and no job of it is left. */
    public function disabled(): void
    {
        $this->trigger->remove();
        $this->audit->note('massage-billing-module', 'disabled');
    }

    /** After core forgot the module: nothing of it works on, and its data goes where the clinic chose so. */
    public function unregistered(int $module): void
    {
        $this->trigger->remove();
        $this->database->change('DELETE FROM module_acl_sections WHERE module_id = ?', [$module]);
        if (!$this->installedTables()) {
            return;
        }
        $removes = $this->store->removesData();
        if ($removes) {
            $this->client->remove();
            $this->files->run("$this->folder/sql", 'uninstall.sql');
        } else {
            $this->client->disable();
        }
        $this->audit->note('massage-billing-module', 'removed; its data ' . ($removes ? 'was removed' : 'stays'));
    }

    /** @return list<string> upgrade files, the earliest first */
    private function upgrades(): array
    {
        $files = array_map('basename', glob("$this->folder/sql/*_upgrade.sql") ?: []);
        usort($files, static fn(string $one, string $other): int =>
            version_compare(self::from($one), self::from($other)));
        return $files;
    }

    private static function from(string $file): string
    {
        return str_replace('_', '.', explode('-', $file)[0]);
    }

    private function installedTables(): bool
    {
        return $this->database->value(
            "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?",
            ['massage_billing_setting']
        ) !== null;
    }
}
