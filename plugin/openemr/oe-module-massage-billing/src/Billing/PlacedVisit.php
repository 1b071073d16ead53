<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** One encounter of a Claim in OpenEMR, and what its fee sheet and its form have to say. */
final class PlacedVisit
{
    /**
     * @param string $id logical id of the Encounter
     * @param list<FeeRow> $lines in the Claim's order
     * @param list<FeeRow> $diagnoses
     */
    public function __construct(
        public readonly string $id,
        public readonly int $encounter,
        public readonly int $pid,
        public readonly string $pricelevel,
        public readonly array $lines,
        public readonly array $diagnoses,
        public readonly MiscOptions $options
    ) {
    }
}
