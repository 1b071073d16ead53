<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** JSON as we write it: nothing escaped that need not be, decimals that are given as Number spelled as they are. */
final class Json
{
    private const FLAGS = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION
        | JSON_THROW_ON_ERROR;

    /** A value as JSON. */
    public static function encode(mixed $value): string
    {
        $text = json_encode($value, self::FLAGS, JsonText::DEPTH);
        return str_contains($text, Number::MARK) ? Number::spelled($text) : $text;
    }

    /** A moment as a FHIR instant, "2026-12-01T18:00:00.000Z". */
    public static function instant(\DateTimeImmutable $at): string
    {
        return $at->setTimezone(new \DateTimeZone('UTC'))->format('Y-m-d\TH:i:s.v\Z');
    }
}
