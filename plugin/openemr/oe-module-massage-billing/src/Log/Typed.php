<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/** A whole log as somebody typed it. */
final class Typed
{
    private const MOST_ROWS = 60;

    /**
     * @param list<TypedRow> $rows
     * @param int $version the saved version the form was made from
     */
    public function __construct(
        public readonly array $rows,
        public readonly int $version = 0,
        public readonly bool $selfPay = false,
        public readonly string $note = '',
        public readonly string $reason = '',
    ) {
    }

    /** @param array<mixed> $posted */
    public static function from(array $posted): self
    {
        $rows = [];
        foreach (is_array($posted['rows'] ?? null) ? $posted['rows'] : [] as $row) {
            if (is_array($row) && count($rows) < self::MOST_ROWS) {
                $rows[] = TypedRow::from($row);
            }
        }
        return new self(
            $rows,
            is_numeric($posted['version'] ?? null) ? (int) $posted['version'] : 0,
            !empty($posted['self_pay']),
            self::text($posted['note'] ?? '', 4000),
            self::text($posted['reason'] ?? '', 255),
        );
    }

    /** A saved log, as it is shown in the form. */
    public static function of(TreatmentLog $log): self
    {
        return new self(
            array_map(TypedRow::of(...), $log->standing()),
            $log->version,
            $log->isSelfPay(),
            $log->note,
        );
    }

    /** The same, made from another saved version. */
    public function upon(int $version): self
    {
        return new self($this->rows, $version, $this->selfPay, $this->note, $this->reason);
    }

    /** With an empty row more. */
    public function longer(int $therapist): self
    {
        $empty = new TypedRow(therapist: $therapist > 0 ? (string) $therapist : '');
        return $this->with([...$this->rows, $empty]);
    }

    /** Without the rows that were marked for removal. */
    public function shorter(): self
    {
        return $this->with(array_values(array_filter($this->rows, static fn (TypedRow $r): bool => !$r->remove)));
    }

    /** @param list<TypedRow> $rows */
    private function with(array $rows): self
    {
        return new self($rows, $this->version, $this->selfPay, $this->note, $this->reason);
    }

    private static function text(mixed $value, int $most): string
    {
        return is_string($value) ? mb_substr(trim(str_replace("\r\n", "\n", $value)), 0, $most) : '';
    }
}
