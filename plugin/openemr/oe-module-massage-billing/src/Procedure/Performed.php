<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

use OpenEMR\Modules\MassageBilling\Fhir\Refused;

/**
 * One value of the search parameter `date`: a prefix and the span of wall-clock time that its date means.
 *
 * A value without an offset means the clinic's own clock. What was performed is a span too: a prefix is about the two
 * (FHIR R4, search.html#prefix). `ge` and `le` also find what reaches over the edge of the value, such as a treatment
 * past midnight: the words of the standard leave it out on both days, and a reader by days would never see it.
 */
final class Performed
{
    private const FORM = '/^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(\d{4})(?:-(\d\d)(?:-(\d\d)'
        . '(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(Z|[+ -]\d\d:\d\d)?)?)?)?$/D';

    /**
     * @param string $start wall clock, "2026-12-01 00:00:00"
     * @param string $end wall clock, the last second of it
     */
    private function __construct(
        public readonly string $prefix,
        public readonly string $start,
        public readonly string $end,
        public readonly string $written
    ) {
    }

    public static function parse(string $written, \DateTimeImmutable $now): self
    {
        if (preg_match(self::FORM, $written, $found, PREG_UNMATCHED_AS_NULL) !== 1) {
            throw new Refused(400, 'value', 'The value of date is no FHIR date with a prefix.');
        }
        [, $prefix, $year, $month, $day, $hour, $minute, $second, $zone] = $found;
        $text = sprintf(
            '%s-%s-%s %s:%s:%s',
            $year,
            $month ?? '01',
            $day ?? '01',
            $hour ?? '00',
            $minute ?? '00',
            $second ?? '00'
        );
        $offset = $zone === null ? LocalTime::offset()
            : new \DateTimeZone(str_replace([' ', 'Z'], ['+', '+00:00'], $zone)); // an unquoted "+" comes as a space
        $start = \DateTimeImmutable::createFromFormat('!Y-m-d H:i:s', $text, $offset);
        $faults = \DateTimeImmutable::getLastErrors();
        if ($start === false || ($faults !== false && $faults['warning_count'] > 0)) {
            throw new Refused(400, 'value', 'The value of date is no date of the calendar.');
        }
        $span = match (null) {
            $month => '+1 year',
            $day => '+1 month',
            $hour => '+1 day',
            $second => '+1 minute',
            default => '+1 second',
        };
        $end = $start->modify($span)->modify('-1 second');
        if ($prefix === 'ap') { // a tenth of the time between then and now, to both sides
            $seconds = intdiv(abs($now->getTimestamp() - $start->getTimestamp()), 10);
            [$start, $end] = [$start->modify("-$seconds seconds"), $end->modify("+$seconds seconds")];
        }
        return new self($prefix ?? 'eq', LocalTime::wall($start), LocalTime::wall($end), $written);
    }

    /** Whether what was performed from $low to $high, both as the wall clock shows them, is meant. */
    public function holds(string $low, string $high): bool
    {
        return match ($this->prefix) {
            'eq' => $low >= $this->start && $high <= $this->end,
            'ne' => $low < $this->start || $high > $this->end,
            'gt' => $high > $this->end,
            'ge' => $high >= $this->start,
            'lt' => $low < $this->start,
            'le' => $low <= $this->end,
            'sa' => $low > $this->end,
            'eb' => $high < $this->start,
            default => $low <= $this->end && $high >= $this->start,
        };
    }

    /**
     * The same in SQL, over two expressions that are never NULL.
     *
     * @return array{string, list<string>}
     */
    public function sql(string $low, string $high): array
    {
        $within = "($low >= ? AND $high <= ?)";
        return match ($this->prefix) {
            'eq' => [$within, [$this->start, $this->end]],
            'ne' => ["NOT $within", [$this->start, $this->end]],
            'gt' => ["$high > ?", [$this->end]],
            'ge' => ["$high >= ?", [$this->start]],
            'lt' => ["$low < ?", [$this->start]],
            'le' => ["$low <= ?", [$this->end]],
            'sa' => ["$low > ?", [$this->end]],
            'eb' => ["$high < ?", [$this->start]],
            default => ["($low <= ? AND $high >= ?)", [$this->end, $this->start]],
        };
    }

    /**
     * The first and last day on which a visit can have begun that is meant, for the index; null: no bound. What began
     * on a day ends on the next at the latest.
     *
     * @return array{string|null, string|null}
     */
    public function days(): array
    {
        $before = (new \DateTimeImmutable($this->start))->modify('-1 day')->format('Y-m-d');
        $after = substr($this->end, 0, 10);
        return match ($this->prefix) {
            'eq', 'ap' => [$before, $after],
            'ge' => [$before, null],
            'gt', 'sa' => [(new \DateTimeImmutable($this->end))->modify('-1 day')->format('Y-m-d'), null],
            'lt', 'eb' => [null, substr($this->start, 0, 10)],
            'le' => [null, $after],
            default => [null, null],
        };
    }
}
