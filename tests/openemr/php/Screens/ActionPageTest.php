<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Screens;

use OpenEMR\Modules\MassageBilling\Fhir\Refused;
use OpenEMR\Modules\MassageBilling\Screens\ActionPage;
use OpenEMR\Modules\MassageBilling\Screens\PageRequest;
use OpenEMR\Modules\MassageBilling\Screens\PageResult;
use OpenEMR\Modules\MassageBilling\Settings\Service;
use OpenEMR\Modules\MassageBilling\Settings\Store;
use OpenEMR\Modules\MassageBilling\Tests\Support\SetAccess;

final class ActionPageTest extends ScreensTestCase
{
    private const CLAIM = '01890a5d-ac96-774b-bcce-b302099a8057';

    private SetService $network;

    /** @var list<string> Claims that were tried again */
    private array $tried = [];

    private bool $refuses = false;
    private bool $settled = true;

    protected function setUp(): void
    {
        parent::setUp();
        $this->network = new SetService();
        $store = new Store($this->database, $this->network);
        $store->keepService('http://127.0.0.1:8711');
        $store->keepToken('a-token-of-the-service');
    }

    public function testAConflictIsTriedAgain(): void
    {
        $result = $this->post(['action' => 'retry', 'claim' => self::CLAIM, 'back' => 'encounter']);
        self::assertSame([self::CLAIM], $this->tried);
        self::assertSame([303, '/encounter.php'], [$result->status, $result->location]);
        self::assertSame('Claim/' . self::CLAIM . ' tried again by a person: retried', $this->audit->notes[0]['what']);
    }

    public function testOneThatStaysInConflictSaysSo(): void
    {
        $this->settled = false;
        $result = $this->post(['action' => 'retry', 'claim' => self::CLAIM]);
        self::assertSame('/overview.php?said=conflict', $result->location);
        $this->refuses = true;
        $result = $this->post(['action' => 'retry', 'claim' => self::CLAIM]);
        self::assertSame('/overview.php?said=refused', $result->location);
    }

    public function testRunNowAsksTheService(): void
    {
        self::assertSame('/overview.php?said=running', $this->post(['action' => 'run', 'job' => 'eligibility'])->location);
        self::assertSame('{"job":"eligibility"}', $this->network->sent[0]['body']);
        $this->network->reachable = false;
        self::assertSame('/overview.php?said=unreachable', $this->post(['action' => 'run'])->location);
    }

    public function testNothingIsDoneWithoutTheSessionsToken(): void
    {
        foreach (['', 'wrong', 'right-toke'] as $token) {
            $result = $this->post(['action' => 'retry', 'claim' => self::CLAIM, 'csrf_token' => $token]);
            self::assertSame(403, $result->status);
            self::assertSame(403, $this->post(['action' => 'run', 'csrf_token' => $token])->status);
        }
        self::assertSame([[], []], [$this->tried, $this->network->sent]);
    }

    public function testNothingIsDoneForWhoMayNotBill(): void
    {
        foreach ([[], ['patients/appt'], ['encounters/notes']] as $rights) {
            self::assertSame(403, $this->post(['action' => 'retry', 'claim' => self::CLAIM], $rights)->status);
            self::assertSame(403, $this->post(['action' => 'run'], $rights)->status);
        }
        self::assertSame([[], []], [$this->tried, $this->network->sent]);
    }

    public function testALinkDoesNothing(): void
    {
        $result = $this->page(['acct/bill'])->answer(new PageRequest(false, ['action' => 'run', 'csrf_token' => 'right-token']));
        self::assertSame(303, $result->status);
        self::assertSame([], $this->network->sent);
    }

    public function testWhatIsNoClaimIsRefused(): void
    {
        foreach (['', '1', '../x', "' OR 1=1"] as $claim) {
            self::assertSame(400, $this->post(['action' => 'retry', 'claim' => $claim])->status);
        }
        self::assertSame(400, $this->post(['action' => 'drop'])->status);
        self::assertSame([], $this->tried);
    }

    /**
     * @param array<string, string> $form
     * @param list<string> $rights
     */
    private function post(array $form, array $rights = ['acct/bill']): PageResult
    {
        return $this->page($rights)->answer(new PageRequest(true, [], $form + ['csrf_token' => 'right-token']));
    }

    /** @param list<string> $rights */
    private function page(array $rights): ActionPage
    {
        $retry = function (string $claim): bool {
            if ($this->refuses) {
                throw new Refused(404, 'not-found', 'gone');
            }
            $this->tried[] = $claim;
            return $this->settled;
        };
        $service = new Service(new Store($this->database, $this->network), $this->network, $this->network);
        return new ActionPage(
            new SetAccess($rights),
            new SetCsrf(),
            $this->audit,
            $service,
            $retry,
            '/overview.php',
            '/encounter.php'
        );
    }
}
