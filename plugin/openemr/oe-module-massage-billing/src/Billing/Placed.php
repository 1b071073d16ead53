<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** A Claim with everything it names found in OpenEMR. */
final class Placed
{
    /**
     * @param non-empty-list<PlacedVisit> $visits
     * @param list<Conflict> $conflicts what the visit's own record would make of the 837P, against the Claim
     * @param string $advice what to mind in Billing Manager; "" nothing
     */
    public function __construct(
        public readonly BillableClaim $claim,
        public readonly int $pid,
        public readonly array $visits,
        public readonly array $conflicts,
        public readonly string $advice
    ) {
    }
}
