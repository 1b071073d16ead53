<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** One row of core's that the module wrote for a Claim. */
final class LedgerRow
{
    /**
     * @param string $kind cpt, dx (both of billing) or misc (form_misc_billing_options)
     * @param string $digest of the row as it was written
     */
    public function __construct(
        public readonly string $claim,
        public readonly string $kind,
        public readonly int $id,
        public readonly int $encounter,
        public readonly string $digest
    ) {
    }
}
