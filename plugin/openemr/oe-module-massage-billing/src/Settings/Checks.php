<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

/** Whether OpenEMR is set up so that the Python side can reach it, and where to change what is missing. */
final class Checks
{
    private const CONNECTORS = 'Administration › Config › Connectors';

    /** @param \Closure(string): string $global value of one of core's globals */
    public function __construct(
        private readonly \Closure $global,
        private readonly Transport $transport,
        private readonly Resolver $resolver
    ) {
    }

    /**
     * What core's settings say.
     *
     * @return list<array{what: string, good: bool, fix: string}> English, for xl()
     */
    public function settings(): array
    {
        $address = $this->address();
        return [
            self::check('FHIR API', $this->on('rest_fhir_api'), 'Enable OpenEMR Standard FHIR REST API'),
            self::check('System scopes', $this->on('rest_system_scopes_api'), 'Enable OpenEMR FHIR System Scopes'),
            self::check(
                'Site address',
                (bool) preg_match('#^https?://[^/\s]+$#', $address),
                'Site Address (required for OAuth2 and FHIR), as the Python side reaches this server: '
                . 'https://ehr.example.org'
            ),
        ];
    }

    /** Whether nothing is missing for a registration. */
    public function registrable(): bool
    {
        return !in_array(false, array_column($this->settings(), 'good'), true);
    }

    /**
     * Ask OpenEMR's own FHIR API, over the network as the Python side does, what it offers.
     *
     * @return array{good: bool, said: string} English, for xl()
     */
    public function metadata(string $fhir): array
    {
        try {
            $address = Address::of($fhir, $this->resolver);
            $answered = $this->transport->send('GET', $address, '/metadata', ['Accept: application/json']);
        } catch (Unfit | Unreachable $problem) {
            return ['good' => false, 'said' => $problem->getMessage()];
        }
        if ($answered->status !== 200) {
            return ['good' => false, 'said' => "It answers with status $answered->status."];
        }
        foreach ($answered->json()['rest'][0]['resource'] ?? [] as $resource) {
            $can = array_column($resource['interaction'] ?? [], 'code');
            if (($resource['type'] ?? '') === 'Claim' && in_array('create', $can, true)) {
                return ['good' => true, 'said' => 'It answers, and takes claims.'];
            }
        }
        $said = 'It answers, and does not say that it takes claims: is the module enabled there?';
        return ['good' => false, 'said' => $said];
    }

    /** Site address as core has it. */
    public function address(): string
    {
        return rtrim(($this->global)('site_addr_oath'), '/');
    }

    private function on(string $name): bool
    {
        return ($this->global)($name) === '1';
    }

    /** @return array{what: string, good: bool, fix: string} */
    private static function check(string $what, bool $good, string $setting): array
    {
        return ['what' => $what, 'good' => $good, 'fix' => self::CONNECTORS . ': ' . $setting];
    }
}
