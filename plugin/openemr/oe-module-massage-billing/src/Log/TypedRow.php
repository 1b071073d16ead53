<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/** A row as somebody typed it, unread, so that it can be shown again. */
final class TypedRow
{
    public const FIELDS = ['uuid', 'code', 'region', 'start', 'end', 'minutes', 'diagnosis', 'therapist'];

    public function __construct(
        public readonly string $uuid = '',
        public readonly string $code = '',
        public readonly string $region = '',
        public readonly string $start = '',
        public readonly string $end = '',
        public readonly string $minutes = '',
        public readonly string $diagnosis = '',
        public readonly string $therapist = '',
        public readonly bool $remove = false,
    ) {
    }

    /** @param array<mixed> $posted */
    public static function from(array $posted): self
    {
        $fields = [];
        foreach (self::FIELDS as $field) {
            $value = $posted[$field] ?? '';
            $fields[$field] = is_string($value) ? mb_substr(trim($value), 0, 200) : '';
        }
        return new self(...$fields, remove: !empty($posted['remove']));
    }

    /** A saved row, as it is shown in the form. */
    public static function of(Row $row): self
    {
        return new self(
            $row->uuid,
            $row->code === '' ? '' : $row->written(),
            $row->regionText,
            self::clock($row->start),
            self::clock($row->end),
            $row->minutes === null ? '' : (string) $row->minutes,
            $row->diagnosis,
            $row->therapist === null ? '' : (string) $row->therapist,
        );
    }

    /** Whether nothing of a treatment was typed; a therapist alone is what the page fills in by itself. */
    public function isEmpty(): bool
    {
        return $this->code . $this->region . $this->start . $this->end . $this->minutes . $this->diagnosis === '';
    }

    /** "14:05" of "2026-12-01 14:05:00". */
    private static function clock(?string $wall): string
    {
        return $wall === null ? '' : substr($wall, 11, 5);
    }
}
