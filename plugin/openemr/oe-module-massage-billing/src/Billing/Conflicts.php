<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** What in a visit a person did that a Claim's rows must not be written over, or beside. */
final class Conflicts
{
    /** @return list<Conflict> */
    public function of(Job $job): array
    {
        $forms = array_map(static fn(MiscPlan $plan): ?Conflict => $plan->conflict, array_values($job->forms));
        return [
            ...$job->placed->conflicts,
            ...$this->touched($job, $job->own, !$job->anew),
            ...$this->touched($job, $job->gone, false),
            ...$this->typed($job),
            ...array_values(array_filter($forms)),
        ];
    }

    /**
     * Rows of ours that a person changed or, where that counts, deleted.
     *
     * @param list<LedgerRow> $rows
     * @return list<Conflict>
     */
    private function touched(Job $job, array $rows, bool $deleted): array
    {
        $found = [];
        foreach ($rows as $row) {
            if ($row->kind === 'misc') {
                continue;
            }
            if (!$job->isActive($row->id)) {
                if ($deleted) {
                    $found[] = Conflict::deleted($row->id);
                }
            } elseif (!FeeRow::stands($row->kind, $job->sheet[$row->id], $row->digest)) {
                $found[] = Conflict::changed($job->sheet[$row->id]);
            }
        }
        return $found;
    }

    /**
     * Charges in the Claim's encounters that are not the module's.
     *
     * @return list<Conflict>
     */
    private function typed(Job $job): array
    {
        $ours = [];
        foreach ([...$job->own, ...$job->gone] as $row) {
            if ($row->kind !== 'misc') {
                $ours[$row->id] = true;
            }
        }
        $visits = $job->visits();
        $found = [];
        foreach ($job->sheet as $id => $row) {
            $isHere = isset($visits[(int) $row['encounter']]);
            if ($isHere && $row['charge'] && $job->isActive($id) && !isset($ours[$id])) {
                $claim = $job->foreign[$id] ?? null;
                $found[] = $claim === null ? Conflict::typed($row) : Conflict::ofClaim($row, $claim);
            }
        }
        return $found;
    }
}
