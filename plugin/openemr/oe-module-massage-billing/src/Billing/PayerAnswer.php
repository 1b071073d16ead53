<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

use OpenEMR\Modules\MassageBilling\Core\Database;

/**
 * Whether a payer's answer to a visit's claim was posted in OpenEMR: a payment or an adjustment, or a claims.status of
 * 6 (forwarded by the payer to the next one) or 7 (denied); core: interface/billing/sl_eob_process.php.
 */
final class PayerAnswer
{

    public function __construct(private readonly Database $database)
    {
    }

    /**
     * Whether an answer was posted after a Claim's rows were first written; what came in the same second, core's times
     * have no finer, was the answer to the claim before.
     */
    public function isThereFor(string $claim, int $pid, int $encounter): bool
    {
        $since = $this->database->value(
            "SELECT MIN(b.date) FROM massage_billing_billing_row r JOIN billing b ON b.id = r.row_id "
            . "WHERE r.claim = ? AND r.kind = 'cpt' AND r.encounter = ?",
            [$claim, $encounter]
        );
        if ($since === null) {
            return false;
        }
        return $this->database->row(
            'SELECT 1 FROM ar_activity WHERE pid = ? AND encounter = ? AND payer_type > 0 AND deleted IS NULL '
            . 'AND post_time > ? LIMIT 1',
            [$pid, $encounter, $since]
        ) !== null || $this->database->row(
            'SELECT 1 FROM claims WHERE patient_id = ? AND encounter_id = ? AND status IN (6, 7) AND bill_time > ? '
            . 'LIMIT 1',
            [$pid, $encounter, $since]
        ) !== null;
    }
}
