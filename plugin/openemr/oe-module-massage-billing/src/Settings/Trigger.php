<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

use OpenEMR\Modules\MassageBilling\Core\Database;

/**
 * The row of OpenEMR's background services that asks the Python service to run, where the clinic wants one.
 *
 * Background services run while somebody is logged in: this only helps the Python side's own schedule, and replaces
 * nothing of it. The row is there exactly while the module is enabled and the clinic wants it.
 */
final class Trigger
{
    /** background_services.name has 31 characters. */
    public const NAME = 'MassageBilling_Run';
    private const MINUTES = 60;
    private const FILE = '/src/Settings/background_run.php';

    public function __construct(private readonly Database $database)
    {
    }

    /** @param string $folder the module's folder, from OpenEMR's own: "/interface/modules/custom_modules/…" */
    public function add(string $folder): void
    {
        $this->database->change(
            'INSERT INTO background_services
             (name, title, active, running, next_run, execute_interval, `function`, require_once, sort_order)
             VALUES (?, ?, 1, 0, ?, ?, ?, ?, 100)
             ON DUPLICATE KEY UPDATE title = VALUES(title), active = 1, execute_interval = VALUES(execute_interval),
             `function` = VALUES(`function`), require_once = VALUES(require_once)',
            [
                self::NAME,
                'Massage billing: run now',
                '1970-01-02 00:00:00',
                self::MINUTES,
                'massage_billing_background_run',
                $folder . self::FILE,
            ]
        );
    }

    public function remove(): void
    {
        $this->database->change('DELETE FROM background_services WHERE name = ?', [self::NAME]);
    }

    public function there(): bool
    {
        return $this->database->value('SELECT 1 FROM background_services WHERE name = ?', [self::NAME]) !== null;
    }
}
