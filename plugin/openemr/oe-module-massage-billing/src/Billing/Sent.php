<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/**
 * Whether rows left the module's hands. Core's states of a row (BillingUtilities::updateClaim): billed 1 when it was
 * billed or marked as cleared; bill_process 1 in progress, 2 in a file, 5 queued for the next payer with billed 0
 * again, 7 denied. Reopened in Billing Manager both are 0; reopened on the fee sheet billed is 0 and bill_process stays
 * 2 (reOpenEncounterForBilling). Then the row can be mended.
 */
final class Sent
{
    /** The same in SQL, of a row of billing named b. */
    public const SQL = '(b.billed <> 0 OR b.bill_process NOT IN (0, 2))';

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
            if ($stands !== null && self::isRow($stands)) {
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

    /** @param array<string, mixed> $row of billing */
    private static function isRow(array $row): bool
    {
        return (int) $row['billed'] !== 0 || !in_array((int) $row['bill_process'], [0, 2], true);
    }
}
