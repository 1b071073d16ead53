<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/**
 * Reads what was typed as rows, and says beside each field what is wrong.
 *
 * A draft may be incomplete, even contradictory: what can be read is kept. What cannot be read at all (25:70 is no
 * time) cannot be kept, and is shown again as it was typed.
 */
final class RowReader
{
    private const MOST_MINUTES = 1440;

    public function __construct(private readonly Choices $choices, private readonly Regions $regions)
    {
    }

    /**
     * @param array<int, string> $therapists who may be named
     */
    public function read(Typed $typed, Visit $visit, array $therapists): ReadRows
    {
        $kept = array_filter($typed->rows, static fn (TypedRow $row): bool => !$row->remove && !$row->isEmpty());
        $types = $this->types($kept);
        $diagnoses = $this->diagnoses($kept, $visit);
        $rows = [];
        $faults = [];
        foreach ($kept as $place => $row) {
            $whole = strtoupper($row->code);
            [$code, $modifiers] = isset($types[$whole]) ? [$whole, []] : self::split($row->code);
            $note = static function (string $field, string $what, bool $unreadable = false) use (&$faults, $place): void {
                $faults[] = new Fault($place, $field, $what, $unreadable);
            };
            [$start, $end, $minutes] = $this->times($row, $visit, $note);
            $rows[$place] = new Row(
                Uuid::is($row->uuid) ? $row->uuid : '',
                $types[$code] ?? '',
                $this->fits($code, 20, 'code', $note),
                $modifiers,
                $this->region($row->region),
                $this->fits($row->region, 120, 'region', $note),
                $start,
                $end,
                $minutes,
                $this->fits($diagnoses[Choices::bare($row->diagnosis)] ?? $row->diagnosis, 20, 'diagnosis', $note),
                $this->therapist($row->therapist, $therapists, $note),
            );
            $this->complete($rows[$place], isset($diagnoses[Choices::bare($row->diagnosis)]), $note);
        }
        return new ReadRows($rows, $faults);
    }

    /**
     * Code types of what was typed, taken whole and without the modifiers behind it.
     *
     * @param array<int, TypedRow> $rows
     * @return array<string, string> code => type
     */
    private function types(array $rows): array
    {
        $codes = [];
        foreach ($rows as $row) {
            array_push($codes, strtoupper($row->code), self::split($row->code)[0]);
        }
        return $this->choices->typesOf(array_values(array_filter(array_unique($codes))));
    }

    /**
     * The diagnoses that were typed, as they are written, by their code without the dot; and those of the visit.
     *
     * @param array<int, TypedRow> $rows
     * @return array<string, string>
     */
    private function diagnoses(array $rows, Visit $visit): array
    {
        $codes = array_map(static fn (TypedRow $row): string => $row->diagnosis, $rows);
        $found = $this->choices->diagnosesOf(array_values(array_filter($codes)));
        foreach (array_keys($this->choices->diagnoses($visit)) as $code) {
            $found[Choices::bare((string) $code)] ??= (string) $code;
        }
        return $found;
    }

    /** @param \Closure(string, string, bool=): void $note */
    private function complete(Row $row, bool $diagnosed, \Closure $note): void
    {
        if ($row->code === '') {
            $note('code', 'Name the technique.');
        } elseif ($row->codeType === '') {
            $note('code', 'The clinic has no such code among those with fees.');
        }
        if ($row->length() === null) {
            $note('minutes', 'Write the minutes, or start and end.');
        } elseif ($row->minutes !== null && $row->minutes < 1) {
            $note('minutes', 'Minutes are above zero.');
        } elseif ($row->minutes === null && $row->clocked() === 0) {
            $note('end', 'Start and end are the same.');
        } elseif ($row->length() > self::MOST_MINUTES) {
            $note('minutes', 'That is more than a day.');
        }
        if (($row->clocked() ?? 0) < 0) {
            $note('end', 'The end is before the start. Past midnight, write start and minutes.');
        } elseif (!$row->agrees()) {
            $note('minutes', 'Minutes and times differ. Correct one, or clear it.');
        }
        if ($row->therapist === null) {
            $note('therapist', 'Name the therapist.');
        }
        if ($row->diagnosis !== '' && !$diagnosed) {
            $note('diagnosis', 'There is no such ICD-10 code that can be billed.');
        }
    }

    /**
     * Start and end by the wall clock, and minutes. An end that is not written follows from start and minutes, and
     * minutes from start and end; minutes tell an end past midnight from one that is before its start.
     *
     * @param \Closure(string, string, bool=): void $note
     * @return array{?string, ?string, ?int}
     */
    private function times(TypedRow $row, Visit $visit, \Closure $note): array
    {
        $start = $this->clock($row->start, 'start', $note);
        $end = $this->clock($row->end, 'end', $note);
        $minutes = null;
        if ($row->minutes !== '') {
            if (preg_match('/^\d{1,5}$/D', $row->minutes)) {
                $minutes = (int) $row->minutes;
            } else {
                $note('minutes', 'Minutes are a whole number.', true);
            }
        }
        if ($start !== null && $row->end === '' && $minutes !== null && $minutes <= self::MOST_MINUTES) {
            $end = $start + $minutes * 60;
        } elseif ($start !== null && $end !== null && $minutes !== null && $end + 86400 === $start + $minutes * 60) {
            $end += 86400;
        } elseif ($start !== null && $end !== null && $row->minutes === '' && $end > $start) {
            $minutes = intdiv($end - $start, 60);
        }
        return [
            $start === null ? null : WallClock::on($visit->day, $start),
            $end === null ? null : WallClock::on($visit->day, $end),
            $minutes,
        ];
    }

    /** @param \Closure(string, string, bool=): void $note */
    private function clock(string $typed, string $field, \Closure $note): ?int
    {
        if ($typed === '') {
            return null;
        }
        $seconds = WallClock::read($typed);
        if ($seconds === null) {
            $note($field, 'This is no time of day.', true);
        }
        return $seconds;
    }

    /**
     * @param array<int, string> $therapists
     * @param \Closure(string, string, bool=): void $note
     */
    private function therapist(string $typed, array $therapists, \Closure $note): ?int
    {
        if ($typed === '' || $typed === '0') {
            return null;
        }
        if (!ctype_digit($typed) || !isset($therapists[(int) $typed])) {
            $note('therapist', 'This is none of the therapists.', true);
            return null;
        }
        return (int) $typed;
    }

    /** @param \Closure(string, string, bool=): void $note */
    private function fits(string $text, int $most, string $field, \Closure $note): string
    {
        if (mb_strlen($text) > $most) {
            $note($field, 'This is too long.', true);
            return '';
        }
        return $text;
    }

    /** The code of a row that names one region; several are looked up each by itself when they are read. */
    private function region(string $written): string
    {
        $each = $this->regions->each($written);
        return count($each) === 1 ? $each[0]['code'] : '';
    }

    /**
     * A code with the modifiers behind it: "97140-59", "97140:59:GP", "CPT4:97140 59". Anything else is taken whole,
     * and is no code of the clinic's.
     *
     * @return array{string, list<string>}
     */
    private static function split(string $typed): array
    {
        $found = [];
        $shape = '/^(?:[A-Z][A-Z0-9]*:)?([A-Z0-9]{4,7})((?:[-: ][A-Z0-9]{2})*)$/D';
        if (!preg_match($shape, strtoupper($typed), $found)) {
            return [strtoupper($typed), []];
        }
        $modifiers = preg_split('/[-: ]/', $found[2], -1, PREG_SPLIT_NO_EMPTY) ?: [];
        return [$found[1], array_values(array_unique($modifiers))];
    }
}
