<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Modules\MassageBilling\Core\Database;

/** What the module keeps about one visit: why it is held, and its Claims. One statement. */
final class VisitRecord
{
    /** SQL: whether OpenEMR billed a row of claim r that the module wrote. */
    public const BILLED = "EXISTS (SELECT 1 FROM massage_billing_billing_row w JOIN billing b ON b.id = w.row_id
              WHERE w.claim = r.id AND w.kind = 'cpt' AND w.active = 1 AND b.billed = 1)";

    /**
     * @param Hold|null $hold the newest
     * @param list<VisitClaim> $claims the newest first, without those entered in error
     */
    public function __construct(public readonly ?Hold $hold, public readonly array $claims)
    {
    }

    public static function find(Database $database, int $pid, int $encounter): self
    {
        $visit = Uuid::sql('e.uuid');
        $rows = $database->rows(
            "(SELECT r.type, r.id, r.status, r.json, '' AS state, '' AS detail, 0 AS billed, r.last_updated
              FROM form_encounter e
              JOIN massage_billing_reference f ON f.type = ? AND f.name = ? AND f.target_id = $visit
              JOIN massage_billing_resource r ON r.id = f.resource
              WHERE e.encounter = ? AND e.pid = ? AND f.target_type = ?)
             UNION ALL
             (SELECT r.type, r.id, r.status, '' AS json, COALESCE(p.state, '') AS state,
              COALESCE(p.detail, '') AS detail, " . self::BILLED . " AS billed, r.last_updated
              FROM form_encounter e
              JOIN massage_billing_resource r ON r.type = ? AND r.encounter = $visit
              LEFT JOIN massage_billing_posting p ON p.claim = r.id
              WHERE e.encounter = ? AND e.pid = ?)
             ORDER BY last_updated DESC",
            ['Task', 'focus', $encounter, $pid, 'Encounter', 'Claim', $encounter, $pid]
        );
        return self::sorted($rows);
    }

    /** Whether there is nothing that anybody has to know. */
    public function isSilent(): bool
    {
        return $this->claims === [] && ($this->hold === null || !($this->hold->open || $this->hold->writtenOff()));
    }

    public function conflicts(): bool
    {
        return array_filter($this->claims, static fn(VisitClaim $claim): bool => $claim->conflict()) !== [];
    }

    /** @param list<array<string, string|int|float|null>> $rows the newest first */
    private static function sorted(array $rows): self
    {
        $hold = null;
        $claims = $reasons = [];
        foreach ($rows as $row) {
            if ($row['type'] === 'Task') {
                $task = Json::read($row['json']);
                $hold ??= Hold::read($task);
                $reasons += self::conflict($task);
            }
        }
        foreach ($rows as $row) {
            if ($row['type'] === 'Claim' && $row['status'] !== 'entered-in-error') {
                $claims[] = self::claim($row, $reasons[(string) $row['id']] ?? []);
            }
        }
        return new self($hold, $claims);
    }

    /**
     * @param array<string, string|int|float|null> $row
     * @param list<string> $reasons
     */
    private static function claim(array $row, array $reasons): VisitClaim
    {
        return new VisitClaim(
            (string) $row['id'],
            (string) $row['status'],
            (string) $row['state'],
            (string) $row['detail'],
            (int) $row['billed'] === 1,
            Day::clock($row['last_updated']),
            $reasons
        );
    }

    /**
     * @param array<string, mixed> $task
     * @return array<string, list<string>> what is to be settled, by claim
     */
    private static function conflict(array $task): array
    {
        if (!Json::coded($task['code'] ?? null, Names::TASK_CODE, Names::CONFLICT)) {
            return [];
        }
        $found = [];
        foreach (Json::objects($task, 'identifier') as $identifier) {
            if (($identifier['system'] ?? '') === Names::CONFLICT_KEY) {
                $found[Json::text($identifier, 'value')] = array_values(array_filter(array_map(
                    static fn(array $input): string => Json::text($input, 'valueString'),
                    Json::objects($task, 'input')
                )));
            }
        }
        return $found;
    }
}
