<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** Times that core wrote, local wall-clock, as moments. */
final class LocalMoment
{
    /**
     * The moment of a local time. The hour that a clock shows twice in autumn is taken for the second: who asks for
     * what changed since then hears of it once too often, not once too rarely.
     */
    public static function of(string $local): \DateTimeImmutable
    {
        $zone = new \DateTimeZone(date_default_timezone_get());
        $moment = new \DateTimeImmutable($local, $zone);
        $later = (new \DateTimeImmutable('@' . ($moment->getTimestamp() + 3600)))->setTimezone($zone);
        $isTwice = $later->format('Y-m-d H:i:s') === $moment->format('Y-m-d H:i:s');
        return ($isTwice ? $later : $moment)->setTimezone(new \DateTimeZone('UTC'));
    }

    /** A moment, "2026-12-01 18:00:00.000" in UTC as our tables hold it, as core's local time. */
    public static function local(string $utc): string
    {
        $moment = new \DateTimeImmutable($utc, new \DateTimeZone('UTC'));
        return $moment->setTimezone(new \DateTimeZone(date_default_timezone_get()))->format('Y-m-d H:i:s');
    }

    /** A local time that is surely not after a moment's. */
    public static function before(\DateTimeImmutable $moment): string
    {
        $zone = new \DateTimeZone(date_default_timezone_get());
        return $moment->modify('-2 hours')->setTimezone($zone)->format('Y-m-d H:i:s');
    }
}
