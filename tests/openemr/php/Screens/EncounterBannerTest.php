<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Screens;

use OpenEMR\Common\Database\QueryUtils;
use OpenEMR\Events\Encounter\EncounterFormsListRenderEvent;
use OpenEMR\Modules\MassageBilling\Log\Visits;
use OpenEMR\Modules\MassageBilling\Screens\EncounterBanner;
use OpenEMR\Modules\MassageBilling\Screens\Names;
use OpenEMR\Modules\MassageBilling\Screens\VisitAccess;
use OpenEMR\Modules\MassageBilling\Tests\Support\SetAccess;

final class EncounterBannerTest extends ScreensTestCase
{
    private const THERAPIST = ['encounters/notes'];
    private const BILLER = ['acct/bill'];

    public function testAHeldVisitSaysWhyWhatToDoAndWhoDoesIt(): void
    {
        $visit = $this->visit();
        $this->keep($this->hold($visit['uuid'], $visit['patient'], [['minutes-documented', 'No minutes. Write <b>them</b>.']]));
        $said = $this->said($visit, self::THERAPIST);
        foreach (['held', '1 thing to settle', 'No minutes. Write &lt;b&gt;them&lt;/b&gt;.', '(minutes-documented)', 'Therapist',
                     'File by 2027-05-02'] as $text) {
            self::assertStringContainsString($text, $said);
        }
    }

    public function testNothingIsShownOfAVisitWithoutHoldAndClaimAndOfASettledOne(): void
    {
        $visit = $this->visit();
        self::assertSame('', $this->said($visit, self::THERAPIST));
        $this->keep(['businessStatus' => ['text' => 'settled']] + $this->hold($visit['uuid'], $visit['patient'], [['x', 'y']], 'completed'));
        self::assertSame('', $this->said($visit, self::THERAPIST));
    }

    public function testTheNewestHoldCounts(): void
    {
        $visit = $this->visit();
        $this->keep($this->hold($visit['uuid'], $visit['patient'], [['x', 'The old one.']]), '2026-11-01 00:00:00');
        $this->keep($this->hold($visit['uuid'], $visit['patient'], [['x', 'The old one.']], 'completed'), '2026-11-02 00:00:00');
        self::assertSame('', $this->said($visit, self::THERAPIST));
    }

    public function testAPersonsDecisionIsShown(): void
    {
        $visit = $this->visit();
        $this->keep(['statusReason' => ['text' => 'goodwill']] + $this->hold($visit['uuid'], $visit['patient'], [['x', 'y']], 'cancelled'));
        self::assertStringContainsString('written off: goodwill', $this->said($visit, self::THERAPIST));
    }

    /** @dataProvider claims */
    public function testWhereTheClaimStands(string $status, string $state, bool $billed, string $word): void
    {
        $visit = $this->visit();
        $claim = $this->claim($visit, $status);
        $this->posting($claim, $visit, $state);
        if ($billed) {
            $row = $this->clinic->add('billing', ['pid' => $visit['pid'], 'encounter' => $visit['encounter'], 'billed' => 1, 'activity' => 1]);
            $this->database->change(
                "INSERT INTO massage_billing_billing_row VALUES (?, 'cpt', ?, ?, ?, '', 1)",
                [$claim, $row, $visit['pid'], $visit['encounter']]
            );
        }
        self::assertStringContainsString($word, $this->said($visit, self::THERAPIST));
    }

    /** @return array<string, array{string, string, bool, string}> */
    public static function claims(): array
    {
        return [
            'on the fee sheet' => ['active', 'posted', false, 'On the fee sheet'],
            'draft' => ['draft', 'draft', false, 'Draft, waits for approval'],
            'billed' => ['active', 'posted', true, 'Billed'],
            'cancelled' => ['cancelled', 'voided', false, 'Cancelled'],
            'corrected' => ['active', 'superseded', false, 'Replaced by a later claim'],
        ];
    }

    public function testAConflictOffersBillersToTryAgainAndOthersOnlyTells(): void
    {
        $visit = $this->visit();
        $claim = $this->claim($visit, 'active');
        $this->posting($claim, $visit, 'conflict', 'A person typed 97140.');
        $said = $this->said($visit, self::BILLER);
        self::assertStringContainsString('A person typed 97140.', $said);
        self::assertStringContainsString('name="csrf_token" value="right-token"', $said);
        self::assertStringContainsString('name="claim" value="' . $claim . '"', $said);
        $said = $this->said($visit, self::THERAPIST);
        self::assertStringContainsString('A person typed 97140.', $said);
        self::assertStringNotContainsString('<form', $said);
    }

