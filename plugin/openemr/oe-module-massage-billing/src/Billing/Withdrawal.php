<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Fhir\Refused;

/**
 * Takes the rows of a Claim off that is a draft, cancelled or entered in error. What a person changed stays, and is
 * told. A claim whose place it had taken comes back.
 */
final class Withdrawal
{
    public function __construct(
        private readonly Database $database,
        private readonly Ledger $ledger,
        private readonly FeeSheet $fees,
        private readonly MiscForm $forms,
        private readonly PayerAnswer $answers
    ) {
    }

    /**
     * @param string $state what it is afterwards: Ledger::VOIDED or Ledger::DRAFT
     * @param array<string, mixed> $json the Claim
     */
    public function withdraw(string $claim, array $json, string $state): Outcome
    {
        $item = Json::children($json, 'item')[0] ?? [];
        $encounter = Json::id(Json::children($item, 'encounter')[0] ?? [], 'Encounter');
        $before = $this->ledger->posting($claim);
        if ($before === null) {
            return $this->first($claim, $encounter, $state);
        }
        if ($before['state'] === Ledger::SUPERSEDED) {
            return new Outcome(Ledger::SUPERSEDED, [], $encounter, $before['pid']);
        }
        $own = $this->ledger->rows($claim);
        $sheet = $this->sheet($before['pid'], $own);
        if ((new Sent($this->answers))->isAny($claim, $before['pid'], $own, $sheet)) {
            throw new Refused(409, 'conflict', "Claim/$claim cannot be taken back: its rows are billed.");
        }
        [$conflicts, $written] = $this->take($before['pid'], $own, $sheet);
        if ($conflicts === []) {
            foreach ($this->ledger->supersededBy($claim) as $other) {
                array_push($written, ...$this->restore($other));
            }
        }
        $texts = array_map(static fn(Conflict $one): string => $one->text, $conflicts);
        $now = $conflicts === [] ? $state : Ledger::CONFLICT;
        $this->ledger->tell($claim, $before['pid'], $before['encounter'], $now, implode(' ', $texts));
        return new Outcome($now, $conflicts, $encounter, $before['pid'], $written);
    }

    /** A Claim that was never posted: only what it is is written down, as far as its encounter is known. */
    private function first(string $claim, ?string $encounter, string $state): Outcome
    {
        $hex = str_replace('-', '', (string) $encounter);
        $row = preg_match('/^[0-9a-f]{32}$/', $hex) ? $this->database->row(
            'SELECT pid, encounter FROM form_encounter WHERE uuid = ?',
            [hex2bin($hex)]
        ) : null;
        if ($row !== null) {
            $this->ledger->tell($claim, (int) $row['pid'], (int) $row['encounter'], $state);
        }
        return new Outcome($state, [], $encounter, (int) ($row['pid'] ?? 0));
    }

    /**
     * @param list<LedgerRow> $rows
     * @return array<int, array<string, mixed>>
     */
    private function sheet(int $pid, array $rows): array
    {
        $encounters = array_values(array_unique(array_map(static fn(LedgerRow $row): int => $row->encounter, $rows)));
        sort($encounters);
        foreach ($encounters as $encounter) {
            $this->database->row(
                'SELECT id FROM form_encounter WHERE pid = ? AND encounter = ? FOR UPDATE',
                [$pid, $encounter]
            );
        }
        return $this->fees->rows($pid, $encounters);
    }

    /**
     * @param list<LedgerRow> $own
     * @param array<int, array<string, mixed>> $sheet
     * @return array{list<Conflict>, list<int>}
     */
    private function take(int $pid, array $own, array $sheet): array
    {
        $conflicts = [];
        $off = [];
        foreach ($own as $row) {
            $stands = $sheet[$row->id] ?? null;
            if ($row->kind === 'misc') {
                $this->forms->withdraw($pid, $row);
                $this->ledger->release($row);
            } elseif ((int) ($stands['activity'] ?? 0) !== 1) {
                $this->ledger->release($row);
            } elseif ($row->kind === 'cpt' && !FeeRow::stands('cpt', $stands, $row->digest)) {
                $conflicts[] = Conflict::left($stands);
            } else {
                $off[] = $row;
            }
        }
        $written = [];
        foreach ($off as $row) {
            $this->ledger->release($row);
            $isOurs = FeeRow::stands($row->kind, $sheet[$row->id], $row->digest);
            if ($row->kind === 'cpt' || ($isOurs && !Justified::byOthers($sheet, $row, $off))) {
                $this->fees->activate($row->id, false);
                $written[] = $row->id;
            }
        }
        return [$conflicts, $written];
    }

    /**
     * Put a Claim back whose place was taken by one that is withdrawn: its rows as they were, billed ones too.
     *
     * @return list<int>
     */
    private function restore(string $claim): array
    {
        $posting = $this->ledger->posting($claim);
        $pid = $posting['pid'] ?? 0;
        $parked = $this->ledger->parked($claim);
        $sheet = $this->sheet($pid, $parked);
        $written = [];
        foreach ($parked as $row) {
            $stands = $sheet[$row->id] ?? null;
            if ($row->kind === 'misc' || $stands === null || !FeeRow::stands($row->kind, $stands, $row->digest)) {
                $this->ledger->release($row);
                continue;
            }
            $this->ledger->keep($claim, $row->kind, $row->id, $pid, $row->encounter, $row->digest);
            if ((int) $stands['activity'] !== 1) {
                $this->fees->activate($row->id, true);
                $written[] = $row->id;
            }
        }
        $encounter = $posting['encounter'] ?? 0;
        $this->restoreForm($claim, $pid, $encounter);
        $this->ledger->tell($claim, $pid, $encounter, Ledger::POSTED);
        return $written;
    }

    private function restoreForm(string $claim, int $pid, int $encounter): void
    {
        $read = (new ClaimReader())->read($claim, $this->ledger->stored($claim) ?? []);
        $visit = new PlacedVisit($read->encounters()[0], $encounter, $pid, '', [], [], $read->options);
        $plan = $this->forms->plan($visit, null, true);
        if ($plan->action === MiscPlan::CREATE && ($form = $this->forms->apply($visit, $plan)) !== null) {
            $this->ledger->keep($claim, 'misc', $form[0], $pid, $encounter, $form[1]);
        }
    }
}
