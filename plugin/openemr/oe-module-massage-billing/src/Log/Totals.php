<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/**
 * Minutes of a log, by therapist and over all.
 *
 * A therapist's minutes are counted once: where two rows of hers overlap by the clock, the time they share counts as
 * one. What two therapists do at the same time counts for each.
 */
final class Totals
{
    /**
     * @param array<int, int> $byTherapist users.id (0: nobody named) => minutes
     * @param list<array{int, int}> $overlaps places in the list of rows, two that overlap for one therapist
     */
    private function __construct(
        public readonly array $byTherapist,
        public readonly int $overall,
        public readonly array $overlaps,
    ) {
    }

    /** @param list<Row> $rows those that count */
    public static function of(array $rows): self
    {
        $minutes = [];
        $clocked = [];
        foreach ($rows as $place => $row) {
            $whose = $row->therapist ?? 0;
            $length = $row->clocked();
            if ($length !== null && $length > 0 && $row->agrees()) {
                $clocked[$whose][] = [Row::stamp((string) $row->start), Row::stamp((string) $row->end), $place];
            } else {
                $minutes[$whose] = ($minutes[$whose] ?? 0) + max(0, $row->minutes ?? 0);
            }
        }
        $overlaps = [];
        foreach ($clocked as $whose => $spans) {
            $minutes[$whose] = ($minutes[$whose] ?? 0) + self::together($spans);
            $overlaps = [...$overlaps, ...self::shared($spans)];
        }
        ksort($minutes);
        return new self($minutes, array_sum($minutes), $overlaps);
    }

    /** @param list<array{int, int, int}> $spans */
    private static function together(array $spans): int
    {
        sort($spans);
        $seconds = 0;
        $until = PHP_INT_MIN;
        foreach ($spans as [$start, $end]) {
            $seconds += max(0, $end - max($start, $until));
            $until = max($until, $end);
        }
        return intdiv($seconds, 60);
    }

    /**
     * @param list<array{int, int, int}> $spans
     * @return list<array{int, int}>
     */
    private static function shared(array $spans): array
    {
        $found = [];
        foreach ($spans as $at => [$start, $end, $place]) {
            foreach (array_slice($spans, $at + 1) as [$other, $otherEnd, $otherPlace]) {
                if ($start < $otherEnd && $other < $end) {
                    $found[] = [$place, $otherPlace];
                }
            }
        }
        return $found;
    }
}
