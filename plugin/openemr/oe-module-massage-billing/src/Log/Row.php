<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/** One row of a treatment log: one technique, as it was done. One row is one FHIR Procedure. */
final class Row
{
    /** Procedure.status of a row of a log that is not signed. */
    public const OPEN = 'in-progress';
    /** Procedure.status of a row of a signed log. */
    public const DONE = 'completed';
    /** Procedure.status of a row that was taken out: it is kept, and said to be wrong. */
    public const WRONG = 'entered-in-error';

    /**
     * @param string $uuid id of the Procedure; "" while it was never saved
     * @param string $codeType key of core's code type ("CPT4"); "" where the code is not in the clinic's list
     * @param list<string> $modifiers two characters each, in the order they were written
     * @param string $region SNOMED CT code of the body region; "" where it is words only
     * @param string|null $start local wall-clock, "2026-11-20 14:00:00"
     * @param string|null $end local wall-clock
     * @param int|null $minutes hands-on minutes
     * @param string $diagnosis ICD-10-CM, with its dot
     * @param int|null $therapist users.id
     */
    public function __construct(
        public readonly string $uuid = '',
        public readonly string $codeType = '',
        public readonly string $code = '',
        public readonly array $modifiers = [],
        public readonly string $region = '',
        public readonly string $regionText = '',
        public readonly ?string $start = null,
        public readonly ?string $end = null,
        public readonly ?int $minutes = null,
        public readonly string $diagnosis = '',
        public readonly ?int $therapist = null,
        public readonly string $status = self::OPEN,
    ) {
    }

    /** Whether it counts: it was not taken out. */
    public function stands(): bool
    {
        return $this->status !== self::WRONG;
    }

    /**
     * Minutes from start to end by the clock on the wall; null unless both are written. Below zero: the end is first.
     */
    public function clocked(): ?int
    {
        if ($this->start === null || $this->end === null) {
            return null;
        }
        return intdiv(self::stamp($this->end) - self::stamp($this->start), 60);
    }

    /** Hands-on minutes: as written, else by the clock; null where neither says. */
    public function length(): ?int
    {
        return $this->minutes ?? $this->clocked();
    }

    /** Whether minutes and times, where both are written, say the same. */
    public function agrees(): bool
    {
        $clocked = $this->clocked();
        return $clocked === null || $this->minutes === null || $clocked === $this->minutes;
    }

    /** Whether another row says the same of the treatment, whatever its id and status. */
    public function saysSame(self $other): bool
    {
        return $this->facts() === $other->facts();
    }

    /** The same row under another id and status. */
    public function as(string $uuid, string $status): self
    {
        return new self(
            $uuid,
            $this->codeType,
            $this->code,
            $this->modifiers,
            $this->region,
            $this->regionText,
            $this->start,
            $this->end,
            $this->minutes,
            $this->diagnosis,
            $this->therapist,
            $status,
        );
    }

    /**
     * What it says of the treatment, as the history keeps it.
     *
     * @return array<string, mixed>
     */
    public function facts(): array
    {
        return [
            'codeType' => $this->codeType,
            'code' => $this->code,
            'modifiers' => $this->modifiers,
            'region' => $this->region,
            'regionText' => $this->regionText,
            'start' => $this->start,
            'end' => $this->end,
            'minutes' => $this->minutes,
            'diagnosis' => $this->diagnosis,
            'therapist' => $this->therapist,
        ];
    }

    /** Code with its modifiers, as people write it: "97140-59". */
    public function written(): string
    {
        return implode('-', [$this->code, ...$this->modifiers]);
    }

    /** Wall-clock seconds that can be subtracted: the wall has no summer time. */
    public static function stamp(string $wall): int
    {
        return (new \DateTimeImmutable($wall, new \DateTimeZone('UTC')))->getTimestamp();
    }
}
