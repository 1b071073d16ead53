<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/** Times of day as people write them. */
final class WallClock
{
    /** Seconds of the day; null where it is no time of day: "14:05", "9:05", "0905", "2:05 pm". */
    public static function read(string $typed): ?int
    {
        if (!preg_match('/^(\d{1,2})[:.h]?(\d{2})(?::\d{2})?\s*([ap])?\.?(?:m\.?)?$/iD', trim($typed), $found)) {
            return null;
        }
        $hour = (int) $found[1];
        $half = strtolower($found[3] ?? '');
        if ((int) $found[2] > 59 || $hour > 23 || ($half !== '' && ($hour < 1 || $hour > 12))) {
            return null;
        }
        if ($half !== '') {
            $hour = $hour % 12 + ($half === 'p' ? 12 : 0);
        }
        return $hour * 3600 + (int) $found[2] * 60;
    }

    /** Local wall-clock, "2026-12-01 14:05:00", so many seconds after midnight of a day; may reach into the next. */
    public static function on(string $day, int $seconds): string
    {
        $midnight = new \DateTimeImmutable($day . ' 00:00:00', new \DateTimeZone('UTC'));
        return $midnight->modify("+$seconds seconds")->format('Y-m-d H:i:s');
    }
}
