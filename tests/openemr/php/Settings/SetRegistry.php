<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Settings;

use OpenEMR\Modules\MassageBilling\Settings\Client;
use OpenEMR\Modules\MassageBilling\Settings\ClientRegistry;

/** OpenEMR's list of clients, in memory. */
final class SetRegistry implements ClientRegistry
{
    /** @var array<string, array{name: string, client: Client, jwks: string}> */
    public array $clients = [];

    /** @var list<string> */
    public array $unknown = [];

    private int $made = 0;

    public function unknownScopes(array $scopes): array
    {
        return array_values(array_intersect($scopes, $this->unknown));
    }

    public function register(string $name, array $scopes, string $jwks): string
    {
        $id = 'client-' . ++$this->made;
        $kid = json_decode($jwks, true)['keys'][0]['kid'];
        $client = new Client($id, false, $scopes, '2026-12-01 10:00:00', '', $kid);
        $this->clients[$id] = ['name' => $name, 'client' => $client, 'jwks' => $jwks];
        return $id;
    }

    public function named(string $name): array
    {
        $named = array_filter($this->clients, static fn(array $one): bool => $one['name'] === $name);
        return array_values(array_map(static fn(array $one): Client => $one['client'], $named));
    }

    public function remove(string $id): void
    {
        unset($this->clients[$id]);
    }

    public function disable(string $id): void
    {
        $this->set($id, false);
    }

    public function set(string $id, bool $enabled): void
    {
        $was = $this->clients[$id]['client'];
        $this->clients[$id]['client'] = new Client($id, $enabled, $was->scopes, $was->registered, $was->lastLogin, $was->kid);
    }
}
