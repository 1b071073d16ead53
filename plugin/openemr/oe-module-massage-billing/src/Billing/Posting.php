<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Fhir\Refused;

/**
 * Posts an active Claim: read what stands, refuse what was sent, stop before what a person did, write the rest.
 * Runs inside the transaction of the Claim's write.
 */
final class Posting
{
    public function __construct(
        private readonly Database $database,
        private readonly Ledger $ledger,
        private readonly FeeSheet $fees,
        private readonly MiscForm $forms,
        private readonly PayerAnswer $answers
    ) {
    }

    /** @param bool $anew a person asks to write again what a person deleted */
    public function post(BillableClaim $claim, bool $anew = false): Outcome
    {
        $placed = (new Placing(new Records($this->database)))->place($claim);
        $state = $this->ledger->posting($claim->id)['state'] ?? '';
        $job = $this->job($placed, $state !== Ledger::SUPERSEDED, $anew);
        if ($state === Ledger::SUPERSEDED || $this->isSent($job)) {
            return $this->unchanged($job, $state);
        }
        $first = $placed->visits[0];
        $conflicts = (new Conflicts())->of($job);
        if ($conflicts !== []) {
            $detail = implode(' ', array_map(static fn(Conflict $one): string => $one->text, $conflicts));
            $this->ledger->tell($claim->id, $placed->pid, $first->encounter, Ledger::CONFLICT, $detail);
            return new Outcome(Ledger::CONFLICT, $conflicts, $first->id, $placed->pid);
        }
        $written = (new Rewriting($this->ledger, $this->fees, $this->forms))->apply($job);
        $this->requireTotal($claim);
        $this->ledger->tell($claim->id, $placed->pid, $first->encounter, Ledger::POSTED, $placed->advice);
        return new Outcome(Ledger::POSTED, [], $first->id, $placed->pid, array_values(array_unique($written)));
    }

    private function job(Placed $placed, bool $replaces, bool $anew): Job
    {
        $claim = $placed->claim;
        $numbers = array_map(static fn(PlacedVisit $visit): int => $visit->encounter, $placed->visits);
        $own = $this->ledger->rows($claim->id);
        $others = $this->ledger->others($claim->id, $placed->pid, $numbers);
        $replaced = $replaces
            ? (new Revisions($this->ledger, $this->answers))->replacedBy($claim, $placed->pid, $others) : [];
        $gone = array_merge([], ...array_map(fn(string $id): array => $this->ledger->rows($id), $replaced));
        $foreign = [];
        foreach (array_merge([], ...array_values(array_diff_key($others, array_flip($replaced)))) as $row) {
            if ($row->kind !== 'misc') {
                $foreign[$row->id] = $row->claim;
            }
        }
        $theirs = array_map(static fn(LedgerRow $row): int => $row->encounter, [...$own, ...$gone]);
        $sheet = $this->fees->rows($placed->pid, array_values(array_unique([...$numbers, ...$theirs])));
        $forms = [];
        foreach ($placed->visits as $visit) {
            $forms[$visit->encounter] = $this->forms->plan($visit, self::form([...$own, ...$gone], $visit), $anew);
        }
        return new Job($placed, $own, $gone, $replaced, $foreign, $sheet, $forms, $anew);
    }

    /**
     * The form the module wrote for an encounter, for this Claim or the one before it.
     *
     * @param list<LedgerRow> $rows
     */
    private static function form(array $rows, PlacedVisit $visit): ?LedgerRow
    {
        foreach ($rows as $row) {
            if ($row->kind === 'misc' && $row->encounter === $visit->encounter) {
                return $row;
            }
        }
        return null;
    }

    /** Whether a row of the Claim went to the payer, is on its way there, or was answered. */
    private function isSent(Job $job): bool
    {
        return (new Sent($this->answers))->isAny($job->placed->claim->id, $job->placed->pid, $job->own, $job->sheet);
    }

    /** What was sent stays as it is: the same again is fine, anything else is refused. */
    private function unchanged(Job $job, string $state): Outcome
    {
        $claim = $job->placed->claim;
        $rows = $state === Ledger::SUPERSEDED ? $this->ledger->parked($claim->id) : $job->own;
        $digests = [];
        foreach ($rows as $row) {
            if ($row->kind === 'cpt') {
                $digests[] = "$row->encounter $row->digest";
            }
        }
        $wanted = [];
        foreach ($job->visits() as $number => $visit) {
            foreach ($visit->lines as $line) {
                $wanted[] = "$number {$line->digest()}";
            }
        }
        $isSame = self::sorted($wanted) === self::sorted($digests)
            && ($state === Ledger::SUPERSEDED || $this->formsAreIdle($job));
        if (!$isSame) {
            $why = $state === Ledger::SUPERSEDED ? 'another revision stands in its place' : 'its rows are billed';
            throw new Refused(409, 'conflict', "Claim/$claim->id cannot be changed: $why.");
        }
        return new Outcome($state ?: Ledger::POSTED, [], $job->placed->visits[0]->id, $job->placed->pid);
    }

    private function formsAreIdle(Job $job): bool
    {
        foreach ($job->forms as $plan) {
            if (!$plan->isIdle()) {
                return false;
            }
        }
        return true;
    }

    /**
     * @param list<string> $texts
     * @return list<string>
     */
    private static function sorted(array $texts): array
    {
        sort($texts);
        return $texts;
    }

    /** The last line of defence: what is on the fee sheet costs what the Claim says, or nothing is kept. */
    private function requireTotal(BillableClaim $claim): void
    {
        $ids = [];
        foreach ($this->ledger->rows($claim->id) as $row) {
            if ($row->kind === 'cpt') {
                $ids[] = $row->id;
            }
        }
        if (count($ids) !== count($claim->lines) || $this->fees->total($ids) !== $claim->cents) {
            throw new \LogicException("Claim/$claim->id: the rows do not add up to the claim.");
        }
    }
}
