<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Modules\MassageBilling\Core\Clock;
use OpenEMR\Modules\MassageBilling\Core\Database;

/**
 * What the page "Massage billing" lists: coming appointments, holds, conflicts, claims. A page of each at a time.
 *
 * Every list asks for one row more than it shows, which says whether there is a next page.
 */
final class Overview
{
    public const PAGE = 50;
    /** Claims that changed within so many days. */
    public const CLAIM_DAYS = 14;
    private const OPEN = ['requested', 'received', 'accepted', 'in-progress', 'on-hold', 'ready', 'draft'];

    public function __construct(private readonly Database $database, private readonly Clock $clock)
    {
    }

    /**
     * Patients' appointments of today and tomorrow that were not cancelled, by time.
     *
     * @param int $page 0 for the first
     * @return array{rows: list<array<string, mixed>>, more: bool}
     */
    public function appointments(int $page = 0): array
    {
        $today = Day::today($this->clock);
        $tomorrow = (new \DateTimeImmutable($today))->modify('+1 day')->format('Y-m-d');
        $rows = $this->database->rows(
            "SELECT e.pc_eid, e.pc_eventDate AS day, e.pc_startTime AS time, e.pc_pid AS pid, e.pc_apptstatus AS status,
             p.fname, p.lname, u.fname AS therapist_first, u.lname AS therapist_last
             FROM openemr_postcalendar_events e
             JOIN patient_data p ON p.pid = e.pc_pid
             LEFT JOIN users u ON u.id = e.pc_aid
             WHERE e.pc_eventDate BETWEEN ? AND ? AND e.pc_pid > 0 AND e.pc_apptstatus NOT IN ('x', '%')
             ORDER BY e.pc_eventDate, e.pc_startTime, e.pc_eid " . self::limit($page),
            [$today, $tomorrow]
        );
        $more = count($rows) > self::PAGE;
        $rows = array_slice($rows, 0, self::PAGE);
        $known = (new Outlooks($this->database))->ofEvents(
            array_map(static fn(array $row): int => (int) $row['pc_eid'], $rows)
        );
        $listed = array_map(static function (array $row) use ($known, $today): array {
            $outlook = $known[(int) $row['pc_eid']] ?? null;
            $outlook = $outlook?->day === (string) $row['day'] ? $outlook : null;
            return [
                'day' => (string) $row['day'],
                'time' => substr((string) $row['time'], 0, 5),
                'pid' => (int) $row['pid'],
                'patient' => self::name($row['lname'], $row['fname']),
                'therapist' => self::name($row['therapist_last'], $row['therapist_first']),
                'outlook' => $outlook,
                'shown' => $outlook?->shownOn($today),
            ];
        }, $rows);
        return ['rows' => $listed, 'more' => $more];
    }

    /**
     * Open holds by their first reason, the most frequent first.
     *
     * @return array{groups: list<array{reason: string, rows: list<array<string, mixed>>}>, more: bool}
     */
    public function holds(int $page = 0): array
    {
        $open = implode(', ', array_fill(0, count(self::OPEN), '?'));
        $rows = $this->database->rows(
            "SELECT r.json, e.encounter, e.pid, e.date, p.fname, p.lname FROM massage_billing_resource r
             JOIN massage_billing_token t ON t.resource = r.id AND t.name = ? AND t.system = ?
             LEFT JOIN massage_billing_reference f ON f.resource = r.id AND f.name = ?
             LEFT JOIN form_encounter e ON e.uuid = UNHEX(REPLACE(f.target_id, '-', ''))
             LEFT JOIN patient_data p ON p.pid = e.pid
             WHERE r.type = ? AND r.status IN ($open)
             ORDER BY r.last_updated DESC, r.id " . self::limit($page),
            ['identifier', Names::CLAIM_KEY, 'focus', 'Task', ...self::OPEN]
        );
        $more = count($rows) > self::PAGE;
        $groups = [];
        foreach (array_slice($rows, 0, self::PAGE) as $row) {
            $hold = Hold::read(Json::read($row['json']));
            if ($hold !== null) {
                $groups[$hold->reasons[0]['code'] ?? ''][] = ['hold' => $hold] + self::visit($row);
            }
        }
        uasort($groups, static fn(array $one, array $other): int => count($other) <=> count($one));
        $listed = [];
        foreach ($groups as $reason => $holds) {
            $listed[] = ['reason' => (string) $reason, 'rows' => $holds];
        }
        return ['groups' => $listed, 'more' => $more];
    }

