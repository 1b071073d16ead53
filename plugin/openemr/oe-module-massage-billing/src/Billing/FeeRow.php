<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** A row of core's table billing, as the module wants it: one claim line, or one diagnosis. */
final class FeeRow
{
    /** What makes a row what it is; the rest (who, when, state of billing) is core's business. */
    private const SAID = ['code_type', 'code', 'modifier', 'units', 'fee', 'justify', 'provider_id', 'notecodes'];
    /** A digest is 48 hex digits of what is said and 16 of the payer, which Billing Manager may choose anew. */
    private const CONTENT = 48;

    /**
     * @param string $kind cpt or dx
     * @param array<string, string|int> $columns
     */
    private function __construct(public readonly string $kind, public readonly array $columns)
    {
    }

    /** The row of a claim line. */
    public static function line(ClaimLine $line, int $provider, int $payer, string $text): self
    {
        $pointers = array_map(static fn(string $code): string => "ICD10|$code:", $line->diagnoses);
        return new self('cpt', [
            'code_type' => $line->codeType,
            'code' => $line->code,
            'modifier' => implode(':', $line->modifiers),
            'units' => $line->units,
            'fee' => Money::decimal($line->cents),
            'justify' => implode('', $pointers), // the fee sheet cuts the last character off: the colon has to be there
            'provider_id' => $provider,
            'payer_id' => $payer,
            'notecodes' => '',
            'code_text' => $text,
        ]);
    }

    /** The row of a diagnosis. */
    public static function diagnosis(string $code, int $payer, string $text): self
    {
        return new self('dx', [
            'code_type' => 'ICD10', 'code' => $code, 'modifier' => '', 'units' => 1, 'fee' => '0.00', 'justify' => '',
            'provider_id' => 0, 'payer_id' => $payer, 'notecodes' => '', 'code_text' => $text,
        ]);
    }

    public function code(): string
    {
        return (string) $this->columns['code'];
    }

    /** Digest of what the row says and to whom it is billed. */
    public function digest(): string
    {
        return self::digestOf($this->kind, $this->columns);
    }

    /**
     * The same digest of a row as it stands in the table.
     *
     * @param array<string, mixed> $row
     */
    public static function digestOf(string $kind, array $row): string
    {
        $said = [];
        foreach ($kind === 'dx' ? ['code_type', 'code'] : self::SAID as $column) {
            $value = trim((string) ($row[$column] ?? ''));
            $said[] = match ($column) {
                'fee' => number_format((float) $value, 2, '.', ''),
                'units', 'provider_id' => (string) (int) $value,
                default => $value,
            };
        }
        $content = substr(hash('sha256', implode("\x1f", $said)), 0, self::CONTENT);
        return $content . sprintf('%016x', $kind === 'dx' ? 0 : (int) ($row['payer_id'] ?? 0));
    }

    /**
     * Whether a row of the table still says what was written; its payer may differ once it went through Billing
     * Manager, where a person chooses it.
     *
     * @param array<string, mixed> $row
     */
    public static function stands(string $kind, array $row, string $digest): bool
    {
        $now = self::digestOf($kind, $row);
        $wasBilled = ($row['bill_date'] ?? null) !== null || ($row['process_date'] ?? null) !== null;
        return $now === $digest || ($wasBilled && substr($now, 0, self::CONTENT) === substr($digest, 0, self::CONTENT));
    }

    /**
     * The columns in which a row of the table differs.
     *
     * @param array<string, mixed> $row
     * @return array<string, string|int>
     */
    public function differences(array $row): array
    {
        $same = static fn(string $name, mixed $value): bool =>
            is_numeric($value) && is_numeric($row[$name] ?? null) && in_array($name, ['fee', 'units'], true)
                ? (float) $value === (float) $row[$name]
                : (string) $value === (string) ($row[$name] ?? '');
        return array_filter(
            $this->columns,
            static fn(mixed $value, string $name): bool => !$same($name, $value),
            ARRAY_FILTER_USE_BOTH
        );
    }
}
