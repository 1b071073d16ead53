<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Fhir\DateRange;
use OpenEMR\Modules\MassageBilling\Fhir\Query;
use OpenEMR\Modules\MassageBilling\Fhir\Refused;
use OpenEMR\Modules\MassageBilling\Fhir\TokenValue;

/**
 * Finds rows of treatment logs, each joined once to what its Procedure names.
 *
 * Pages follow each other by key, never by offset, in the order of an index that serves the search: by the day where a
 * day, a patient, a visit or ids are asked for, else by the time of the last change. So a page costs the same whichever
 * it is. In the order of changes a row that is changed meanwhile moves forward, to where it comes again.
 */
final class LogRows
{
    private const COLUMNS = 'r.*, l.signed_by, HEX(p.uuid) AS patient_uuid, HEX(e.uuid) AS encounter_uuid,'
        . ' HEX(t.uuid) AS therapist_uuid, t.npi AS therapist_npi, t.taxonomy, HEX(s.uuid) AS signer_uuid, s.npi AS signer_npi';
    private const TABLE = 'massage_billing_log_row r';
    private const NAMED = ' LEFT JOIN massage_billing_log l ON l.id = r.log LEFT JOIN patient_data p ON p.pid = r.pid'
        . ' LEFT JOIN form_encounter e ON e.pid = r.pid AND e.encounter = r.encounter'
        . ' LEFT JOIN users t ON t.id = r.therapist LEFT JOIN users s ON s.id = l.signed_by';
    /** A row whose patient or visit was deleted in core names nobody, and is not shown. */
    private const WHOSE = ' JOIN patient_data p ON p.pid = r.pid'
        . ' JOIN form_encounter e ON e.pid = r.pid AND e.encounter = r.encounter';
    private const LOW = "IFNULL(r.start_at, CAST(r.performed_on AS DATETIME))";
    private const HIGH = "IFNULL(r.end_at, IFNULL(r.start_at, r.performed_on + INTERVAL 86399 SECOND))";

    public function __construct(private readonly Database $database)
    {
    }

    /**
     * The row with that id.
     *
     * @return array<string, string|int|float|null>|null
     */
    public function read(string $uuid): ?array
    {
        $row = $this->database->row(
            'SELECT ' . self::COLUMNS . ' FROM ' . self::TABLE . self::NAMED . ' WHERE r.uuid = ? LIMIT 1',
            [$uuid]
        );
        return $row !== null && self::isWhole($row) ? $row : null;
    }

    /**
     * At most so many rows after a place, and the place after them.
     *
     * @param list<Performed> $dates
     * @param string $after "" for the first
     * @return array{list<array<string, string|int|float|null>>, string|null}
     */
    public function page(Query $query, array $dates, int $limit, string $after): array
    {
        [$where, $params] = $this->where($query, $dates);
        if ($where === null) {
            return [[], null];
        }
        $column = $this->byChange($query, $dates) ? 'updated_at' : 'performed_on';
        if ($after !== '') {
            [$at, $id] = self::place($after);
            $where[] = "(r.$column > ? OR (r.$column = ? AND r.id > ?))";
            $where[] = "r.$column >= ?";
            array_push($params, $at, $at, $id, $at);
        }
        // The page is cut before anything is joined, or the order would be made of all that match.
        $page = 'SELECT * FROM ' . self::TABLE . ' WHERE ' . implode(' AND ', $where)
            . " ORDER BY r.$column, r.id LIMIT " . ($limit + 1);
        $rows = $this->database->rows(
            'SELECT ' . self::COLUMNS . " FROM ($page) r" . self::NAMED . " ORDER BY r.$column, r.id",
            $params
        );
        $next = null;
        if (count($rows) > $limit) {
            array_pop($rows);
            $last = end($rows);
            $next = $last === false ? $after : str_replace(' ', 'T', (string) $last[$column]) . '.' . $last['id'];
        }
        return [array_values(array_filter($rows, self::isWhole(...))), $next];
    }

    /**
     * How many rows there are.
     *
     * @param list<Performed> $dates
     */
    public function count(Query $query, array $dates): int
    {
        [$where, $params] = $this->where($query, $dates);
        return $where === null ? 0 : (int) $this->database->value(
            'SELECT COUNT(*) FROM ' . self::TABLE . self::WHOSE . ' WHERE ' . implode(' AND ', $where),
            $params
        );
    }

    /**
     * Patients of some encounters, by uuid.
     *
     * @param list<string> $encounters
     * @return list<string>
     */
    public function patientsOf(array $encounters): array
    {
        if ($encounters === []) {
            return [];
        }
        $rows = $this->database->rows(
            'SELECT DISTINCT HEX(p.uuid) AS uuid FROM form_encounter e JOIN patient_data p ON p.pid = e.pid'
            . ' WHERE p.uuid IS NOT NULL AND e.uuid IN (' . self::uuids($encounters) . ')',
            $encounters
        );
        return array_map(static fn (array $row): string => self::uuid((string) $row['uuid']), $rows);
    }

