<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

use OpenEMR\Modules\MassageBilling\Core\Database;

/**
 * Reads what core's tables say of the sending of Claims: billing.billed and bill_process, claims, ar_activity.
 *
 * Core bills an encounter, not a claim of ours. What happened in an encounter belongs to the Claim whose rows stood
 * there: from when its rows were written until those of the next one were. Core's times are whole seconds; one in which
 * rows were replaced belongs to the Claim before.
 */
final class EvidenceRows
{
    public function __construct(private readonly Database $database)
    {
    }

    /**
     * Ids, in their order, of Claims that were billed or answered, after one.
     *
     * @param list<string>|null $ids only these
     * @param list<string>|null $patients only these patients' (logical ids)
     * @param string|null $since local time: only those of which something was written since then
     * @return list<string>
     */
    public function claims(string $after, int $most, ?array $ids, ?array $patients, ?string $since): array
    {
        $where = ['p.claim > ?'];
        $params = [$after];
        foreach (['p.claim' => $ids, 'c.patient' => $patients] as $column => $values) {
            if ($values !== null) {
                $where[] = $values === [] ? 'FALSE' : "$column IN (" . self::marks($values) . ')';
                array_push($params, ...$values);
            }
        }
        [$sql, $more] = self::happened($since);
        $rows = $this->database->rows(
            'SELECT p.claim FROM massage_billing_posting p JOIN massage_billing_resource c ON c.id = p.claim WHERE '
            . implode(' AND ', $where) . " AND ($sql) ORDER BY p.claim LIMIT $most",
            [...$params, ...$more]
        );
        return array_map('strval', array_column($rows, 'claim'));
    }

    /**
     * When the rows of Claims stood on fee sheets, and how core marks them.
     *
     * @param list<string> $claims
     * @return list<array<string, mixed>> claim, pid, encounter, start (local), first (billing id), active, billed,
     *     bill_date, last_bill_date, process_date, told (when the module last told what became of the Claim, UTC),
     *     last_update (of the encounter)
     */
    public function stood(array $claims): array
    {
        $marks = self::marks($claims);
        // The rows of all Claims in the same encounters, for where one ends another begins.
        return $this->database->rows(
            'SELECT r.claim, r.pid, r.encounter, MIN(b.date) AS start, MIN(b.id) AS first, MAX(r.active) AS active, '
            . 'MAX(r.active > 0 AND ' . Sent::SQL . ') AS billed, MIN(b.bill_date) AS bill_date, '
            . 'MAX(b.bill_date) AS last_bill_date, MAX(b.process_date) AS process_date, MAX(p.updated_at) AS told, '
            . 'MAX(e.last_update) AS last_update '
            . 'FROM massage_billing_billing_row r JOIN billing b ON b.id = r.row_id '
            . 'LEFT JOIN massage_billing_posting p ON p.claim = r.claim '
            . 'LEFT JOIN form_encounter e ON e.pid = r.pid AND e.encounter = r.encounter '
            . "WHERE r.kind = 'cpt' AND (r.encounter, r.pid) IN (SELECT o.encounter, o.pid "
            . "FROM massage_billing_billing_row o WHERE o.claim IN ($marks) AND o.kind = 'cpt') "
            . 'GROUP BY r.claim, r.pid, r.encounter ORDER BY start, first',
            $claims
        );
    }

    /**
     * Versions of core's claims of an encounter in a span of local time.
     *
     * @return list<array<string, mixed>>
     */
    public function versions(int $pid, int $encounter, string $start, ?string $end): array
    {
        return $this->database->rows(
            'SELECT version, status, bill_time, process_time FROM claims WHERE patient_id = ? AND encounter_id = ? '
            . 'AND bill_time >= ?' . ($end === null ? '' : ' AND bill_time <= ?') . ' ORDER BY version',
            [$pid, $encounter, $start, ...($end === null ? [] : [$end])]
        );
    }

    /**
     * What payers' answers were posted in a span of local time, deleted ones too.
     *
     * @return list<array<string, mixed>>
     */
    public function answers(int $pid, int $encounter, string $start, ?string $end): array
    {
        return $this->database->rows(
            'SELECT post_time, modified_time, deleted, pay_amount, payer_claim_number FROM ar_activity WHERE pid = ? '
            . 'AND encounter = ? AND payer_type > 0 AND post_time >= ?' . ($end === null ? '' : ' AND post_time <= ?')
            . ' ORDER BY sequence_no',
            [$pid, $encounter, $start, ...($end === null ? [] : [$end])]
        );
    }

    /** @return array{string, list<string>} */
    private static function happened(?string $since): array
    {
        $places = [
            ['billing b ON b.id = r.row_id', ['b.bill_date', 'b.process_date'], Sent::SQL],
            ['claims l ON l.patient_id = r.pid AND l.encounter_id = r.encounter',
                ['l.bill_time', 'l.process_time'], 'TRUE'],
            ['ar_activity a ON a.pid = r.pid AND a.encounter = r.encounter AND a.payer_type > 0',
                ['a.post_time', 'a.modified_time', 'a.deleted'], 'TRUE'],
            ['form_encounter e ON e.encounter = r.encounter AND e.pid = r.pid', ['e.last_update'], 'FALSE'],
        ];
        $either = [];
        $params = [];
        foreach ($places as [$join, $times, $otherwise]) {
            $condition = $otherwise;
            if ($since !== null) {
                $condition = implode(' OR ', array_map(static fn(string $time): string => "$time >= ?", $times));
                array_push($params, ...array_fill(0, count($times), $since));
            }
            $either[] = "EXISTS (SELECT 1 FROM massage_billing_billing_row r JOIN $join WHERE r.claim = p.claim "
                . "AND r.kind = 'cpt' AND ($condition))";
        }
        return [implode(' OR ', $either), $params];
    }

    /** @param list<string> $values */
    private static function marks(array $values): string
    {
        return implode(', ', array_fill(0, count($values), '?'));
    }
}
