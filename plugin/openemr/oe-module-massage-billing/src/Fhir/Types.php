<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/**
 * The types that are kept, as data: what FHIR R4 requires of each, and by which of its elements it is searched
 * (http://hl7.org/fhir/R4/claim.html and its like; search parameters of the R4 registry). A type is added here alone.
 */
final class Types
{
    /** Codes of http://hl7.org/fhir/ValueSet/fm-status. */
    private const FINANCIAL = ['active', 'cancelled', 'draft', 'entered-in-error'];

    /**
     * required: elements that have to be there. status: the codes of the required binding; none: it has no status.
     * patient: the element that names whose it is; none: whoever its references belong to.
     * search: parameter => [kind, elements]; "code" is a token of a plain code, whose system nobody writes.
     */
    private const TABLE = [
        'Claim' => [
            'required' => ['status', 'type', 'use', 'patient', 'created', 'provider', 'priority', 'insurance'],
            'status' => self::FINANCIAL,
            'patient' => 'patient',
            'search' => [
                'identifier' => ['token', 'identifier'],
                'patient' => ['reference', 'patient'],
                'encounter' => ['reference', 'item.encounter'],
                'status' => ['code', 'status'],
                'use' => ['code', 'use'],
                'created' => ['date', 'created'],
                'provider' => ['reference', 'provider'],
                'insurer' => ['reference', 'insurer'],
                'care-team' => ['reference', 'careTeam.provider'],
                'facility' => ['reference', 'facility'],
            ],
        ],
        'CoverageEligibilityRequest' => [
            'required' => ['status', 'purpose', 'patient', 'created', 'insurer'],
            'status' => self::FINANCIAL,
            'patient' => 'patient',
            'search' => [
                'identifier' => ['token', 'identifier'],
                'patient' => ['reference', 'patient'],
                'status' => ['code', 'status'],
                'created' => ['date', 'created'],
                'provider' => ['reference', 'provider'],
                'facility' => ['reference', 'facility'],
            ],
        ],
        'CoverageEligibilityResponse' => [
            'required' => ['status', 'purpose', 'patient', 'created', 'request', 'outcome', 'insurer'],
            'status' => self::FINANCIAL,
            'patient' => 'patient',
            'search' => [
                'identifier' => ['token', 'identifier'],
                'patient' => ['reference', 'patient'],
                'request' => ['reference', 'request'],
                'status' => ['code', 'status'],
                'outcome' => ['code', 'outcome'],
                'created' => ['date', 'created'],
                'insurer' => ['reference', 'insurer'],
            ],
        ],
        'Task' => [
            'required' => ['status', 'intent'],
            'status' => [
                'draft', 'requested', 'received', 'accepted', 'rejected', 'ready', 'cancelled', 'in-progress',
                'on-hold', 'failed', 'completed', 'entered-in-error',
            ],
            'patient' => 'for',
            'search' => [
                'identifier' => ['token', 'identifier'],
                'patient' => ['reference', 'for'],
                'subject' => ['reference', 'for'],
                'encounter' => ['reference', 'encounter'],
                'focus' => ['reference', 'focus'],
                'status' => ['code', 'status'],
                'intent' => ['code', 'intent'],
                'priority' => ['code', 'priority'],
                'code' => ['token', 'code'],
                'performer' => ['token', 'performerType'],
                'owner' => ['reference', 'owner'],
                'requester' => ['reference', 'requester'],
                'authored-on' => ['date', 'authoredOn'],
                'modified' => ['date', 'lastModified'],
            ],
        ],
        'Provenance' => [
            'required' => ['target', 'recorded', 'agent'],
            'status' => [],
            'patient' => '',
            'search' => [
                'patient' => ['reference', ''],
                'target' => ['reference', 'target'],
                'agent' => ['reference', 'agent.who'],
                'entity' => ['reference', 'entity.what'],
                'recorded' => ['date', 'recorded'],
            ],
        ],
    ];

    /** Profiles that are written to it; a client that looks for one here finds that the screens read it. */
    private const PROFILES = [
        'Claim' => ['massage-claim'],
        'CoverageEligibilityRequest' => ['massage-eligibility-request'],
        'CoverageEligibilityResponse' => ['massage-eligibility-response'],
        'Task' => ['hold-task', 'before-visit-task', 'visit-outlook'],
        'Provenance' => ['claim-provenance'],
    ];

    /** What every kept type is searched by. */
    private const EVERY = [
        '_id' => ['token', 'id'],
        '_lastUpdated' => ['date', 'meta.lastUpdated'],
        '_tag' => ['token', 'meta.tag'],
    ];

    /** The element whose encounter is kept beside a resource, where it names none itself: what a Task is about. */
    private const ENCOUNTER = ['Claim' => ['item.encounter'], 'Task' => ['encounter', 'focus']];

    /** @return list<string> */
    public static function all(): array
    {
        return array_keys(self::TABLE);
    }

    public static function knows(string $type): bool
    {
        return isset(self::TABLE[$type]);
    }

    /** @return list<string> elements that have to be there */
    public static function required(string $type): array
    {
        return self::TABLE[$type]['required'];
    }

    /** @return list<string> what status may be; none: the type has no status */
    public static function statuses(string $type): array
    {
        return self::TABLE[$type]['status'];
    }

    /** @return list<string> canonical URLs of the profiles that are known of it */
    public static function profiles(string $type): array
    {
        return array_map(
            static fn(string $name): string => "https://massage-billing.org/fhir/StructureDefinition/$name",
            self::PROFILES[$type]
        );
    }

    /** The element that names the patient; "": none does. */
    public static function patient(string $type): string
    {
        return self::TABLE[$type]['patient'];
    }

    /** @return list<string> elements that may name the encounter, the better first */
    public static function encounter(string $type): array
    {
        return self::ENCOUNTER[$type] ?? [];
    }

    /** @return array<string, array{string, string}> search parameter => kind and element */
    public static function search(string $type): array
    {
        return self::EVERY + self::TABLE[$type]['search'];
    }

    /** @return array<string, string> search parameter => FHIR type */
    public static function parameters(string $type): array
    {
        return array_map(
            static fn(array $one): string => $one[0] === 'code' ? 'token' : $one[0],
            self::search($type)
        );
    }
}