    /** "A34B…" of HEX() as it is written. */
    public static function uuid(string $hex): string
    {
        return strtolower(vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split($hex, 4)));
    }

    /** @param array<string, string|int|float|null> $row */
    private static function isWhole(array $row): bool
    {
        return $row['patient_uuid'] !== null && $row['encounter_uuid'] !== null;
    }

    /** @param list<Performed> $dates */
    private function byChange(Query $query, array $dates): bool
    {
        return $dates === [] && $query->patients === null && $query->encounters === null && $query->ids === null;
    }

    /**
     * @param list<Performed> $dates
     * @return array{list<string>|null, list<scalar>} null where nothing can match
     */
    private function where(Query $query, array $dates): array
    {
        $where = ['TRUE'];
        $params = [];
        if ($query->ids !== null) {
            if ($query->ids === []) {
                return [null, []];
            }
            $where[] = 'r.uuid IN (' . implode(', ', array_fill(0, count($query->ids), '?')) . ')';
            array_push($params, ...$query->ids);
        }
        if (!$this->whose($query, $where, $params)) {
            return [null, []];
        }
        foreach ($dates as $date) {
            $this->performed($date, $where, $params);
        }
        foreach ($query->lastUpdated as $range) {
            self::changed($range, $where, $params);
        }
        foreach ($query->tokens as $name => $filters) {
            foreach ($filters as $values) {
                $either = [];
                foreach ($values as $value) {
                    [$sql, $more] = $name === 'code' ? Where::token('r.code', 'r.code_type', $value)
                        : self::status($value);
                    $either[] = $sql;
                    array_push($params, ...$more);
                }
                $where[] = '(' . implode(' OR ', $either) . ')';
            }
        }
        return [$where, $params];
    }

    /**
     * The numbers behind the uuids of patients and encounters, so that the row's own indexes serve.
     *
     * @param list<string> $where
     * @param list<scalar> $params
     */
    private function whose(Query $query, array &$where, array &$params): bool
    {
        if ($query->encounters !== null) {
            $found = $query->encounters === [] ? [] : $this->database->rows(
                'SELECT pid, encounter FROM form_encounter WHERE uuid IN (' . self::uuids($query->encounters) . ')',
                $query->encounters
            );
            if ($found === []) {
                return false;
            }
            $pairs = implode(' OR ', array_fill(0, count($found), '(r.encounter = ? AND r.pid = ?)'));
            $where[] = "($pairs)";
            foreach ($found as $row) {
                array_push($params, (int) $row['encounter'], (int) $row['pid']);
            }
        }
        if ($query->patients !== null) {
            $found = $query->patients === [] ? [] : $this->database->rows(
                'SELECT pid FROM patient_data WHERE uuid IN (' . self::uuids($query->patients) . ')',
                $query->patients
            );
            if ($found === []) {
                return false;
            }
            $where[] = 'r.pid IN (' . implode(', ', array_map(static fn (array $row): int => (int) $row['pid'], $found))
                . ')';
        }
        return true;
    }

    /**
     * @param list<string> $where
     * @param list<scalar> $params
     */
    private function performed(Performed $date, array &$where, array &$params): void
    {
        [$from, $to] = $date->days();
        if ($from !== null) {
            $where[] = 'r.performed_on >= ?';
            $params[] = $from;
        }
        if ($to !== null) {
            $where[] = 'r.performed_on <= ?';
            $params[] = $to;
        }
        [$sql, $more] = $date->sql(self::LOW, self::HIGH);
        $where[] = $sql;
        array_push($params, ...$more);
    }

    /**
     * @param list<string> $where
     * @param list<scalar> $params
     */
    private static function changed(DateRange $range, array &$where, array &$params): void
    {
        $form = 'Y-m-d H:i:s.v';
        if ($range->prefix === 'ne') {
            $where[] = 'NOT (r.updated_at >= ? AND r.updated_at < ?)';
            array_push($params, $range->start->format($form), $range->end->format($form));
            return;
        }
        foreach (['>=' => $range->since(), '<' => $range->before()] as $sign => $moment) {
            if ($moment !== null) {
                $where[] = "r.updated_at $sign ?";
                $params[] = $moment->format($form);
            }
        }
    }

    /** @return array{string, list<string>} */
    private static function status(TokenValue $token): array
    {
        return $token->value === null ? ['FALSE', []] : ['r.status = ?', [$token->value]];
    }

    /** @return array{string, int} */
    private static function place(string $after): array
    {
        $form = '/^(\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d\.\d{3})?)\.(\d{1,10})$/D';
        if (preg_match($form, $after, $found) !== 1) {
            throw new Refused(400, 'value', 'The place to go on from is none that was given for this search.');
        }
        return [str_replace('T', ' ', $found[1]), (int) $found[2]];
    }

    /** @param list<string> $values */
    private static function uuids(array $values): string
    {
        return implode(', ', array_fill(0, count($values), "UNHEX(REPLACE(?, '-', ''))"));
    }
}
