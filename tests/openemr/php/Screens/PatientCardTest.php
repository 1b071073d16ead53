<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Screens;

use OpenEMR\Common\Database\QueryUtils;
use OpenEMR\Events\Patient\Summary\Card\SectionEvent;
use OpenEMR\Modules\MassageBilling\Boundary;
use OpenEMR\Modules\MassageBilling\Screens\PatientCard;
use OpenEMR\Modules\MassageBilling\Tests\Support\TestDatabase;

final class PatientCardTest extends ScreensTestCase
{
    public function testItSaysWhatIsKnownOfTheNextVisit(): void
    {
        $patient = $this->clinic->patient();
        $visit = $this->appointment($patient['pid'], '2026-12-03');
        $this->keep($this->outlook($visit['uuid'], $patient['uuid'], [
            'readiness' => [['valueCode' => 'act']],
            'to-settle' => [$this->text('few-visits-left', 'Ask for more visits.')],
            'payer' => [['valueString' => 'acme']],
            'standing' => [['valueCode' => 'in-force']],
            'answered-on' => [['valueDate' => '2026-11-30']],
            'visits-left' => [['valueUnsignedInt' => 2]],
            'binds' => [['valueString' => 'authorization']],
            'visits-left-told' => [['valueString' => 'Two of ten are left.']],
            'authorization' => [['valueString' => 'AUTH-778']],
            'authorization-ends' => [['valueDate' => '2026-12-15']],
            'authorization-left' => [['valueUnsignedInt' => 2]],
            'clock' => [['what' => 'authorization ends', 'valueDate' => '2026-12-15']],
            'cost' => [['valueRange' => ['low' => ['value' => 20], 'high' => ['value' => 45.5]]]],
        ], '2026-12-03'));
        $said = $this->content($patient['pid']);
        foreach (['To do', '2026-12-03', 'Ask for more visits.', 'in force', '(acme)', 'answered 2026-11-30', 'at most 2',
                     'by the authorization', 'Two of ten are left.', 'AUTH-778', '2 visits left', 'until 2026-12-15',
                     '2026-12-15: authorization ends', '$20.00 to $45.50'] as $text) {
            self::assertStringContainsString($text, $said);
        }
    }

    public function testTheNextOfSeveralVisitsIsShownAndPastOnesAreNot(): void
    {
        $patient = $this->clinic->patient();
        foreach (['2026-11-30' => 'past', '2026-12-09' => 'later', '2026-12-02' => 'next'] as $day => $text) {
            $visit = $this->appointment($patient['pid'], $day);
            $this->keep($this->outlook($visit['uuid'], $patient['uuid'], ['to-settle' => [$this->text('x', "It is $text.")]], $day));
        }
        $said = $this->content($patient['pid']);
        self::assertStringContainsString('It is next.', $said);
        self::assertStringNotContainsString('It is past.', $said);
        self::assertStringContainsString('(1 more booked)', $said);
    }

    public function testWhatWasFoundOnAnEarlierDayIsNotShownAsReadyNow(): void
    {
        $patient = $this->clinic->patient();
        $visit = $this->appointment($patient['pid']);
        $this->keep($this->outlook($visit['uuid'], $patient['uuid'], [
            'readiness' => [['valueCode' => 'ready']], 'judged-on' => [['valueDate' => '2026-11-30']],
        ]));
        $said = $this->content($patient['pid']);
        self::assertStringContainsString('Not looked at today', $said);
        self::assertStringContainsString('as of 2026-11-30: Ready', $said);
        self::assertStringNotContainsString('badge-success', $said);
    }

    public function testWithoutAComingVisitThePayersNewestAnswerIsShown(): void
    {
        $patient = $this->clinic->patient();
        $coverage = $this->clinic->coverage($patient['pid']);
        foreach ([['2026-11-02', true, '2026-11-01 00:00:00'], ['2026-11-20', false, '2026-11-19 00:00:00']] as [$day, $inForce, $at]) {
            $this->keep([
                'resourceType' => 'CoverageEligibilityResponse', 'status' => 'active', 'outcome' => 'complete',
                'patient' => ['reference' => "Patient/$patient[uuid]"], 'servicedDate' => $day, 'created' => $day,
                'insurer' => ['reference' => "Organization/$coverage[payer]"], 'insurance' => [['inforce' => $inForce]],
            ], $at);
        }
        $said = $this->content($patient['pid']);
        self::assertStringContainsString('not in force', $said);
        self::assertStringContainsString('(Test Health Plan)', $said);
        self::assertStringContainsString('asked for 2026-11-20', $said);
    }

    public function testNothingIsTakenForAYes(): void
    {
        $patient = $this->clinic->patient();
        self::assertStringContainsString('not known: no payer was asked', $this->content($patient['pid']));
        $this->keep([
            'resourceType' => 'CoverageEligibilityResponse', 'status' => 'active', 'outcome' => 'complete',
            'patient' => ['reference' => "Patient/$patient[uuid]"], 'servicedDate' => '2026-12-01',
        ]);
        self::assertStringContainsString('not known: the payer did not say', $this->content($patient['pid']));
    }

