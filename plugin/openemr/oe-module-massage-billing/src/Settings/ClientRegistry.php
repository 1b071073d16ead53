<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

/** OpenEMR's own list of OAuth clients. */
interface ClientRegistry
{
    /**
     * Scopes that this OpenEMR does not know, and with which a registration would fail.
     *
     * @param list<string> $scopes
     * @return list<string>
     */
    public function unknownScopes(array $scopes): array;

    /**
     * Register a confidential client for client_credentials with private_key_jwt; OpenEMR registers it disabled.
     *
     * @param list<string> $scopes
     * @return string its client id
     */
    public function register(string $name, array $scopes, string $jwks): string;

    /** @return list<Client> every client of this name, the newest first */
    public function named(string $name): array;

    /** Take it away, with the tokens it holds. */
    public function remove(string $id): void;

    /** Keep it, and let it get no token. */
    public function disable(string $id): void;
}
