<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

use OpenEMR\Modules\MassageBilling\Core\Audit;
use OpenEMR\Modules\MassageBilling\Core\Clock;
use OpenEMR\Modules\MassageBilling\Core\Database;

/**
 * Keeps treatment logs: massage_billing_log, its rows and its history.
 *
 * Nothing is ever deleted. A row that is taken out stays as entered-in-error, and each version of a log stays in the
 * history with who saved it, when and why. A change made from an older version than the saved one is refused whole.
 */
final class LogStore
{
    private const TIME = 'Y-m-d H:i:s.v';

    public function __construct(
        private readonly Database $database,
        private readonly Clock $clock,
        private readonly Audit $audit,
    ) {
    }

    /** The log of a visit; null where nothing was saved yet. */
    public function find(int $pid, int $encounter): ?TreatmentLog
    {
        $row = $this->database->row(
            'SELECT * FROM massage_billing_log WHERE encounter = ? AND pid = ? AND version > 0',
            [$encounter, $pid]
        );
        return $row === null ? null : $this->read($row, '');
    }

    /**
     * Every version that was saved, the newest first.
     *
     * @return list<Version>
     */
    public function history(int $log): array
    {
        $found = [];
        $rows = $this->database->rows(
            'SELECT version, saved_at, saved_by, action, reason, json FROM massage_billing_log_history'
            . ' WHERE log = ? ORDER BY version DESC',
            [$log]
        );
        foreach ($rows as $row) {
            $found[] = new Version(
                (int) $row['version'],
                self::utc((string) $row['saved_at']),
                (int) $row['saved_by'],
                (string) $row['action'],
                (string) $row['reason'],
                (array) json_decode((string) $row['json'], true, 32, JSON_THROW_ON_ERROR),
            );
        }
        return $found;
    }

    /**
     * Save, sign or amend the log of a visit. Saving what is already there changes nothing.
     *
     * @throws Conflict where somebody saved it since the version the change was made from
     * @throws \LogicException where a signed log would be changed without an amendment and its reason
     */
    public function apply(Visit $visit, Change $change): TreatmentLog
    {
        return $this->database->transaction(function () use ($visit, $change): TreatmentLog {
            $saved = $this->hold($visit, $change);
            $this->check($saved, $change);
            $next = $this->next($saved, $change, $this->moment($saved));
            if ($change->action === Change::SAVE && $this->isSame($saved, $next, $visit)) {
                return $saved;
            }
            $this->write($saved, $next, $visit);
            $this->remember($next, $change);
            $this->audit->note(
                'massage-billing-log',
                "log {$next->id} of encounter {$next->encounter}: {$change->action} as version {$next->version}",
                $next->pid
            );
            return $next;
        });
    }

    /** The saved log, held until the transaction ends, so that two changes of one log wait for each other. */
    private function hold(Visit $visit, Change $change): TreatmentLog
    {
        if ($change->version === 0) {
            $now = $this->clock->now()->format(self::TIME);
            $this->database->change(
                'INSERT INTO massage_billing_log (pid, encounter, version, status, created_by, created_at, updated_at)'
                . ' VALUES (?, ?, 0, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE id = id',
                [$visit->pid, $visit->encounter, TreatmentLog::DRAFT, $change->by, $now, $now]
            );
        }
        $row = $this->database->row(
            'SELECT * FROM massage_billing_log WHERE encounter = ? AND pid = ? FOR UPDATE',
            [$visit->encounter, $visit->pid]
        );
        if ($row === null || (int) $row['version'] !== $change->version) {
            throw new Conflict();
        }
        return $this->read($row, ' FOR UPDATE');
    }

    private function check(TreatmentLog $saved, Change $change): void
    {
        if ($saved->isSigned() !== ($change->action === Change::AMEND)) {
            throw new \LogicException('A signed log is amended, and only a signed one.');
        }
        if ($change->action === Change::AMEND && trim($change->reason) === '') {
            throw new \LogicException('An amendment has a reason.');
        }
    }

