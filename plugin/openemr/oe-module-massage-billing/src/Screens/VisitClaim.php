<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

/** A visit's Claim, and what became of it on the fee sheet. */
final class VisitClaim
{
    /**
     * @param string $status FHIR's Claim.status: active, draft, cancelled, entered-in-error
     * @param string $state massage_billing_posting.state: posted, draft, conflict, voided, superseded; "" for none
     * @param string $detail why it is in conflict, or what the biller is advised to do
     * @param bool $billed whether OpenEMR billed rows that the module wrote
     * @param list<string> $reasons all that a person has to settle, where it is in conflict
     */
    public function __construct(
        public readonly string $id,
        public readonly string $status,
        public readonly string $state,
        public readonly string $detail,
        public readonly bool $billed,
        public readonly string $updated,
        public readonly array $reasons = []
    ) {
    }

    public function conflict(): bool
    {
        return $this->state === 'conflict';
    }

    /** Where it stands, English, for xl(). */
    public function word(): string
    {
        return match (true) {
            $this->conflict() => 'In conflict with the fee sheet',
            $this->billed => 'Billed',
            $this->state === 'superseded' => 'Replaced by a later claim',
            $this->status === 'cancelled' || $this->state === 'voided' => 'Cancelled',
            $this->status === 'entered-in-error' => 'Entered in error',
            $this->status === 'draft' => 'Draft, waits for approval',
            $this->state === 'posted' => 'On the fee sheet',
            default => 'Written',
        };
    }
}
