<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Screens;

use OpenEMR\Common\Database\QueryUtils;
use OpenEMR\Modules\MassageBilling\Screens\Overview;
use OpenEMR\Modules\MassageBilling\Screens\OverviewPage;
use OpenEMR\Modules\MassageBilling\Screens\PageRequest;
use OpenEMR\Modules\MassageBilling\Screens\PageResult;
use OpenEMR\Modules\MassageBilling\Settings\Activity;
use OpenEMR\Modules\MassageBilling\Settings\Service;
use OpenEMR\Modules\MassageBilling\Settings\Store;
use OpenEMR\Modules\MassageBilling\Tests\Support\SetAccess;
use Twig\Markup;

final class OverviewPageTest extends ScreensTestCase
{
    private SetService $network;

    protected function setUp(): void
    {
        parent::setUp();
        $this->network = new SetService();
    }

    public function testWhoIsNeitherAtTheDeskNorABillerSeesNothing(): void
    {
        $this->clinic->patient();
        $result = $this->page([], ['patients/med']);
        self::assertSame(403, $result->status);
        self::assertStringNotContainsString('Testpatient', $result->html);
    }

    public function testTheFrontDeskSeesComingVisitsAndNoClaims(): void
    {
        $patient = $this->clinic->patient();
        $today = $this->appointment($patient['pid'], self::TODAY, '15:30:00');
        $this->keep($this->outlook($today['uuid'], $patient['uuid'], [
            'to-settle' => [$this->text('x', 'Ask for the card.')], 'visits-left' => [['valueUnsignedInt' => 3]],
        ]));
        $this->appointment($patient['pid'], '2026-12-02', '08:15:00');
        $this->appointment($patient['pid'], '2026-12-03', '07:07:00');
        $said = $this->said([], ['patients/appt']);
        foreach (['15:30', 'Testpatient', 'To do', 'Ask for the card.', '08:15', 'not looked at yet'] as $text) {
            self::assertStringContainsString($text, $said);
        }
        self::assertStringNotContainsString('07:07', $said);
        self::assertStringNotContainsString('Claims of the last days', $said);
        self::assertStringNotContainsString('Held', $said);
    }

    public function testBillersSeeHoldsByReasonTheMostFrequentFirstWithTheVisit(): void
    {
        foreach (['rare', 'frequent', 'frequent'] as $reason) {
            $patient = $this->clinic->patient();
            $visit = $this->clinic->encounter($patient['pid']);
            $this->keep($this->hold($visit['uuid'], $patient['uuid'], [[$reason, "It is $reason."]]));
        }
        $settled = $this->clinic->encounter($patient['pid']);
        $this->keep($this->hold($settled['uuid'], $patient['uuid'], [['settled', 'Settled.']], 'completed'));
        $said = $this->said([], ['acct/bill']);
        self::assertMatchesRegularExpression('/frequent \(2\).*rare \(1\)/', $said);
        self::assertStringContainsString("set_pid=$patient[pid]&amp;set_encounterid=$visit[encounter]", $said);
        self::assertStringNotContainsString('Settled.', $said);
        self::assertStringNotContainsString('Today and tomorrow', $said);
    }

    public function testConflictsHaveAButtonAndClaimsSayWhereTheyStand(): void
    {
        $patient = $this->clinic->patient();
        $visit = $this->clinic->encounter($patient['pid']);
        $claim = $this->keep([
            'resourceType' => 'Claim', 'status' => 'active', 'item' => [['encounter' => [['reference' => "Encounter/$visit[uuid]"]]]],
        ]);
        $this->database->change(
            'INSERT INTO massage_billing_posting VALUES (?, ?, ?, ?, ?, ?)',
            [$claim, $patient['pid'], $visit['encounter'], 'conflict', 'A person typed a row.', '2026-12-01 17:00:00']
        );
        $this->keep(['resourceType' => 'Claim', 'status' => 'active'], '2026-11-01 00:00:00');
        $said = $this->said([], ['acct/bill']);
        self::assertStringContainsString('A person typed a row.', $said);
        self::assertStringContainsString('name="csrf_token" value="right-token"', $said);
        self::assertSame(1, substr_count($said, 'In conflict with the fee sheet</td>'));
        self::assertStringContainsString('2026-12-01 09:00', $said); // the clinic's clock, not UTC
    }

