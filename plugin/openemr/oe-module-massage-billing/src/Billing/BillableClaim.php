<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** A Claim that was read and checked in itself; whether its references are real is for Placing to find out. */
final class BillableClaim
{
    /**
     * @param string $patient logical id of the Patient
     * @param string $coverage logical id of the focal Coverage
     * @param list<string> $diagnoses ICD-10-CM codes in the Claim's order
     * @param non-empty-list<ClaimLine> $lines
     * @param int $cents the Claim's total
     * @param string|null $prior logical id of the Claim that is replaced or voided
     * @param string|null $visitKey the identifier that all revisions of one visit's claim share
     */
    public function __construct(
        public readonly string $id,
        public readonly string $patient,
        public readonly string $coverage,
        public readonly array $diagnoses,
        public readonly array $lines,
        public readonly int $cents,
        public readonly MiscOptions $options,
        public readonly ?string $prior,
        public readonly ?string $visitKey
    ) {
    }

    /** Whether it replaces or voids a claim that the payer has already answered. */
    public function corrects(): bool
    {
        return $this->options->frequency !== '1';
    }

    /** @return list<string> Encounter ids that get rows, in the order of the lines */
    public function encounters(): array
    {
        $named = array_map(static fn(ClaimLine $line): string => $line->encounter, $this->lines);
        return array_values(array_unique($named));
    }
}
