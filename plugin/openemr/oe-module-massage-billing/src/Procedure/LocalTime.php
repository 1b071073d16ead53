<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

/**
 * Core's local times in FHIR: the wall clock as it is written, with the offset that PHP has now.
 *
 * As core's UtilsService::getLocalDateAsUTC() does it. The offset of the day itself would be right, and would put our
 * times beside core's Encounter an hour apart from it for half the year.
 */
final class LocalTime
{
    /** "2026-12-01 10:00:00" as a FHIR dateTime. */
    public static function fhir(string $wall): string
    {
        return (new \DateTimeImmutable($wall, self::offset()))->format(DATE_ATOM);
    }

    /** A moment as the wall clock shows it, by the same offset. */
    public static function wall(\DateTimeImmutable $moment): string
    {
        return $moment->setTimezone(self::offset())->format('Y-m-d H:i:s');
    }

    public static function offset(): \DateTimeZone
    {
        return new \DateTimeZone(date('P'));
    }
}
