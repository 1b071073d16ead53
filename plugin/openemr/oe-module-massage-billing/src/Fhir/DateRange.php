<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/**
 * One value of a date search parameter, "ge2026-11-03": a prefix and the span of time its date means
 * (FHIR R4, search.html#date). A date without a zone is read as UTC.
 */
final class DateRange
{
    private const FORM = '/^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(\d{4})(?:-(\d\d)(?:-(\d\d)'
        . '(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+ -]\d\d:\d\d)?)?)?)?$/D';

    /**
     * @param string $prefix "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb" or "ap"
     * @param \DateTimeImmutable $start first moment of what the date means
     * @param \DateTimeImmutable $end first moment after it
     */
    private function __construct(
        public readonly string $prefix,
        public readonly \DateTimeImmutable $start,
        public readonly \DateTimeImmutable $end
    ) {
    }

    /** From a search value; $now is what "ap" measures from. Refused (400) where it is none. */
    public static function parse(string $name, string $written, \DateTimeImmutable $now): self
    {
        if (preg_match(self::FORM, $written, $found, PREG_UNMATCHED_AS_NULL) !== 1) {
            throw new Refused(400, 'value', "The value of $name is no FHIR date with a prefix.");
        }
        [, $prefix, $year, $month, $day, $hour, $minute, $second, $fraction, $zone] = $found;
        $zone = str_replace([' ', 'Z'], ['+', '+00:00'], $zone ?? 'Z'); // an unquoted "+" comes as a space
        $time = sprintf('%s:%s:%s', $hour ?? '00', $minute ?? '00', $second ?? '00');
        $text = sprintf('%s-%s-%sT%s%s', $year, $month ?? '01', $day ?? '01', $time, $zone);
        $start = \DateTimeImmutable::createFromFormat('!Y-m-d\TH:i:sP', $text);
        $faults = \DateTimeImmutable::getLastErrors();
        if ($start === false || ($faults !== false && $faults['warning_count'] > 0)) {
            throw new Refused(400, 'value', "The value of $name is no date of the calendar.");
        }
        $start = $start->setTimezone(new \DateTimeZone('UTC'));
        if ($fraction !== null) {
            $start = $start->modify('+' . str_pad(substr($fraction, 0, 3), 3, '0') . ' milliseconds');
        }
        $span = match (null) {
            $month => '+1 year',
            $day => '+1 month',
            $hour => '+1 day',
            $second => '+1 minute',
            $fraction => '+1 second',
            default => '+1 millisecond',
        };
        return self::prefixed($prefix ?? 'eq', $start, $start->modify($span), $now);
    }

    /** Whether a moment, known to the millisecond, is one that was asked for. */
    public function holds(\DateTimeImmutable $at): bool
    {
        return match ($this->prefix) {
            'ne' => $at < $this->start || $at >= $this->end,
            'gt', 'sa' => $at >= $this->end,
            'ge' => $at >= $this->start,
            'lt', 'eb' => $at < $this->start,
            'le' => $at < $this->end,
            default => $at >= $this->start && $at < $this->end,
        };
    }

    /** First moment that can be meant; null: no bound. (For a point in time; "ne" has none.) */
    public function since(): ?\DateTimeImmutable
    {
        return match ($this->prefix) {
            'gt', 'sa' => $this->end,
            'eq', 'ge', 'ap' => $this->start,
            default => null,
        };
    }

    /** First moment that can be meant no more; null: no bound. */
    public function before(): ?\DateTimeImmutable
    {
        return match ($this->prefix) {
            'lt', 'eb' => $this->start,
            'eq', 'le', 'ap' => $this->end,
            default => null,
        };
    }

    /** "About" is a tenth of the time between then and now, to both sides. */
    private static function prefixed(
        string $prefix,
        \DateTimeImmutable $start,
        \DateTimeImmutable $end,
        \DateTimeImmutable $now
    ): self {
        if ($prefix !== 'ap') {
            return new self($prefix, $start, $end);
        }
        $seconds = intdiv(abs($now->getTimestamp() - $start->getTimestamp()), 10);
        return new self($prefix, $start->modify("-$seconds seconds"), $end->modify("+$seconds seconds"));
    }
}