    public function testEverythingThatStandsAgainstAClaimIsListed(): void
    {
        $visit = $this->visit();
        $claim = $this->claim($visit, 'active');
        $this->posting($claim, $visit, 'conflict', 'The first. The sec');
        $this->keep([
            'resourceType' => 'Task', 'status' => 'requested', 'focus' => ['reference' => "Encounter/$visit[uuid]"],
            'code' => ['coding' => [['system' => Names::TASK_CODE, 'code' => Names::CONFLICT]]],
            'identifier' => [['system' => Names::CONFLICT_KEY, 'value' => $claim]],
            'input' => [['valueString' => 'The first.'], ['valueString' => 'The second.']],
        ]);
        $said = $this->said($visit, self::BILLER);
        self::assertStringContainsString('<li>The first.</li><li>The second.</li>', $said);
        self::assertStringNotContainsString('The sec<', $said);
    }

    public function testAdviceToTheBillerIsNoFault(): void
    {
        $visit = $this->visit();
        $this->posting($this->claim($visit, 'active'), $visit, 'posted', 'In Billing Manager choose the secondary.');
        $said = $this->said($visit, self::BILLER);
        self::assertStringContainsString('On the fee sheet', $said);
        self::assertStringContainsString('choose the secondary.', $said);
        self::assertStringNotContainsString('<form', $said);
    }

    public function testWhoMayNotSeeTheEncounterSeesNoBanner(): void
    {
        $visit = $this->visit();
        $this->keep($this->hold($visit['uuid'], $visit['patient'], [['x', 'Secret.']]));
        self::assertSame('', $this->said($visit, []));
        $this->database->change("UPDATE form_encounter SET sensitivity = 'high'");
        self::assertSame('', $this->said($visit, self::THERAPIST));
        self::assertSame('', $this->said($visit, self::BILLER));
        self::assertStringContainsString('Secret.', $this->said($visit, [...self::BILLER, 'sensitivities/high']));
    }

    public function testOfAnotherPatientsEncounterAndOfAGroupNothingIsShown(): void
    {
        $visit = $this->visit();
        $this->keep($this->hold($visit['uuid'], $visit['patient'], [['x', 'Secret.']]));
        $other = $this->clinic->patient();
        self::assertSame('', $this->said(['pid' => $other['pid']] + $visit, self::THERAPIST));
        $group = new EncounterFormsListRenderEvent($visit['encounter'], 'gid', null, 4);
        self::assertSame('', $this->shown($group, self::THERAPIST));
    }

    public function testItCostsThePageThreeStatementsAtMost(): void
    {
        $visit = $this->visit();
        $this->keep($this->hold($visit['uuid'], $visit['patient'], [['x', 'y']]));
        QueryUtils::$statements = [];
        $this->said($visit, self::THERAPIST);
        self::assertLessThanOrEqual(3, count(QueryUtils::$statements));
    }

    /** @return array{encounter: int, uuid: string, pid: int, patient: string} */
    private function visit(): array
    {
        $patient = $this->clinic->patient();
        $visit = $this->clinic->encounter($patient['pid']);
        return ['encounter' => $visit['encounter'], 'uuid' => $visit['uuid'], 'pid' => $patient['pid'], 'patient' => $patient['uuid']];
    }

    /** @param array{uuid: string, patient: string} $visit */
    private function claim(array $visit, string $status): string
    {
        return $this->keep([
            'resourceType' => 'Claim', 'status' => $status, 'patient' => ['reference' => "Patient/$visit[patient]"],
            'item' => [['encounter' => [['reference' => "Encounter/$visit[uuid]"]]]],
        ]);
    }

    /** @param array{encounter: int, pid: int} $visit */
    private function posting(string $claim, array $visit, string $state, string $detail = ''): void
    {
        $this->database->change(
            'INSERT INTO massage_billing_posting VALUES (?, ?, ?, ?, ?, ?)',
            [$claim, $visit['pid'], $visit['encounter'], $state, $detail, '2026-12-01 17:00:00']
        );
    }

    /**
     * @param array{encounter: int, pid: int} $visit
     * @param list<string> $rights
     */
    private function said(array $visit, array $rights): string
    {
        return $this->shown(new EncounterFormsListRenderEvent($visit['encounter'], 'pid', $visit['pid']), $rights);
    }

    /** @param list<string> $rights */
    private function shown(EncounterFormsListRenderEvent $event, array $rights): string
    {
        $access = new SetAccess($rights);
        $visits = new VisitAccess(new Visits($this->database), $access);
        ob_start();
        (new EncounterBanner($this->database, $access, $visits, $this->words(), new SetCsrf(), '/module/public'))->show($event);
        return trim((string) preg_replace('/\s+/', ' ', (string) ob_get_clean()));
    }
}
