<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/**
 * Whether rows left the module's hands. Core's states of a row (BillingUtilities::updateClaim): billed 1 when it was
 * billed or marked as cleared; bill_process 1 in progress, 2 in a file, 5 queued for the next payer with billed 0 again,
 * 7 denied. Reopened in Billing Manager both are 0, and the row can be mended.
 */
final class Sent
{
    public function __construct(private readonly PayerAnswer $answers)
    {
    }

    /**
     * @param list<LedgerRow> $rows of one Claim
     * @param array<int, array<string, mixed>> $sheet rows of billing by id
     */
    public function isAny(string $claim, int $pid, array $rows, array $sheet): bool
    {
        $encounters = [];
        foreach ($rows as $row) {
            if ($row->kind !== 'cpt') {
                continue;
            }
            $encounters[$row->encounter] = true;
            $stands = $sheet[$row->id] ?? null;
            if ($stands !== null && ((int) $stands['billed'] !== 0 || (int) $stands['bill_process'] !== 0)) {
                return true;
            }
        }
        foreach (array_keys($encounters) as $encounter) {
            if ($this->answers->isThereFor($claim, $pid, $encounter)) {
                return true;
            }
        }
        return false;
    }
}
