<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

use OpenEMR\Modules\MassageBilling\Fhir\Scopes;

/** What the Python side may do here: exactly the scopes that it needs, and each in plain words. */
final class ClientScopes
{
    private const WORDS = [
        'api:fhir' => 'the FHIR API',
        'openid' => 'logging in',
        'Appointment' => 'appointments',
        'ChargeItem' => 'fee sheet rows',
        'Claim' => 'claims of this module',
        'ClaimResponse' => 'what became of claims',
        'Condition' => 'diagnoses',
        'Consent' => 'wishes not to tell the plan',
        'Coverage' => 'insurance',
        'CoverageEligibilityRequest' => 'questions to payers about coverage',
        'CoverageEligibilityResponse' => 'answers of payers about coverage',
        'Encounter' => 'visits',
        'Location' => 'places of service',
        'Observation' => 'results (minutes of treatment)',
        'Organization' => 'facilities and insurance companies',
        'Patient' => 'patients: name, birth date, sex, address',
        'Practitioner' => 'therapists and referring providers',
        'PractitionerRole' => 'roles and taxonomy of therapists',
        'Procedure' => 'services, treatment logs',
        'Provenance' => 'where a claim came from',
        'ServiceRequest' => 'orders and referrals',
        'Task' => 'what holds a visit, what to settle before one',
    ];

    private const LETTERS = ['c' => 'create', 'r' => 'read', 'u' => 'change', 'd' => 'delete', 's' => 'search'];

    /** @return list<string> to register and to ask for, in order */
    public static function needed(): array
    {
        $all = Scopes::needed();
        sort($all);
        return $all;
    }

    /**
     * What a scope lets the client do, English: what it is about, and what with it.
     *
     * @return array{scope: string, about: string, may: list<string>}
     */
    public static function inWords(string $scope): array
    {
        preg_match('#^[a-z]+/(\w+)\.([a-z]+)#', $scope, $found);
        [, $type, $what] = $found + ['', $scope, ''];
        $may = match ($what) {
            'read' => ['read', 'search'],
            'write' => ['create', 'change'],
            default => array_values(array_map(
                static fn(string $letter): string => self::LETTERS[$letter] ?? $letter,
                $what === '' ? [] : str_split($what)
            )),
        };
        return ['scope' => $scope, 'about' => self::WORDS[$type] ?? $type, 'may' => $may];
    }
}
