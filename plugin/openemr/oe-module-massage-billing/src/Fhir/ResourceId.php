<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** Ids of kept resources: UUIDs of version 7 (RFC 9562), which count up with time and cannot be guessed. */
final class ResourceId
{
    public static function at(\DateTimeImmutable $now): string
    {
        $time = str_pad(dechex((int) $now->format('Uv')), 12, '0', STR_PAD_LEFT);
        $chance = bin2hex(random_bytes(10));
        $variant = dechex(8 | (hexdec($chance[3]) & 3));
        return sprintf(
            '%s-%s-7%s-%s%s-%s',
            substr($time, 0, 8),
            substr($time, 8),
            substr($chance, 0, 3),
            $variant,
            substr($chance, 4, 3),
            substr($chance, 7, 12)
        );
    }
}
