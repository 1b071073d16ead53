<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Billing;

use OpenEMR\Modules\MassageBilling\Core\Clock;
use OpenEMR\Modules\MassageBilling\Core\Database;

/** What people do in OpenEMR's billing pages, as core writes it (BillingUtilities::updateClaim, Recorder, fee sheet). */
final class BillingManager
{
    public function __construct(
        private readonly Database $database,
        private readonly Clock $clock,
        private readonly int $pid,
        private readonly int $encounter
    ) {
    }

    /** Billing Manager makes an 837P. */
    public function generate(int $payer = 9001, string $file = '2026-12-01-1000-batch.txt'): void
    {
        $this->claims($payer, 2, 2, $file);
        $this->billing(
            'billed = 1, bill_process = 2, bill_date = ?, process_date = ?, process_file = ?, payer_id = ?',
            [$this->now(), $this->now(), $file, $payer]
        );
    }

    /** "Mark as Cleared". */
    public function clear(int $payer = 9001): void
    {
        $this->claims($payer, 2, 0, null);
        $this->billing('billed = 1, bill_date = ?, payer_id = ?', [$this->now(), $payer]);
    }

    /** "Re-Open". */
    public function reopen(int $payer = 9001): void
    {
        $this->claims($payer, 1, 0, null);
        $this->billing('billed = 0, bill_process = 0, payer_id = ?', [$payer]);
    }

    /** "Reopen" on the fee sheet, which voids the checkout (BillingUtilities::doVoid, reOpenEncounterForBilling). */
    public function reopenFeeSheet(): void
    {
        $this->database->change(
            'UPDATE ar_activity SET deleted = ? WHERE deleted IS NULL AND pid = ? AND encounter = ?',
            [$this->now(), $this->pid, $this->encounter]
        );
        $this->billing('billed = 0, bill_date = NULL', []);
        $this->database->change(
            'UPDATE form_encounter SET last_level_billed = 0, last_level_closed = 0, last_update = ? WHERE pid = ? AND encounter = ?',
            [$this->now(), $this->pid, $this->encounter]
        );
    }

    /** An 835 with CLP02 = 4. */
    public function deny(int $payer = 9001): void
    {
        $this->claims($payer, 7, 0, '97124__CO_96');
        $this->billing('bill_process = 7, payer_id = ?', [$payer]);
    }

    /** Queue for the next payer after the first one's answer (SLEOB::arSetupSecondary). */
    public function queueSecondary(int $payer): void
    {
        $this->claims($payer, 1, 5, null);
        $this->billing('billed = 0, bill_process = 5, payer_id = ?', [$payer]);
    }

    /** A payment posted; payer type 1 is the primary insurance, 0 the patient. */
    public function pay(string $amount, int $payerType = 1, ?string $number = null, string $code = '97124'): void
    {
        $next = 1 + (int) $this->database->value(
            'SELECT COALESCE(MAX(sequence_no), 0) FROM ar_activity WHERE pid = ? AND encounter = ?',
            [$this->pid, $this->encounter]
        );
        $this->database->change(
            'INSERT INTO ar_activity (pid, encounter, sequence_no, code, payer_type, post_time, post_user, session_id, '
            . 'pay_amount, adj_amount, modified_time, follow_up, account_code, payer_claim_number) '
            . "VALUES (?, ?, ?, ?, ?, ?, 1, 1, ?, 0, ?, '', ?, ?)",
            [$this->pid, $this->encounter, $next, $code, $payerType, $this->now(), $amount, $this->now(),
                $payerType === 0 ? 'PCP' : '', $number]
        );
    }

    /** A person types a line on the fee sheet. */
    public function type(string $code = '97010', string $fee = '15.00', string $codeType = 'CPT4', string $justify = ''): int
    {
        return $this->database->insert(
            'INSERT INTO billing (date, code_type, code, pid, encounter, user, groupname, authorized, activity, billed, '
            . "units, fee, modifier, justify, provider_id, payer_id) VALUES (?, ?, ?, ?, ?, 1, 'Default', 1, 1, 0, 1, ?, '', ?, 0, 0)",
            [$this->now(), $codeType, $code, $this->pid, $this->encounter, $fee, $justify]
        );
    }

    /** A person changes a line. */
    public function edit(int $id, string $column, string|int $value): void
    {
        $this->database->change("UPDATE billing SET `$column` = ? WHERE id = ? AND billed = 0", [$value, $id]);
    }

    /** A person deletes a line. */
    public function delete(int $id): void
    {
        $this->database->change('UPDATE billing SET activity = 0 WHERE id = ?', [$id]);
    }

    /**
     * A person fills in the form "Misc Billing Options" (interface/forms/misc_billing_options/save.php).
     *
     * @param array<string, string|int> $values
     */
    public function misc(array $values): int
    {
        $values += ['pid' => $this->pid, 'encounter' => $this->encounter, 'user' => 'admin', 'replacement_claim' => '',
            'lab_amount' => '', 'comments' => '', 'onset_date' => ''];
        $names = '`' . implode('`, `', array_keys($values)) . '`';
        $marks = implode(', ', array_fill(0, count($values), '?'));
        $id = $this->database->insert(
            "INSERT INTO form_misc_billing_options ($names) VALUES ($marks)",
            array_values($values)
        );
        $this->database->insert(
            'INSERT INTO forms (date, encounter, form_name, form_id, pid, user, deleted, formdir) '
            . "VALUES (?, ?, 'Misc Billing Options', ?, ?, 'admin', 0, 'misc_billing_options')",
            [$this->now(), $this->encounter, $id, $this->pid]
        );
        return $id;
    }

    /** A person deletes a form. */
    public function deleteForm(int $id): void
    {
        $this->database->change(
            "UPDATE forms SET deleted = 1 WHERE form_id = ? AND formdir = 'misc_billing_options'",
            [$id]
        );
    }

    private function claims(int $payer, int $status, int $process, ?string $file): void
    {
        $this->database->change(
            'INSERT INTO claims (patient_id, encounter_id, version, payer_id, status, payer_type, bill_process, bill_time, '
            . 'process_time, process_file) SELECT ?, ?, COALESCE(MAX(version), 0) + 1, ?, ?, 1, ?, ?, ?, ? '
            . 'FROM claims WHERE patient_id = ? AND encounter_id = ?',
            [$this->pid, $this->encounter, $payer, $status, $process, $this->now(), $file === null ? null : $this->now(),
                $file, $this->pid, $this->encounter]
        );
    }

    /** @param list<scalar|null> $params */
    private function billing(string $sets, array $params): void
    {
        $this->database->change(
            "UPDATE billing SET $sets WHERE pid = ? AND encounter = ? AND activity = 1",
            [...$params, $this->pid, $this->encounter]
        );
    }

    private function now(): string
    {
        $zone = new \DateTimeZone(date_default_timezone_get());
        return $this->clock->now()->setTimezone($zone)->format('Y-m-d H:i:s');
    }
}
