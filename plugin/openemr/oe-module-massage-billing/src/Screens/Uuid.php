<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

/** FHIR's logical ids of core's rows: core keeps them as 16 bytes, FHIR and our tables as 36 characters. */
final class Uuid
{
    /**
     * SQL for the 36 characters of a binary uuid column, in the collation of our tables so that their indexes serve.
     *
     * @param literal-string $column
     */
    public static function sql(string $column): string
    {
        $parts = [];
        foreach ([[1, 8], [9, 4], [13, 4], [17, 4], [21, 12]] as [$from, $length]) {
            $parts[] = "SUBSTR(HEX($column), $from, $length)";
        }
        return "CONVERT(LOWER(CONCAT_WS('-', " . implode(', ', $parts) . ')) USING utf8mb4) COLLATE utf8mb4_bin';
    }

    /** The 16 bytes of an id; null where it is no uuid. */
    public static function bytes(string $id): ?string
    {
        return preg_match('/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i', $id)
            ? (string) hex2bin(str_replace('-', '', $id))
            : null;
    }

    /** A text in which ids of rows are cut short: nobody reads them whole, and the screens link to what they name. */
    public static function shortened(string $text): string
    {
        return (string) preg_replace('~\b([A-Z][A-Za-z]+/[0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f-]{22}~', '$1…', $text);
    }
}
