<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** Everything that posting one Claim is decided from, read and locked once. */
final class Job
{
    /**
     * @param list<LedgerRow> $own rows the module wrote for this Claim
     * @param list<LedgerRow> $gone rows of Claims whose place it takes
     * @param list<string> $replaced ids of those Claims
     * @param array<int, string> $foreign billing id => the other Claim it belongs to, whose place it does not take
     * @param array<int, array<string, mixed>> $sheet rows of billing by id, see FeeSheet::rows
     * @param array<int, MiscPlan> $forms by encounter number
     * @param bool $anew a person asks to write again what a person deleted
     */
    public function __construct(
        public readonly Placed $placed,
        public readonly array $own,
        public readonly array $gone,
        public readonly array $replaced,
        public readonly array $foreign,
        public readonly array $sheet,
        public readonly array $forms,
        public readonly bool $anew
    ) {
    }

    /**
     * Rows of a kind in one encounter that are on the fee sheet, in its order.
     *
     * @param list<LedgerRow> $rows
     * @return list<LedgerRow>
     */
    public function standing(array $rows, string $kind, int $encounter): array
    {
        $places = array_flip(array_keys($this->sheet));
        $found = array_values(array_filter($rows, fn(LedgerRow $row): bool =>
            $row->kind === $kind && $row->encounter === $encounter && $this->isActive($row->id)));
        usort($found, static fn(LedgerRow $a, LedgerRow $b): int => $places[$a->id] <=> $places[$b->id]);
        return $found;
    }

    /** Whether a row of billing is on the fee sheet. */
    public function isActive(int $id): bool
    {
        return (int) ($this->sheet[$id]['activity'] ?? 0) === 1;
    }

    /** @return array<int, PlacedVisit> by encounter number */
    public function visits(): array
    {
        $visits = [];
        foreach ($this->placed->visits as $visit) {
            $visits[$visit->encounter] = $visit;
        }
        return $visits;
    }
}
