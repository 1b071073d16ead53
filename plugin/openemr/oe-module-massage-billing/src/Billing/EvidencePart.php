<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** What is known of the sending of a Claim in one of its encounters. Times are core's, local; "" means none. */
final class EvidencePart
{
    /**
     * @param bool $sent its rows are marked as billed, or on their way
     * @param bool $was core's claims tell of a version that was billed
     * @param bool $answered a payer's answer was posted
     * @param bool $denied the answer is a denial, and nothing was paid
     * @param string|null $number the payer's number of the claim
     * @param string $billed when it was billed first
     * @param string $changed when the last of all this was written
     * @param string $touched when the encounter was last changed
     */
    public function __construct(
        public readonly bool $sent,
        public readonly bool $was,
        public readonly bool $answered,
        public readonly bool $denied,
        public readonly ?string $number,
        public readonly string $billed,
        public readonly string $changed,
        public readonly string $touched
    ) {
    }
}
