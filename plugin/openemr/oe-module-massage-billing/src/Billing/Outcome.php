<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** What became of a Claim on the fee sheet. */
final class Outcome
{
    /**
     * @param string $state a state of Ledger
     * @param list<Conflict> $conflicts what a person has to settle first
     * @param string|null $encounter logical id of the Encounter it is about
     * @param int $pid the patient's number; 0 where it is not known
     * @param list<int> $rows billing ids that were written or taken off
     */
    public function __construct(
        public readonly string $state,
        public readonly array $conflicts = [],
        public readonly ?string $encounter = null,
        public readonly int $pid = 0,
        public readonly array $rows = []
    ) {
    }
}
