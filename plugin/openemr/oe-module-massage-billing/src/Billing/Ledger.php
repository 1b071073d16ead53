<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

use OpenEMR\Modules\MassageBilling\Core\Clock;
use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Fhir\JsonText;

/** What the module wrote into core's tables for which Claim, and what became of each Claim there. */
final class Ledger
{
    public const POSTED = 'posted';
    public const CONFLICT = 'conflict';
    public const DRAFT = 'draft';
    public const VOIDED = 'voided';
    /** A later revision's rows stand in its place; detail is "Claim/<that>". */
    public const SUPERSEDED = 'superseded';

    /** massage_billing_billing_row.active */
    private const GONE = 0;
    private const ACTIVE = 1;
    private const PARKED = 2;

    public function __construct(private readonly Database $database, private readonly Clock $clock)
    {
    }

    /** @return array{state: string, detail: string, pid: int, encounter: int}|null */
    public function posting(string $claim): ?array
    {
        $row = $this->database->row('SELECT * FROM massage_billing_posting WHERE claim = ? FOR UPDATE', [$claim]);
        return $row === null ? null : [
            'state' => (string) $row['state'],
            'detail' => (string) $row['detail'],
            'pid' => (int) $row['pid'],
            'encounter' => (int) $row['encounter'],
        ];
    }

    /** Write down what became of a Claim; the same again writes nothing. */
    public function tell(string $claim, int $pid, int $encounter, string $state, string $detail = ''): void
    {
        $detail = mb_strcut($detail, 0, 255);
        $now = $this->posting($claim);
        if ($now !== null && $now['state'] === $state && $now['detail'] === $detail) {
            return;
        }
        $this->database->change(
            'INSERT INTO massage_billing_posting (claim, pid, encounter, state, detail, updated_at) '
            . 'VALUES (?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE pid = VALUES(pid), encounter = VALUES(encounter), '
            . 'state = VALUES(state), detail = VALUES(detail), updated_at = VALUES(updated_at)',
            [$claim, $pid, $encounter, $state, $detail, $this->clock->now()->format('Y-m-d H:i:s.v')]
        );
    }

    /** @return list<LedgerRow> what stands for the Claim */
    public function rows(string $claim): array
    {
        return $this->in($claim, self::ACTIVE);
    }

    /** @return list<LedgerRow> what stood for the Claim when another took its place */
    public function parked(string $claim): array
    {
        return $this->in($claim, self::PARKED);
    }

    /** Whether the Claim ever became rows. */
    public function knows(string $claim): bool
    {
        return $this->database->value(
            'SELECT 1 FROM massage_billing_billing_row WHERE claim = ? LIMIT 1',
            [$claim]
        ) !== null;
    }

    /**
     * Active rows of other Claims in some encounters.
     *
     * @param list<int> $encounters
     * @return array<string, list<LedgerRow>> by Claim id
     */
    public function others(string $claim, int $pid, array $encounters): array
    {
        $marks = implode(', ', array_fill(0, count($encounters), '?'));
        $rows = $this->database->rows(
            "SELECT * FROM massage_billing_billing_row WHERE encounter IN ($marks) AND pid = ? AND claim <> ? "
            . 'AND active = 1 ORDER BY claim, kind, row_id FOR UPDATE',
            [...$encounters, $pid, $claim]
        );
        $found = [];
        foreach (array_map([self::class, 'read'], $rows) as $row) {
            $found[$row->claim][] = $row;
        }
        return $found;
    }

    /** A row is the Claim's, as it stands now. */
    public function keep(string $claim, string $kind, int $id, int $pid, int $encounter, string $digest): void
    {
        $this->database->change(
            'INSERT INTO massage_billing_billing_row (claim, kind, row_id, pid, encounter, digest, active) '
            . 'VALUES (?, ?, ?, ?, ?, ?, 1) ON DUPLICATE KEY UPDATE digest = VALUES(digest), active = 1',
            [$claim, $kind, $id, $pid, $encounter, $digest]
        );
    }

    /** A row is the Claim's no longer: it was taken off, or is somebody else's now. */
    public function release(LedgerRow $row): void
    {
        $this->mark($row, self::GONE);
    }

    /** A row gives way to the one of a later revision, and may come back. */
    public function park(LedgerRow $row): void
    {
        $this->mark($row, self::PARKED);
    }

    /**
     * The stored Claim; null where there is none.
     *
     * @param bool $locked nobody may write it until the transaction ends
     * @return array<string, mixed>|null
     */
    public function stored(string $claim, bool $locked = false): ?array
    {
        $lock = $locked ? ' FOR UPDATE' : '';
        $json = $this->database->value(
            "SELECT json FROM massage_billing_resource WHERE id = ? AND type = 'Claim'$lock",
            [$claim]
        );
        return is_string($json) ? JsonText::parse($json)->json : null;
    }

    /** Whether one stored Claim was first written before another. */
    public function isOlder(string $claim, string $other): bool
    {
        return $this->firstWritten($claim) < $this->firstWritten($other);
    }

    /** @return list<string> Claims that wait behind this one: it took their rows' place */
    public function supersededBy(string $claim): array
    {
        $rows = $this->database->rows(
            'SELECT claim FROM massage_billing_posting WHERE state = ? AND detail = ?',
            [self::SUPERSEDED, "Claim/$claim"]
        );
        return array_map('strval', array_column($rows, 'claim'));
    }

    private function firstWritten(string $claim): string
    {
        return (string) $this->database->value(
            'SELECT MIN(last_updated) FROM (SELECT last_updated FROM massage_billing_resource WHERE id = ? '
            . 'UNION ALL SELECT last_updated FROM massage_billing_resource_history WHERE id = ?) AS versions',
            [$claim, $claim]
        );
    }

    /** @return list<LedgerRow> in the order in which they were written */
    private function in(string $claim, int $active): array
    {
        return array_map([self::class, 'read'], $this->database->rows(
            'SELECT * FROM massage_billing_billing_row WHERE claim = ? AND active = ? ORDER BY kind, row_id FOR UPDATE',
            [$claim, $active]
        ));
    }

    private function mark(LedgerRow $row, int $active): void
    {
        $this->database->change(
            'UPDATE massage_billing_billing_row SET active = ? WHERE claim = ? AND kind = ? AND row_id = ?',
            [$active, $row->claim, $row->kind, $row->id]
        );
    }

    /** @param array<string, mixed> $row */
    private static function read(array $row): LedgerRow
    {
        return new LedgerRow(
            (string) $row['claim'],
            (string) $row['kind'],
            (int) $row['row_id'],
            (int) $row['encounter'],
            (string) $row['digest']
        );
    }
}