    public function testItIsAboutThisPatientOnly(): void
    {
        [$one, $other] = [$this->clinic->patient(), $this->clinic->patient()];
        $visit = $this->appointment($other['pid']);
        $this->keep($this->outlook($visit['uuid'], $other['uuid'], ['to-settle' => [$this->text('x', 'Of somebody else.')]]));
        $encounter = $this->clinic->encounter($other['pid']);
        $this->keep($this->hold($encounter['uuid'], $other['uuid'], [['minutes-documented', 'No minutes.']]));
        $said = $this->content($one['pid']);
        self::assertStringNotContainsString('Of somebody else.', $said);
        self::assertStringNotContainsString('cannot be billed', $said);
    }

    public function testHeldVisitsAreCountedAndTheirFilingLimitIsADeadline(): void
    {
        $patient = $this->clinic->patient();
        $encounter = $this->clinic->encounter($patient['pid']);
        $this->keep($this->hold($encounter['uuid'], $patient['uuid'], [['minutes-documented', 'No minutes.']]));
        $settled = $this->clinic->encounter($patient['pid']);
        $this->keep($this->hold($settled['uuid'], $patient['uuid'], [['x', 'y']], 'completed'));
        $said = $this->content($patient['pid']);
        self::assertStringContainsString('1 visit cannot be billed yet', $said);
        self::assertStringContainsString('2027-05-02: file a held visit', $said);
    }

    public function testTextsOfAPayerAreEscaped(): void
    {
        $patient = $this->clinic->patient();
        $visit = $this->appointment($patient['pid']);
        $this->keep($this->outlook($visit['uuid'], $patient['uuid'], [
            'to-settle' => [$this->text('x', '<script>alert(1)</script>')], 'authorization' => [['valueString' => '"><img src=x>']],
        ]));
        $said = $this->content($patient['pid']);
        self::assertStringNotContainsString('<script>', $said);
        self::assertStringNotContainsString('<img', $said);
        self::assertStringContainsString('&lt;script&gt;', $said);
    }

    public function testItCostsThePageTwoStatementsAtMost(): void
    {
        $patient = $this->clinic->patient();
        for ($number = 0; $number < 40; $number++) {
            $visit = $this->appointment($patient['pid'], sprintf('2026-12-%02d', $number % 28 + 1));
            $this->keep($this->outlook($visit['uuid'], $patient['uuid'], [], sprintf('2026-12-%02d', $number % 28 + 1)));
        }
        QueryUtils::$statements = [];
        $this->content($patient['pid']);
        self::assertLessThanOrEqual(2, count(QueryUtils::$statements));
        self::assertStringContainsString('by_patient', $this->plan(QueryUtils::$statements[0], $patient['pid']));
    }

    public function testItIsOneCardOfTheRightColumnWithCoresAcl(): void
    {
        $patient = $this->clinic->patient();
        foreach (['primary' => 0, 'secondary' => 1] as $section => $count) {
            $event = new SectionEvent($section);
            $this->card($patient['pid'])->add($event);
            self::assertCount($count, $event->getCards());
        }
        self::assertSame(['patients', 'demo'], $event->getCards()[0]->getAcl());
        $event = new SectionEvent('secondary');
        $this->card(0)->add($event);
        self::assertSame([], $event->getCards());
    }

    public function testAFaultLeavesThePageWithoutTheCardAndOtherwiseAsItIs(): void
    {
        $patient = $this->clinic->patient();
        $event = new SectionEvent('secondary');
        TestDatabase::pdo()->exec('RENAME TABLE massage_billing_resource TO massage_billing_away');
        try {
            Boundary::guard('patient card', fn() => $this->card($patient['pid'])->add($event));
        } finally {
            TestDatabase::pdo()->exec('RENAME TABLE massage_billing_away TO massage_billing_resource');
        }
        self::assertSame([], $event->getCards());
    }

    public function testTheFrameOfTheCardHasNoLogicThatCouldFail(): void
    {
        $frame = (string) file_get_contents(MODULE . '/templates/patient_card.html.twig');
        self::assertSame(['content'], array_map('trim', preg_match_all('/{{\s*(\w+)/', $frame, $found) ? $found[1] : []));
        self::assertStringNotContainsString('{% if', $frame);
    }

    private function plan(string $sql, int $pid): string
    {
        return json_encode($this->database->rows("EXPLAIN $sql", ['Task', $pid, 'CoverageEligibilityResponse', $pid])) ?: '';
    }

    private function content(int $pid): string
    {
        return (string) preg_replace('/\s+/', ' ', $this->card($pid)->content($pid));
    }

    private function card(int $pid): PatientCard
    {
        return new PatientCard($this->database, $this->clock, $this->words(), static fn(): int => $pid, '/module/public');
    }
}