    /** Now, and later than what is saved, so that no reader takes two versions for one. */
    private function moment(TreatmentLog $saved): \DateTimeImmutable
    {
        $now = $this->clock->now();
        $after = $saved->version > 0 ? $saved->updatedAt?->modify('+1 millisecond') : null;
        return $after !== null && $after > $now ? $after : $now;
    }

    private function next(TreatmentLog $saved, Change $change, \DateTimeImmutable $now): TreatmentLog
    {
        $signs = $change->action !== Change::SAVE;
        $status = $signs ? Row::DONE : Row::OPEN;
        $known = [];
        foreach ($saved->rows as $row) {
            $known[$row->uuid] = $row;
        }
        $rows = [];
        foreach ($change->rows as $row) {
            $uuid = isset($known[$row->uuid]) && !isset($rows[$row->uuid]) ? $row->uuid : Uuid::make();
            $rows[$uuid] = $row->as($uuid, $status);
        }
        foreach ($known as $uuid => $row) {
            $rows[$uuid] ??= $row->as($uuid, Row::WRONG);
        }
        $asked = $saved->billTo === '' ? '' : TreatmentLog::PLAN;
        return new TreatmentLog(
            $saved->id,
            $saved->pid,
            $saved->encounter,
            $saved->version + 1,
            $signs ? TreatmentLog::SIGNED : $saved->status,
            $change->selfPay ? TreatmentLog::SELF_PAY : $asked,
            $change->note,
            array_values($rows),
            $signs ? $change->by : $saved->signedBy,
            $signs ? $now : $saved->signedAt,
            $now,
        );
    }

    private function isSame(TreatmentLog $saved, TreatmentLog $next, Visit $visit): bool
    {
        return $saved->version > 0 && self::content($saved) === self::content($next)
            && $this->database->value(
                'SELECT 1 FROM massage_billing_log_row WHERE log = ? AND performed_on <> ? AND status <> ? LIMIT 1',
                [$saved->id, $visit->day, Row::WRONG]
            ) === null;
    }

    private function write(TreatmentLog $saved, TreatmentLog $next, Visit $visit): void
    {
        $this->database->change(
            'UPDATE massage_billing_log SET version = ?, status = ?, bill_to = ?, note = ?, signed_by = ?,'
            . ' signed_at = ?, updated_at = ? WHERE id = ?',
            [
                $next->version,
                $next->status,
                $next->billTo,
                $next->note,
                $next->signedBy,
                $next->signedAt?->format(self::TIME),
                $next->updatedAt?->format(self::TIME),
                $next->id,
            ]
        );
        $before = [];
        foreach ($saved->rows as $row) {
            $before[$row->uuid] = $row;
        }
        foreach ($next->rows as $seq => $row) {
            $was = $before[$row->uuid] ?? null;
            if ($was === null) {
                $this->insert($next, $row, $seq, $visit);
            } elseif ($was->stands() || $row->stands()) {
                $this->update($saved, $next, $was, $row, $seq, $visit);
            }
        }
    }

    private function insert(TreatmentLog $log, Row $row, int $seq, Visit $visit): void
    {
        $this->database->insert(
            'INSERT INTO massage_billing_log_row (uuid, log, pid, encounter, seq, performed_on, status, code_type, code,'
            . ' modifiers, region, region_text, start_at, end_at, minutes, diagnosis, therapist, version, updated_at)'
            . ' VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
            [
                $row->uuid,
                $log->id,
                $log->pid,
                $log->encounter,
                ...$this->columns($row, $seq, $visit),
                $log->version,
                $log->updatedAt?->format(self::TIME),
            ]
        );
    }

