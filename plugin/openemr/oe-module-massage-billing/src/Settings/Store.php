<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Core\Secrets;

/** The module's settings. The service's token is kept sealed, and leaves here only for a request to the service. */
final class Store
{
    private const CLIENT = 'oauth_client';
    private const SERVICE = 'service_url';
    private const TOKEN = 'service_token';
    private const WORKBENCH = 'workbench_url';
    private const TRIGGER = 'trigger';
    private const REMOVAL = 'on_removal';

    public function __construct(private readonly Database $database, private readonly Secrets $secrets)
    {
    }

    /** Id of the OAuth client that was registered here; "" for none. */
    public function client(): string
    {
        return $this->get(self::CLIENT);
    }

    public function keepClient(string $id): void
    {
        $this->set(self::CLIENT, $id);
    }

    /** Address of the Python service; "" where none is used. */
    public function service(): string
    {
        return $this->get(self::SERVICE);
    }

    public function keepService(string $address): void
    {
        $this->set(self::SERVICE, $address);
    }

    /** Address at which browsers reach the workbench; "" where none is used. */
    public function workbench(): string
    {
        return $this->get(self::WORKBENCH);
    }

    public function keepWorkbench(string $address): void
    {
        $this->set(self::WORKBENCH, $address);
    }

    public function hasToken(): bool
    {
        return $this->get(self::TOKEN) !== '';
    }

    /** The service's token; "" where there is none, or it cannot be opened. */
    public function token(): string
    {
        $sealed = $this->get(self::TOKEN);
        return $sealed === '' ? '' : (string) $this->secrets->open($sealed);
    }

    /** "" forgets it. */
    public function keepToken(string $token): void
    {
        $this->set(self::TOKEN, $token === '' ? '' : $this->secrets->seal($token));
    }

    /** Whether OpenEMR's background services ask the service to run. */
    public function trigger(): bool
    {
        return $this->get(self::TRIGGER) === 'on';
    }

    public function keepTrigger(bool $on): void
    {
        $this->set(self::TRIGGER, $on ? 'on' : '');
    }

    /** Whether removing the module removes its data too; it stays unless the clinic chose so. */
    public function removesData(): bool
    {
        return $this->get(self::REMOVAL) === 'remove';
    }

    public function keepRemoval(bool $removesData): void
    {
        $this->set(self::REMOVAL, $removesData ? 'remove' : '');
    }

    private function get(string $name): string
    {
        $sql = 'SELECT value FROM massage_billing_setting WHERE name = ?';
        return (string) $this->database->value($sql, [$name]);
    }

    private function set(string $name, string $value): void
    {
        if ($value === '') {
            $this->database->change('DELETE FROM massage_billing_setting WHERE name = ?', [$name]);
            return;
        }
        $this->database->change(
            'INSERT INTO massage_billing_setting (name, value) VALUES (?, ?)
             ON DUPLICATE KEY UPDATE value = VALUES(value)',
            [$name, $value]
        );
    }
}
