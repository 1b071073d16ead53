<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Core\OEGlobalsBag;
use OpenEMR\Modules\MassageBilling\Billing\Ledger;
use OpenEMR\Modules\MassageBilling\Install\SelfCheck;
use OpenEMR\Modules\MassageBilling\Module;
use OpenEMR\Modules\MassageBilling\Settings\Checks;
use OpenEMR\Modules\MassageBilling\Settings\CurlTransport;
use OpenEMR\Modules\MassageBilling\Settings\DnsResolver;
use OpenEMR\Modules\MassageBilling\Settings\SettingsPage;
use OpenEMR\Modules\MassageBilling\Settings\Site;
use OpenEMR\Modules\MassageBilling\Settings\Trigger;
use OpenEMR\Modules\MassageBilling\Settings\Wiring;

/** Makes the module's pages, of this request's OpenEMR. */
final class Pages
{
    public static function overview(): OverviewPage
    {
        $module = Module::get();
        return new OverviewPage(
            $module->access(),
            new OpenEmrCsrf(),
            Templates::ofCore(),
            new Overview($module->database(), $module->clock()),
            Wiring::activity(),
            Wiring::service(),
            Wiring::store()->workbench(),
            self::root(),
            Hooks::pages(),
            Site::ofCore()->shell()
        );
    }

    public static function action(): ActionPage
    {
        return new ActionPage(
            Module::get()->access(),
            new OpenEmrCsrf(),
            Module::get()->audit(),
            Wiring::service(),
            static fn(string $claim): bool => Module::get()->posting()->retry($claim)->state !== Ledger::CONFLICT,
            Hooks::pages() . '/index.php',
            self::root() . '/interface/patient_file/encounter/forms.php'
        );
    }

    public static function settings(): SettingsPage
    {
        $module = Module::get();
        $transport = new CurlTransport();
        $resolver = new DnsResolver();
        $globals = OEGlobalsBag::getInstance();
        return new SettingsPage(
            $module->access(),
            new OpenEmrCsrf(),
            $module->audit(),
            Templates::ofCore(),
            Wiring::store(),
            Wiring::client(),
            new Checks(static fn(string $name): string => (string) $globals->get($name), $transport, $resolver),
            Wiring::service(),
            $resolver,
            new Trigger($module->database()),
            Wiring::activity(),
            SelfCheck::ofCore(),
            Site::ofCore()
        );
    }

    private static function root(): string
    {
        return OEGlobalsBag::getInstance()->getWebRoot();
    }
}
