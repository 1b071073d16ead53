<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Screens;

use OpenEMR\Common\Database\QueryUtils;
use OpenEMR\Events\Appointments\CalendarUserGetEventsFilter;
use OpenEMR\Events\Core\StyleFilterEvent;
use OpenEMR\Modules\MassageBilling\Screens\CalendarMarks;
use OpenEMR\Modules\MassageBilling\Tests\Support\SetAccess;

final class CalendarMarksTest extends ScreensTestCase
{
    public function testAMarkIsASymbolAndAReasonBesideTheClinicsColour(): void
    {
        $patient = $this->clinic->patient();
        $visit = $this->appointment($patient['pid']);
        $this->keep($this->outlook($visit['uuid'], $patient['uuid'], [
            'readiness' => [['valueCode' => 'blocked']], 'to-settle' => [$this->text('x', 'Ask for the <current> card.')],
        ]));
        $shown = $this->marked([self::TODAY => [$this->event($visit['eid'], $patient['pid'])]])[self::TODAY][0];
        self::assertSame('✖ Testpatient, Synthetic', $shown['patient_name']);
        self::assertStringContainsString('Office Visit', $shown['catname']);
        self::assertStringContainsString("✖ Blocked\nAsk for the <current> card.", $shown['catname']); // core escapes it
        self::assertSame('event_appointment massage_billing massage_billing_blocked', $shown['eventViewClass']);
        self::assertSame('#FFE4B5', $shown['catcolor']);
    }

    /** @dataProvider standings */
    public function testEveryStandingHasItsOwnSymbol(string $code, string $judged, string $symbol): void
    {
        $patient = $this->clinic->patient();
        $visit = $this->appointment($patient['pid']);
        $this->keep($this->outlook($visit['uuid'], $patient['uuid'], [
            'readiness' => [['valueCode' => $code]], 'judged-on' => [['valueDate' => $judged]],
        ]));
        $shown = $this->marked([self::TODAY => [$this->event($visit['eid'], $patient['pid'])]])[self::TODAY][0];
        self::assertStringStartsWith("$symbol ", $shown['patient_name']);
    }

    /** @return array<string, array{string, string, string}> */
    public static function standings(): array
    {
        return [
            'ready' => ['ready', self::TODAY, '✔'],
            'to do' => ['act', self::TODAY, '▲'],
            'not known' => ['unknown', self::TODAY, '?'],
            'a word of a later release is not known' => ['splendid', self::TODAY, '?'],
            'ready yesterday' => ['ready', '2026-11-30', '◌'],
        ];
    }

    public function testWhatNobodyLookedAtAndWhatIsNoPatientsStaysAsItIs(): void
    {
        $patient = $this->clinic->patient();
        $looked = $this->appointment($patient['pid']);
        $this->keep($this->outlook($looked['uuid'], $patient['uuid']));
        $not = $this->appointment($patient['pid']);
        $days = [self::TODAY => [
            $this->event($looked['eid'], $patient['pid']), $this->event($not['eid'], $patient['pid']),
            ['catid' => 2] + $this->event(999, 0),
        ]];
        $shown = $this->marked($days)[self::TODAY];
        self::assertNotSame($days[self::TODAY][0], $shown[0]);
        self::assertSame($days[self::TODAY][1], $shown[1]);
        self::assertSame($days[self::TODAY][2], $shown[2]);
    }

    public function testOfASeriesAndOfAMovedAppointmentOnlyTheDayThatWasLookedAtIsMarked(): void
    {
        $patient = $this->clinic->patient();
        $visit = $this->appointment($patient['pid']);
        $this->keep($this->outlook($visit['uuid'], $patient['uuid'], [], '2026-12-02'));
        $event = $this->event($visit['eid'], $patient['pid']);
        $shown = $this->marked([self::TODAY => [$event], '2026-12-02' => [$event], '2026-12-09' => [$event]]);
        self::assertSame($event, $shown[self::TODAY][0]);
        self::assertSame($event, $shown['2026-12-09'][0]);
        self::assertStringStartsWith('▲', $shown['2026-12-02'][0]['patient_name']);
    }

    public function testAnotherModulesClassAndNoShowsAreKept(): void
    {
        $patient = $this->clinic->patient();
        $visit = $this->appointment($patient['pid']);
        $this->keep($this->outlook($visit['uuid'], $patient['uuid']));
        $event = $this->event($visit['eid'], $patient['pid']);
        $shown = $this->marked([self::TODAY => [['eventViewClass' => 'event_telehealth'] + $event, ['catid' => 1] + $event]]);
        self::assertStringStartsWith('event_telehealth massage_billing', $shown[self::TODAY][0]['eventViewClass']);
        self::assertStringStartsWith('event_noshow massage_billing', $shown[self::TODAY][1]['eventViewClass']);
    }

    public function testAPageCostsOneStatementHoweverManyAppointmentsItShows(): void
    {
        $patient = $this->clinic->patient();
        $events = [];
        for ($number = 0; $number < 200; $number++) {
            $visit = $this->appointment($patient['pid']);
            $this->keep($this->outlook($visit['uuid'], $patient['uuid']));
            $events[] = $this->event($visit['eid'], $patient['pid']);
        }
        QueryUtils::$statements = [];
        $shown = $this->marked([self::TODAY => $events]);
        self::assertCount(1, QueryUtils::$statements);
        self::assertStringStartsWith('▲', $shown[self::TODAY][199]['patient_name']);
    }

    public function testThePastAndOtherPagesAndOtherPeopleCostNothing(): void
    {
        $patient = $this->clinic->patient();
        $visit = $this->appointment($patient['pid'], '2026-11-02');
        $days = ['2026-11-02' => [$this->event($visit['eid'], $patient['pid'])]];
        QueryUtils::$statements = [];
        self::assertSame($days, $this->marked($days));
        self::assertSame($days, $this->marked($days, 'year'));
        self::assertSame([self::TODAY => $days['2026-11-02']], $this->marked([self::TODAY => $days['2026-11-02']], 'day', []));
        self::assertSame([], QueryUtils::$statements);
    }

    public function testTheStyleSheetIsLoadedOnCalendarPagesOnly(): void
    {
        foreach (['/interface/main/calendar/index.php' => 1, '/interface/main/tabs/main.php' => 0] as $page => $count) {
            $event = new StyleFilterEvent($page);
            $this->marks(['patients/appt'])->style($event);
            self::assertCount($count, $event->getStyles());
        }
        self::assertFileExists(MODULE . '/public/assets/calendar.css');
    }

    /**
     * @param array<string, list<array<string, mixed>>> $days
     * @param list<string> $rights
     * @return array<string, list<array<string, mixed>>>
     */
    private function marked(array $days, string $view = 'week', array $rights = ['patients/appt']): array
    {
        $event = (new CalendarUserGetEventsFilter())->setEventsByDays($days)->setViewType($view);
        $this->marks($rights)->mark($event);
        return $event->getEventsByDays();
    }

    /** @param list<string> $rights */
    private function marks(array $rights): CalendarMarks
    {
        return new CalendarMarks($this->database, new SetAccess($rights), $this->clock, $this->words(), '/module/public/assets');
    }

    /** @return array<string, mixed> as core's pnuserapi.php makes it */
    private function event(int $eid, int $pid): array
    {
        return [
            'eid' => (string) $eid, 'pid' => (string) $pid, 'gid' => null, 'catid' => '5', 'catcolor' => '#FFE4B5',
            'catname' => 'Office Visit', 'patient_name' => 'Testpatient, Synthetic', 'startTime' => '09:00:00',
        ];
    }
}