    /**
     * Claims that the fee sheet stands against.
     *
     * @return array{rows: list<array<string, mixed>>, more: bool}
     */
    public function conflicts(int $page = 0): array
    {
        $rows = $this->database->rows(
            "SELECT g.claim, g.detail, g.updated_at, e.encounter, e.pid, e.date, p.fname, p.lname
             FROM massage_billing_posting g
             LEFT JOIN form_encounter e ON e.encounter = g.encounter AND e.pid = g.pid
             LEFT JOIN patient_data p ON p.pid = g.pid
             WHERE g.state = ? ORDER BY g.updated_at DESC, g.claim " . self::limit($page),
            ['conflict']
        );
        return self::paged($rows, static fn(array $row): array => [
            'claim' => (string) $row['claim'],
            'detail' => (string) $row['detail'],
            'updated' => Day::clock($row['updated_at']),
        ] + self::visit($row));
    }

    /**
     * Claims written or changed in the last days, the newest first.
     *
     * @return array{rows: list<array<string, mixed>>, more: bool}
     */
    public function claims(int $page = 0): array
    {
        $since = $this->clock->now()->modify('-' . self::CLAIM_DAYS . ' days')->format('Y-m-d H:i:s');
        $rows = $this->database->rows(
            "SELECT r.id, r.status, r.last_updated, COALESCE(g.state, '') AS state, COALESCE(g.detail, '') AS detail,
             " . VisitRecord::BILLED . " AS billed, e.encounter, e.pid, e.date, p.fname, p.lname
             FROM massage_billing_resource r
             LEFT JOIN massage_billing_posting g ON g.claim = r.id
             LEFT JOIN form_encounter e ON e.uuid = UNHEX(REPLACE(r.encounter, '-', ''))
             LEFT JOIN patient_data p ON p.pid = e.pid
             WHERE r.type = ? AND r.last_updated >= ?
             ORDER BY r.last_updated DESC, r.id " . self::limit($page),
            ['Claim', $since]
        );
        return self::paged($rows, static fn(array $row): array => ['claim' => new VisitClaim(
            (string) $row['id'],
            (string) $row['status'],
            (string) $row['state'],
            (string) $row['detail'],
            (int) $row['billed'] === 1,
            Day::clock($row['last_updated'])
        )] + self::visit($row));
    }

    /**
     * @param list<array<string, string|int|float|null>> $rows
     * @param callable(array<string, string|int|float|null>): array<string, mixed> $shown
     * @return array{rows: list<array<string, mixed>>, more: bool}
     */
    private static function paged(array $rows, callable $shown): array
    {
        return [
            'rows' => array_map($shown, array_slice($rows, 0, self::PAGE)),
            'more' => count($rows) > self::PAGE,
        ];
    }

    /**
     * @param array<string, string|int|float|null> $row
     * @return array{encounter: int, pid: int, date: string, patient: string}
     */
    private static function visit(array $row): array
    {
        return [
            'encounter' => (int) $row['encounter'],
            'pid' => (int) $row['pid'],
            'date' => substr((string) $row['date'], 0, 10),
            'patient' => self::name($row['lname'], $row['fname']),
        ];
    }

    private static function name(string|int|float|null $last, string|int|float|null $first): string
    {
        return trim("$last, $first", ', ');
    }

    private static function limit(int $page): string
    {
        return 'LIMIT ' . (self::PAGE + 1) . ' OFFSET ' . max(0, min($page, 1000)) * self::PAGE;
    }
}
