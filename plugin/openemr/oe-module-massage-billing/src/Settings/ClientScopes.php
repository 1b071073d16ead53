<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

use OpenEMR\Modules\MassageBilling\Fhir\Scopes;

/** What the Python side may do here: exactly the scopes that it needs, and each in plain words. */
final class ClientScopes
{
    /** Types of core's that the Python side reads (its hosts/openemr_can.py; a test compares). */
    private const READ = [
        'Appointment', 'Condition', 'Coverage', 'Encounter', 'Location', 'Observation', 'Organization', 'Patient',
        'Practitioner', 'PractitionerRole', 'Procedure', 'ServiceRequest',
    ];

    /** To be let in at all. */
    private const ENTRY = ['api:fhir', 'openid'];

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
        'CoverageEligibilityResponse' => 'payers\' answers about coverage',
        'Encounter' => 'visits',
        'Location' => 'places of service',
        'Observation' => 'results (minutes of treatment)',
        'Organization' => 'facilities and insurance companies',
        'Patient' => 'patients: name, birth date, sex, address',
        'Practitioner' => 'therapists and referring providers',
        'PractitionerRole' => 'therapists\' roles and taxonomy',
        'Procedure' => 'services, treatment logs',
        'Provenance' => 'where a claim came from',
        'ServiceRequest' => 'orders and referrals',
        'Task' => 'what holds a visit, what to settle before one',
    ];

    private const LETTERS = ['c' => 'create', 'r' => 'read', 'u' => 'change', 'd' => 'delete', 's' => 'search'];

    /** @return list<string> to register and to ask for, in order */
    public static function needed(): array
    {
        $read = array_map(static fn(string $type): string => "system/$type.rs", self::READ);
        $types = array_map(self::type(...), Scopes::needed());
        $core = array_filter($read, static fn(string $scope): bool => !in_array(self::type($scope), $types, true));
        $all = array_values(array_unique([...self::ENTRY, ...$core, ...Scopes::needed()]));
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

    private static function type(string $scope): string
    {
        return preg_match('#^[a-z]+/(\w+)\.#', $scope, $found) ? $found[1] : $scope;
    }
}
