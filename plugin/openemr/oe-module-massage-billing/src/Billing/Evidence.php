<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** What OpenEMR's own billing knows of the sending of one Claim (DESIGN 17). */
final class Evidence
{
    /** Billed, and not answered that OpenEMR knew of. */
    public const SENT = 'sent';
    /** A payment, an adjustment or a denial of the payer's was posted. */
    public const ANSWERED = 'answered';
    /** It was billed, and a person opened it again: so far it is not sent. */
    public const REOPENED = 'reopened';

    /**
     * @param string $claim logical id of the Claim
     * @param string $state one of the constants
     * @param bool $isDenied the answer is a denial
     * @param string|null $number the payer's number of the claim
     * @param string $billed local time at which it was billed first; "" where core kept none
     * @param string $changed local time of the last thing that is told here
     */
    public function __construct(
        public readonly string $claim,
        public readonly string $state,
        public readonly bool $isDenied,
        public readonly ?string $number,
        public readonly string $billed,
        public readonly string $changed
    ) {
    }
}
