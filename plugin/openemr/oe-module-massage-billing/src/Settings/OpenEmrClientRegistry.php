<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

use OpenEMR\Common\Auth\OpenIDConnect\Repositories\ClientRepository;
use OpenEMR\Common\Auth\OpenIDConnect\Repositories\ScopeRepository;
use OpenEMR\Common\Session\SessionWrapperFactory;
use OpenEMR\FHIR\Config\ServerConfig;
use OpenEMR\Modules\MassageBilling\Core\Database;

/** Over core's repositories: what POST /oauth2/<site>/registration does (AuthorizationController). */
final class OpenEmrClientRegistry implements ClientRegistry
{
    public function __construct(private readonly Database $database)
    {
    }

    public function unknownScopes(array $scopes): array
    {
        $known = new ScopeRepository();
        $known->setServerConfig(new ServerConfig());
        return array_values(array_filter(
            $scopes,
            static fn(string $scope): bool => $known->getScopeEntityByIdentifier($scope) === null
        ));
    }

    public function register(string $name, array $scopes, string $jwks): string
    {
        $repository = new ClientRepository();
        $id = $repository->generateClientId();
        $site = SessionWrapperFactory::getInstance()->getActiveSession()->get('site_id');
        $kept = $repository->insertNewClient($id, [
            'client_role' => 'user',
            'client_name' => $name,
            'client_secret' => $repository->generateClientSecret(), // makes it confidential; nobody is told it
            'registration_access_token' => $repository->generateRegistrationAccessToken(),
            'registration_client_uri_path' => $repository->generateRegistrationClientUriPath(),
            'contacts' => '',
            'redirect_uris' => (new ServerConfig())->getOauthAddress(), // required, and never used by this grant
            'grant_types' => 'client_credentials',
            'token_endpoint_auth_method' => 'private_key_jwt',
            'scope' => implode(' ', $scopes),
            'jwks' => $jwks,
            'dsi_type' => 0,
        ], is_string($site) ? $site : 'default');
        if (!$kept) {
            throw new Unfit('OpenEMR did not register the client.');
        }
        return $id;
    }

    public function named(string $name): array
    {
        $rows = $this->database->rows(
            'SELECT c.client_id, c.is_enabled, c.scope, c.register_date, c.jwks,
             (SELECT MAX(j.creation_date) FROM jwt_grant_history j WHERE j.client_id = c.client_id) AS last_login
             FROM oauth_clients c WHERE c.client_name = ? ORDER BY c.register_date DESC, c.client_id',
            [$name]
        );
        return array_map(static fn(array $row): Client => new Client(
            (string) $row['client_id'],
            (int) $row['is_enabled'] === 1,
            explode(' ', (string) $row['scope']),
            (string) $row['register_date'],
            (string) $row['last_login'],
            self::kid((string) $row['jwks'])
        ), $rows);
    }

    public function remove(string $id): void
    {
        $this->database->change('UPDATE api_token SET revoked = 1 WHERE client_id = ?', [$id]);
        $repository = new ClientRepository();
        $client = $repository->getClientEntity($id);
        if ($client !== false) {
            $repository->remove($client);
        }
    }

    public function disable(string $id): void
    {
        $this->database->change('UPDATE api_token SET revoked = 1 WHERE client_id = ?', [$id]);
        $repository = new ClientRepository();
        $client = $repository->getClientEntity($id);
        if ($client !== false) {
            $repository->saveIsEnabled($client, false);
        }
    }

    private static function kid(string $jwks): string
    {
        $set = json_decode($jwks, true);
        $kid = is_array($set) ? $set['keys'][0]['kid'] ?? '' : '';
        return is_string($kid) ? $kid : '';
    }
}
