<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/**
 * Random ids (RFC 4122, version 4) for rows.
 *
 * Core's uuid_registry is for rows of core's own tables: its FHIR services never look a Procedure's id up there, and
 * 122 random bits need no register to be unique.
 */
final class Uuid
{
    public static function make(): string
    {
        $bytes = random_bytes(16);
        $bytes[6] = chr(ord($bytes[6]) & 0x0F | 0x40);
        $bytes[8] = chr(ord($bytes[8]) & 0x3F | 0x80);
        return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($bytes), 4));
    }

    public static function is(string $text): bool
    {
        return preg_match('/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/D', $text) === 1;
    }
}
