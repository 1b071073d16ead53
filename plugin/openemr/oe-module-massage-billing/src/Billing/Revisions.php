<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

use OpenEMR\Modules\MassageBilling\Fhir\Refused;

/**
 * Which Claims a Claim takes the place of: the one it names as prior (frequency 7 and 8), and earlier revisions of the
 * same visit's claim (DESIGN 17). Two that would both be sent are refused.
 */
final class Revisions
{
    public function __construct(private readonly Ledger $ledger, private readonly PayerAnswer $answers)
    {
    }

    /**
     * @param array<string, list<LedgerRow>> $others active rows of other Claims in the same encounters, by Claim
     * @return list<string> the Claims it takes the place of
     */
    public function replacedBy(BillableClaim $claim, int $pid, array $others): array
    {
        if ($claim->prior !== null && !$this->ledger->knows($claim->prior)) {
            throw ClaimReader::refuse('Claim.related', "Claim/$claim->prior never became billing rows here");
        }
        $key = Json::identifier($this->ledger->stored($claim->id), Names::SID_CLAIM_KEY);
        $replaced = [];
        foreach ($others as $id => $rows) {
            $other = $this->ledger->stored($id);
            $isRevision = $claim->visitKey !== null
                && Json::identifier($other, Names::SID_VISIT_KEY) === $claim->visitKey;
            if ($id !== $claim->prior && !$isRevision) {
                continue;
            }
            if ($key !== null && Json::identifier($other, Names::SID_CLAIM_KEY) === $key) {
                throw new Refused(409, 'duplicate', "Claim/$id is the same claim, and its rows are there.");
            }
            if (!$this->ledger->isOlder($id, $claim->id)) {
                throw new Refused(409, 'conflict', "Claim/$id is a later revision, and its rows are there.");
            }
            $this->requireUnanswered($claim, $id, $pid, $rows);
            $replaced[] = $id;
        }
        return $replaced;
    }

    /** @param list<LedgerRow> $rows */
    private function requireUnanswered(BillableClaim $claim, string $id, int $pid, array $rows): void
    {
        $encounters = array_unique(array_map(static fn(LedgerRow $row): int => $row->encounter, $rows));
        foreach ($claim->corrects() ? [] : $encounters as $encounter) {
            if ($this->answers->isThereFor($id, $pid, $encounter)) {
                $why = "The payer has answered Claim/$id: a claim in its place needs frequency 7 or 8.";
                throw new Refused(409, 'conflict', $why);
            }
        }
    }
}
