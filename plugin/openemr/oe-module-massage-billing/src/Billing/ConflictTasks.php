<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** Tells people what keeps a Claim off the fee sheet: one Task a Claim. */
interface ConflictTasks
{
    /**
     * There is something to settle; the same again writes nothing.
     *
     * @param string $claim logical id of the Claim
     * @param string|null $patient logical id of the Patient
     * @param string|null $encounter logical id of the Encounter
     * @param non-empty-list<Conflict> $conflicts
     */
    public function open(string $claim, ?string $patient, ?string $encounter, array $conflicts): void;

    /** There is nothing to settle any more. */
    public function settle(string $claim): void;
}
