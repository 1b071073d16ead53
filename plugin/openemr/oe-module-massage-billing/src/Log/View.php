<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/** What the templates of a log show, as plain values. Nothing is escaped here: the templates do. */
final class View
{
    public function __construct(private readonly LogStore $store, private readonly Choices $choices)
    {
    }

    /**
     * The form, as it was typed.
     *
     * @param array<int, string> $therapists
     * @return array<string, mixed>
     */
    public function form(Visit $visit, TreatmentLog $log, Form $form, array $therapists): array
    {
        $rows = [];
        foreach ($form->typed->rows as $place => $row) {
            $rows[] = ['typed' => $row, 'faults' => self::beside($form->faults, $place)];
        }
        return $this->saved($visit, $log) + [
            'rows' => $rows,
            'version' => $form->typed->version,
            'selfPay' => $form->typed->selfPay,
            'note' => $form->typed->note,
            'reason' => $form->typed->reason,
            'faults' => self::beside($form->faults, -1),
            'errors' => $form->errors,
            'notices' => $form->notices,
            'isConflict' => $form->isConflict,
            'isAmendment' => $log->isSigned(),
            'needsReason' => $log->isSigned() || $visit->locked,
            'found' => $form->found,
            'techniques' => $this->choices->techniques(),
            'regions' => (new Regions())->words(),
            'diagnoses' => $this->choices->diagnoses($visit),
            'therapists' => $therapists,
        ];
    }

    /**
     * The saved log.
     *
     * @return array<string, mixed>
     */
    public function saved(Visit $visit, TreatmentLog $log): array
    {
        $history = $log->id > 0 ? $this->store->history($log->id) : [];
        $names = $this->choices->names($this->people($log, $history));
        return [
            'visit' => $visit,
            'log' => [
                'version' => $log->version,
                'isSigned' => $log->isSigned(),
                'selfPay' => $log->isSelfPay(),
                'note' => $log->note,
                'signedBy' => $names[$log->signedBy ?? 0] ?? '',
                'signedAt' => $log->signedAt === null ? '' : self::local($log->signedAt),
                'savedBy' => $history === [] ? '' : $names[$history[0]->savedBy] ?? '',
                'savedAt' => $history === [] ? '' : self::local($history[0]->savedAt),
            ],
            'standing' => $this->lines($log->standing(), $names),
            'removed' => $this->lines(
                array_values(array_filter($log->rows, static fn (Row $row): bool => !$row->stands())),
                $names
            ),
            'totals' => $this->totals($log->standing(), $names),
            'history' => array_map(fn (Version $version): array => $this->version($version, $names), $history),
        ];
    }

    /**
     * @param list<Row> $rows
     * @param array<int, string> $names
     * @return array{overall: int, each: list<array{name: string, minutes: int}>, overlaps: list<array{int, int}>}
     */
    private function totals(array $rows, array $names): array
    {
        $totals = Totals::of($rows);
        $each = [];
        foreach ($totals->byTherapist as $id => $minutes) {
            $each[] = ['name' => $names[$id] ?? '', 'minutes' => $minutes];
        }
        $overlaps = array_map(static fn (array $pair): array => [$pair[0] + 1, $pair[1] + 1], $totals->overlaps);
        return ['overall' => $totals->overall, 'each' => $each, 'overlaps' => $overlaps];
    }

    /**
     * @param list<Row> $rows
     * @param array<int, string> $names
     * @return list<array<string, mixed>>
     */
    private function lines(array $rows, array $names): array
    {
        return array_map(static fn (Row $row): array => [
            'code' => $row->written(),
            'region' => $row->regionText,
            'start' => $row->start === null ? '' : substr($row->start, 11, 5),
            'end' => $row->end === null ? '' : substr($row->end, 11, 5),
            'minutes' => $row->length(),
            'diagnosis' => $row->diagnosis,
            'therapist' => $names[$row->therapist ?? 0] ?? '',
        ], $rows);
    }

    /**
     * @param array<int, string> $names
     * @return array<string, mixed>
     */
    private function version(Version $version, array $names): array
    {
        $rows = [];
        foreach ((array) ($version->content['rows'] ?? []) as $row) {
            $rows[] = new Row(
                code: (string) ($row['code'] ?? ''),
                modifiers: array_values((array) ($row['modifiers'] ?? [])),
                regionText: (string) ($row['regionText'] ?? ''),
                start: $row['start'] ?? null,
                end: $row['end'] ?? null,
                minutes: $row['minutes'] ?? null,
                diagnosis: (string) ($row['diagnosis'] ?? ''),
                therapist: $row['therapist'] ?? null,
                status: (string) ($row['status'] ?? Row::OPEN),
            );
        }
        return [
            'number' => $version->number,
            'at' => self::local($version->savedAt),
            'by' => $names[$version->savedBy] ?? '',
            'action' => $version->action,
            'reason' => $version->reason,
            'note' => (string) ($version->content['note'] ?? ''),
            'selfPay' => ($version->content['billTo'] ?? '') === TreatmentLog::SELF_PAY,
            'lines' => $this->lines(
                array_values(array_filter($rows, static fn (Row $row): bool => $row->stands())),
                $names
            ),
        ];
    }

    /**
     * Everybody who is named: therapists, signers, writers.
     *
     * @param list<Version> $history
     * @return list<int>
     */
    private function people(TreatmentLog $log, array $history): array
    {
        $ids = [$log->signedBy ?? 0];
        foreach ($log->rows as $row) {
            $ids[] = $row->therapist ?? 0;
        }
        foreach ($history as $version) {
            $ids[] = $version->savedBy;
            foreach ((array) ($version->content['rows'] ?? []) as $row) {
                $ids[] = (int) ($row['therapist'] ?? 0);
            }
        }
        return array_values(array_filter(array_unique($ids)));
    }

    /**
     * Faults of one row, by field.
     *
     * @param list<Fault> $faults
     * @return array<string, string>
     */
    private static function beside(array $faults, int $place): array
    {
        $found = [];
        foreach ($faults as $fault) {
            if ($fault->row === $place) {
                $found[$fault->field] ??= $fault->message;
            }
        }
        return $found;
    }

    /** A time of ours as the clinic's clock shows it: "2026-12-01 10:00:00" in PHP's zone, which core sets. */
    private static function local(\DateTimeImmutable $utc): string
    {
        return $utc->setTimezone(new \DateTimeZone(date_default_timezone_get()))->format('Y-m-d H:i:s');
    }
}
