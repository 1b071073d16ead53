<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Log;

use OpenEMR\Modules\MassageBilling\Log\Row;
use OpenEMR\Modules\MassageBilling\Log\Totals;
use PHPUnit\Framework\TestCase;

/** Minutes are counted once for each therapist. */
final class TotalsTest extends TestCase
{
    private static function timed(string $start, string $end, int $therapist = 1): Row
    {
        return new Row(code: '97124', start: "2026-12-01 $start:00", end: "2026-12-01 $end:00", therapist: $therapist);
    }

    public function testMinutesAddUpByTherapistAndOverAll(): void
    {
        $totals = Totals::of([
            new Row(minutes: 15, therapist: 1),
            self::timed('10:00', '10:30'),
            self::timed('10:00', '10:45', 2),
        ]);
        self::assertSame([1 => 45, 2 => 45], $totals->byTherapist);
        self::assertSame(90, $totals->overall);
        self::assertSame([], $totals->overlaps);
    }

    public function testSharedTimeOfOneTherapistCountsOnceAndIsNamed(): void
    {
        $totals = Totals::of([
            self::timed('10:00', '11:00'),
            self::timed('10:45', '11:15'),
            self::timed('10:50', '10:55'),
            self::timed('11:15', '11:30'),
        ]);
        self::assertSame(90, $totals->overall);
        self::assertSame([[0, 1], [0, 2], [1, 2]], $totals->overlaps);
    }

    public function testWithoutRowsThereIsNothing(): void
    {
        self::assertSame(0, Totals::of([])->overall);
    }

    public function testARowThatIsNotFinishedCountsNothing(): void
    {
        self::assertSame(0, Totals::of([new Row(start: '2026-12-01 10:00:00')])->overall);
        self::assertSame(0, Totals::of([self::timed('10:00', '09:00')])->overall);
    }
}
