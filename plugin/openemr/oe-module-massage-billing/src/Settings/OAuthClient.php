<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

use OpenEMR\Modules\MassageBilling\Core\Audit;
use OpenEMR\Modules\MassageBilling\Core\Database;

/** The client by which the Python side logs in: registered here, approved by an administrator, replaced, taken away. */
final class OAuthClient
{
    /** By this name core lists it, and clients of an earlier installation are found. */
    public const NAME = 'massage-billing';

    public function __construct(
        private readonly ClientRegistry $registry,
        private readonly Store $store,
        private readonly Database $database,
        private readonly Audit $audit
    ) {
    }

    /** The client that was registered here; null where there is none, or somebody removed it. */
    public function current(): ?Client
    {
        $id = $this->store->client();
        foreach ($id === '' ? [] : $this->registry->named(self::NAME) as $client) {
            if ($client->id === $id) {
                return $client;
            }
        }
        return null;
    }

    /** @return list<Client> others of our name, of an earlier installation or registered by hand */
    public function others(): array
    {
        $id = $this->store->client();
        return array_values(array_filter(
            $this->registry->named(self::NAME),
            static fn(Client $client): bool => $client->id !== $id
        ));
    }

    /**
     * Register it. Every other client of our name is taken away, so that never two can log in; that has to be
     * confirmed.
     *
     * @throws Unfit
     */
    public function register(JwkSet $keys, bool $mayReplace): Client
    {
        $before = $this->registry->named(self::NAME);
        if ($before !== [] && !$mayReplace) {
            throw new Unfit('A client is registered already: confirm that it is replaced.');
        }
        $needed = ClientScopes::needed();
        $unknown = $this->registry->unknownScopes($needed);
        if ($unknown !== []) {
            throw new Unfit('This OpenEMR does not know ' . implode(', ', $unknown)
                . '. Are the FHIR API and its system scopes enabled?');
        }
        $id = $this->database->transaction(function () use ($before, $needed, $keys): string {
            foreach ($before as $client) {
                $this->registry->remove($client->id);
            }
            $id = $this->registry->register(self::NAME, $needed, $keys->json());
            $this->store->keepClient($id);
            return $id;
        });
        $replaced = $before === [] ? '' : '; ' . count($before) . ' replaced';
        $this->audit->note('massage-billing-client', "OAuth client $id registered$replaced");
        return $this->current() ?? throw new Unfit('OpenEMR did not register the client.');
    }

    /** Take every client of our name away. */
    public function remove(): void
    {
        foreach ($this->registry->named(self::NAME) as $client) {
            $this->registry->remove($client->id);
            $this->audit->note('massage-billing-client', "OAuth client $client->id removed");
        }
        $this->store->keepClient('');
    }

    /** Let no client of our name get a token any more. */
    public function disable(): void
    {
        foreach ($this->registry->named(self::NAME) as $client) {
            if ($client->enabled) {
                $this->registry->disable($client->id);
                $this->audit->note('massage-billing-client', "OAuth client $client->id disabled");
            }
        }
    }
}