    public function testListsArePaged(): void
    {
        $patient = $this->clinic->patient();
        for ($number = 0; $number < Overview::PAGE + 3; $number++) {
            $this->appointment($patient['pid'], self::TODAY, sprintf('%02d:%02d:00', 8 + intdiv($number, 60), $number % 60));
        }
        $first = $this->said([], ['patients/appt']);
        self::assertStringContainsString('index.php?a=1&amp;h=0&amp;x=0&amp;c=0', $first);
        self::assertStringNotContainsString('08:51', $first);
        $second = $this->said(['a' => '1'], ['patients/appt']);
        self::assertStringContainsString('08:51', $second);
        self::assertStringNotContainsString('Next page', $second);
        self::assertSame(200, $this->page(['a' => '-5', 'h' => 'x'], ['patients/appt', 'acct/bill'])->status);
    }

    public function testItsCostDoesNotGrowWithWhatItLists(): void
    {
        $patient = $this->clinic->patient();
        for ($number = 0; $number < 40; $number++) {
            $visit = $this->clinic->encounter($patient['pid']);
            $this->keep($this->hold($visit['uuid'], $patient['uuid'], [['x', 'y']]));
            $appointment = $this->appointment($patient['pid']);
            $this->keep($this->outlook($appointment['uuid'], $patient['uuid']));
        }
        QueryUtils::$statements = [];
        $this->page([], ['patients/appt', 'acct/bill']);
        self::assertLessThanOrEqual(12, count(QueryUtils::$statements));
    }

    public function testRunNowIsOfferedWhereAServiceIsThere(): void
    {
        self::assertStringNotContainsString('Run now', $this->said([], ['acct/bill']));
        $store = new Store($this->database, $this->network);
        $store->keepService('http://127.0.0.1:8711');
        self::assertStringNotContainsString('Run now', $this->said([], ['acct/bill']));
        $store->keepToken('a-token-of-the-service');
        self::assertStringContainsString('Run now', $this->said([], ['acct/bill']));
        self::assertStringNotContainsString('Run now', $this->said([], ['patients/appt']));
        self::assertSame([], $this->network->sent);
    }

    /** @param list<string> $rights */
    private function said(array $query, array $rights): string
    {
        return (string) preg_replace('/\s+/', ' ', $this->page($query, $rights)->html);
    }

    public function testTheWorkbenchIsOpenedInATabOfItsOwnWhereTheClinicHasOne(): void
    {
        $rights = ['patients/appt'];
        self::assertStringNotContainsString('workbench', $this->page([], $rights)->html);
        (new Store($this->database, $this->network))->keepWorkbench('https://billing.example.org');
        $link = '<a class="btn btn-secondary" href="https://billing.example.org/" target="_blank" rel="noopener noreferrer">';
        self::assertStringContainsString($link, $this->page([], $rights)->html);
    }

    /**
     * @param array<string, string> $query
     * @param list<string> $rights
     */
    private function page(array $query, array $rights): PageResult
    {
        $service = new Service(new Store($this->database, $this->network), $this->network, $this->network);
        $page = new OverviewPage(
            new SetAccess($rights),
            new SetCsrf(),
            $this->templates(),
            new Overview($this->database, $this->clock),
            new Activity($this->database, $this->clock),
            $service,
            (new Store($this->database, $this->network))->workbench(),
            '/openemr',
            '/module/public',
            ['header' => new Markup('<meta charset="utf-8">', 'UTF-8')]
        );
        return $page->answer(new PageRequest(false, $query));
    }
}