    /** A row's version and time move where its Procedure says something else, and with the patient's wish. */
    private function update(TreatmentLog $saved, TreatmentLog $log, Row $was, Row $row, int $seq, Visit $visit): void
    {
        $moved = !$was->saysSame($row) || $was->status !== $row->status
            || ($saved->billTo !== $log->billTo && $row->stands())
            || ($saved->signedAt != $log->signedAt && $row->stands());
        $this->database->change(
            'UPDATE massage_billing_log_row SET version = IF(? OR performed_on <> ?, ?, version),'
            . ' updated_at = IF(? OR performed_on <> ?, ?, updated_at), seq = ?, performed_on = ?, status = ?,'
            . ' code_type = ?, code = ?, modifiers = ?, region = ?, region_text = ?, start_at = ?, end_at = ?,'
            . ' minutes = ?, diagnosis = ?, therapist = ? WHERE uuid = ?',
            [
                (int) $moved,
                $visit->day,
                $log->version,
                (int) $moved,
                $visit->day,
                $log->updatedAt?->format(self::TIME),
                ...$this->columns($row, $seq, $visit),
                $row->uuid,
            ]
        );
    }

    /** @return list<scalar|null> */
    private function columns(Row $row, int $seq, Visit $visit): array
    {
        return [
            $seq,
            $visit->day,
            $row->status,
            $row->codeType,
            $row->code,
            implode(':', $row->modifiers),
            $row->region,
            $row->regionText,
            $row->start,
            $row->end,
            $row->minutes,
            $row->diagnosis,
            $row->therapist,
        ];
    }

    private function remember(TreatmentLog $log, Change $change): void
    {
        $this->database->change(
            'INSERT INTO massage_billing_log_history (log, version, saved_at, saved_by, action, reason, json)'
            . ' VALUES (?, ?, ?, ?, ?, ?, ?)',
            [
                $log->id,
                $log->version,
                $log->updatedAt?->format(self::TIME),
                $change->by,
                $change->action,
                trim($change->reason),
                json_encode(self::content($log), JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES),
            ]
        );
    }

    /** @return array<string, mixed> */
    private static function content(TreatmentLog $log): array
    {
        $rows = [];
        foreach ($log->rows as $row) {
            $rows[] = ['uuid' => $row->uuid, 'status' => $row->status] + $row->facts();
        }
        return [
            'status' => $log->status,
            'billTo' => $log->billTo,
            'note' => $log->note,
            'rows' => $rows,
        ];
    }

    /** @param array<string, string|int|float|null> $log */
    private function read(array $log, string $lock): TreatmentLog
    {
        $rows = [];
        $found = $this->database->rows(
            'SELECT * FROM massage_billing_log_row WHERE log = ? ORDER BY seq, id' . $lock,
            [(int) $log['id']]
        );
        foreach ($found as $row) {
            $rows[] = self::row($row);
        }
        return new TreatmentLog(
            (int) $log['id'],
            (int) $log['pid'],
            (int) $log['encounter'],
            (int) $log['version'],
            (string) $log['status'],
            (string) $log['bill_to'],
            (string) $log['note'],
            $rows,
            $log['signed_by'] === null ? null : (int) $log['signed_by'],
            $log['signed_at'] === null ? null : self::utc((string) $log['signed_at']),
            self::utc((string) $log['updated_at']),
        );
    }

    /** @param array<string, string|int|float|null> $row a row of massage_billing_log_row */
    public static function row(array $row): Row
    {
        return new Row(
            (string) $row['uuid'],
            (string) $row['code_type'],
            (string) $row['code'],
            $row['modifiers'] === '' || $row['modifiers'] === null ? [] : explode(':', (string) $row['modifiers']),
            (string) $row['region'],
            (string) $row['region_text'],
            $row['start_at'] === null ? null : (string) $row['start_at'],
            $row['end_at'] === null ? null : (string) $row['end_at'],
            $row['minutes'] === null ? null : (int) $row['minutes'],
            (string) $row['diagnosis'],
            $row['therapist'] === null ? null : (int) $row['therapist'],
            (string) $row['status'],
        );
    }

    private static function utc(string $written): \DateTimeImmutable
    {
        return new \DateTimeImmutable($written, new \DateTimeZone('UTC'));
    }
}
