<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Modules\MassageBilling\Core\Clock;

/** Days and times as the clinic writes them: in the zone that OpenEMR sets for PHP. */
final class Day
{
    /** Today, an ISO date. */
    public static function today(Clock $clock): string
    {
        return self::local($clock->now())->format('Y-m-d');
    }

    /** A time of our tables (UTC) as the clinic's wall clock shows it, "2026-12-01 10:05"; "" for none. */
    public static function clock(string|int|float|null $utc): string
    {
        if ($utc === null || $utc === '') {
            return '';
        }
        try {
            $time = new \DateTimeImmutable((string) $utc, new \DateTimeZone('UTC'));
        } catch (\Exception) {
            return '';
        }
        return self::local($time)->format('Y-m-d H:i');
    }

    private static function local(\DateTimeImmutable $time): \DateTimeImmutable
    {
        return $time->setTimezone(new \DateTimeZone(date_default_timezone_get()));
    }
}
