<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** Makes the fee sheet and the form say what a Claim says, with as few changes as that needs. */
final class Rewriting
{
    public function __construct(
        private readonly Ledger $ledger,
        private readonly FeeSheet $fees,
        private readonly MiscForm $forms
    ) {
    }

    /** @return list<int> ids of the rows of billing that were written or taken off */
    public function apply(Job $job): array
    {
        $written = $this->clear($job);
        foreach ($job->visits() as $visit) {
            array_push($written, ...$this->lines($job, $visit), ...$this->diagnoses($job, $visit));
            $this->form($job, $visit);
        }
        $encounter = $job->placed->visits[0]->encounter;
        foreach ($job->replaced as $claim) {
            $by = "Claim/{$job->placed->claim->id}";
            $this->ledger->tell($claim, $job->placed->pid, $encounter, Ledger::SUPERSEDED, $by);
        }
        return $written;
    }

    /**
     * Take off what stands for nothing any more: lines of Claims that are replaced, rows in encounters that the Claim
     * no longer names, and what a person deleted and asks to have written anew.
     *
     * @return list<int>
     */
    private function clear(Job $job): array
    {
        $visits = $job->visits();
        $written = [];
        foreach ([...$job->gone, ...$job->own] as $row) {
            $isOwn = $row->claim === $job->placed->claim->id;
            $isHere = isset($visits[$row->encounter]);
            if ($row->kind === 'misc') {
                if (!$isHere) {
                    $this->forms->withdraw($job->placed->pid, $row);
                    $this->leave($job, $row);
                }
            } elseif (!$job->isActive($row->id)) {
                $this->ledger->release($row);
            } elseif (($row->kind === 'cpt' && !$isOwn) || !$isHere) {
                $this->leave($job, $row);
                if ($row->kind === 'cpt' || !Justified::byOthers($job->sheet, $row, $job->own, $job->gone)) {
                    $this->fees->activate($row->id, false);
                    $written[] = $row->id;
                }
            }
        }
        return $written;
    }

    /** @return list<int> */
    private function lines(Job $job, PlacedVisit $visit): array
    {
        $rows = $job->standing($job->own, 'cpt', $visit->encounter);
        $digests = static fn(LedgerRow $row): string => $row->digest;
        $lines = array_map(static fn(FeeRow $line): string => $line->digest(), $visit->lines);
        $chosen = Alignment::of(array_map($digests, $rows), $lines);
        $written = [];
        foreach ($rows as $n => $row) {
            if (!in_array($n, $chosen, true)) {
                $this->fees->activate($row->id, false);
                $this->ledger->release($row);
                $written[] = $row->id;
            }
        }
        foreach ($visit->lines as $n => $line) {
            $row = isset($chosen[$n]) ? $rows[$chosen[$n]] : null;
            if ($row === null) {
                $written[] = $id = $this->fees->add($visit, $line);
            } elseif ($row->digest === $line->digest()) {
                continue;
            } else {
                $written[] = $id = $row->id;
                $this->fees->change($id, $line->differences($job->sheet[$id]));
            }
            $this->ledger->keep($job->placed->claim->id, 'cpt', $id, $visit->pid, $visit->encounter, $line->digest());
        }
        return $written;
    }

    /** @return list<int> */
    private function diagnoses(Job $job, PlacedVisit $visit): array
    {
        $claim = $job->placed->claim->id;
        $ours = [];
        foreach ($job->standing([...$job->own, ...$job->gone], 'dx', $visit->encounter) as $row) {
            $ours[(string) $job->sheet[$row->id]['code']][] = $row;
        }
        $there = [];
        foreach ($job->sheet as $id => $row) {
            if ($row['code_type'] === 'ICD10' && (int) $row['encounter'] === $visit->encounter && $job->isActive($id)) {
                $there[(string) $row['code']] = true;
            }
        }
        $written = [];
        foreach ($visit->diagnoses as $row) {
            $mine = $ours[$row->code()] ?? [];
            unset($ours[$row->code()]);
            foreach ($mine as $one) {
                if ($one->claim !== $claim) {
                    $this->leave($job, $one);
                    $this->ledger->keep($claim, 'dx', $one->id, $visit->pid, $visit->encounter, $one->digest);
                }
            }
            if (!isset($there[$row->code()])) {
                $written[] = $id = $this->fees->add($visit, $row);
                $this->ledger->keep($claim, 'dx', $id, $visit->pid, $visit->encounter, $row->digest());
            }
        }
        foreach (array_merge([], ...array_values($ours)) as $row) {
            $this->leave($job, $row);
            if (!Justified::byOthers($job->sheet, $row, $job->own, $job->gone)) {
                $this->fees->activate($row->id, false);
                $written[] = $row->id;
            }
        }
        return $written;
    }

    private function form(Job $job, PlacedVisit $visit): void
    {
        $plan = $job->forms[$visit->encounter];
        $form = $this->forms->apply($visit, $plan);
        $claim = $job->placed->claim->id;
        if ($plan->own !== null && ($form === null || $form[0] !== $plan->own->id || $plan->own->claim !== $claim)) {
            $this->leave($job, $plan->own);
        }
        if ($form !== null && ($plan->action !== MiscPlan::KEEP || $plan->own?->claim !== $claim)) {
            $this->ledger->keep($claim, 'misc', $form[0], $visit->pid, $visit->encounter, $form[1]);
        }
    }

    /** A row of this Claim is given up; one of a Claim whose place it takes can come back with that. */
    private function leave(Job $job, LedgerRow $row): void
    {
        if ($row->claim === $job->placed->claim->id) {
            $this->ledger->release($row);
        } else {
            $this->ledger->park($row);
        }
    }
}
