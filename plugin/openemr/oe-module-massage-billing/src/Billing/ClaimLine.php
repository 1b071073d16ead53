<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** One line of a Claim, as far as OpenEMR's fee sheet can carry it. */
final class ClaimLine
{
    /**
     * @param string $where the FHIR element, "Claim.item[0]", for messages
     * @param string $encounter logical id of the Encounter whose fee sheet the line goes to
     * @param string $codeType OpenEMR's code type, CPT4 or HCPCS
     * @param list<string> $modifiers
     * @param int $cents the line's total
     * @param list<string> $diagnoses ICD-10-CM codes in the order of the line's pointers
     * @param string $day date of service
     * @param string|null $place CMS place of service, where the line names one
     */
    public function __construct(
        public readonly string $where,
        public readonly string $encounter,
        public readonly Provider $provider,
        public readonly string $codeType,
        public readonly string $code,
        public readonly array $modifiers,
        public readonly int $units,
        public readonly int $cents,
        public readonly array $diagnoses,
        public readonly string $day,
        public readonly ?string $place
    ) {
    }
}
