<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

/** URIs of what a log says in FHIR; the same strings as plugin/massage_billing/fhir/names.py. */
final class Names
{
    private const BASE = 'https://massage-billing.org/fhir';

    /** On Procedure: valueDuration, UCUM min: hands-on minutes. */
    public const MINUTES = self::BASE . '/StructureDefinition/treatment-minutes';
    /** On Procedure and ChargeItem, repeated: a modifier as its author recorded it. */
    public const MODIFIER = self::BASE . '/StructureDefinition/modifier';
    public const PROFILE = self::BASE . '/StructureDefinition/massage-procedure';
    /** Codes of a code type of the clinic's own, by its key. */
    public const LOCAL = self::BASE . '/sid/openemr-code-type/';

    public const CPT = 'http://www.ama-assn.org/go/cpt';
    public const NUCC = 'http://nucc.org/provider-taxonomy';
    public const TAXONOMY_SHAPE = '^[0-9A-Z]{9}X$';
    public const HCPCS = 'http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets';
    public const ICD10CM = 'http://hl7.org/fhir/sid/icd-10-cm';
    public const SNOMED = 'http://snomed.info/sct';
    public const UCUM = 'http://unitsofmeasure.org';

    /**
     * Shapes of the numbers: CPT categories I and III, and HCPCS level II, whatever type the clinic keeps them under.
     */
    public const CPT_SHAPE = '^[0-9]{4}[0-9A-Z]$';
    public const HCPCS_SHAPE = '^[A-Z][0-9]{4}$';

    /** Code types of core's that hold both. */
    public const STANDARD = ['', 'CPT4', 'HCPCS'];

    /** System of a code of one of core's code types; null where the text is no code. */
    public static function system(string $type, string $code): ?string
    {
        if (!in_array($type, self::STANDARD, true)) {
            return self::LOCAL . rawurlencode($type);
        }
        return match (1) {
            preg_match('/' . self::CPT_SHAPE . '/D', $code) => self::CPT,
            preg_match('/' . self::HCPCS_SHAPE . '/D', $code) => self::HCPCS,
            default => null,
        };
    }

    /**
     * A code as a CodeableConcept: the number where it is one, else the words.
     *
     * @return array<string, mixed>|null null where nothing is written
     */
    public static function concept(string $type, string $code): ?array
    {
        if ($code === '') {
            return null;
        }
        $system = self::system($type, $code);
        return $system === null ? ['text' => $code] : ['coding' => [['system' => $system, 'code' => $code]]];
    }

    /**
     * Modifiers as extensions.
     *
     * @param list<string> $modifiers
     * @return list<array<string, mixed>>
     */
    public static function modifiers(array $modifiers): array
    {
        return array_map(
            static fn (string $modifier): array => ['url' => self::MODIFIER, 'valueCode' => $modifier],
            $modifiers
        );
    }
}
