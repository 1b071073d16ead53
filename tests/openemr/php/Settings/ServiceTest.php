<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Settings;

use OpenEMR\Modules\MassageBilling\Settings\Service;
use OpenEMR\Modules\MassageBilling\Settings\Store;
use OpenEMR\Modules\MassageBilling\Settings\Unfit;
use OpenEMR\Modules\MassageBilling\Settings\Unreachable;
use OpenEMR\Modules\MassageBilling\Tests\Screens\SetService;
use OpenEMR\Modules\MassageBilling\Tests\Support\ModuleTestCase;

final class ServiceTest extends ModuleTestCase
{
    private SetService $network;
    private Store $store;
    private Service $service;

    protected function setUp(): void
    {
        parent::setUp();
        $this->network = new SetService();
        $this->store = new Store($this->database, $this->network);
        $this->store->keepService('http://service.example:8711');
        $this->store->keepToken('a-token-of-the-service');
        $this->service = new Service($this->store, $this->network, $this->network);
    }

    public function testRunNowIsAskedWithTheTokenOfTheOneAddressThatWasLookedAt(): void
    {
        self::assertSame('running', $this->service->run('run'));
        $sent = $this->network->sent[0];
        self::assertSame(['POST', 'http://service.example:8711/jobs/run', '10.0.0.7'], [$sent['method'], $sent['url'], $sent['ip']]);
        self::assertContains('Authorization: Bearer a-token-of-the-service', $sent['headers']);
        self::assertSame('{"job":"run"}', $sent['body']);
    }

    public function testWhatIsRunningAlreadyIsNoFault(): void
    {
        $this->network->status = 409;
        self::assertSame('busy', $this->service->run('eligibility'));
    }

    public function testAskingHowItIsNeedsAndSendsNoToken(): void
    {
        [$this->network->status, $this->network->body] = [200, '{"status": "ok", "version": "0.1.0"}'];
        self::assertSame('0.1.0', $this->service->health()['version']);
        self::assertStringNotContainsString('Authorization', implode("\n", $this->network->sent[0]['headers']));
    }

    public function testWhatItLastDidIsToldInASentence(): void
    {
        $job = [
            'id' => '1', 'job' => 'run', 'host' => 'openemr', 'state' => 'problems', 'begun' => '2026-12-01T17:00:00Z',
            'ended' => '2026-12-01T17:01:00Z', 'counts' => ['claims' => 3, 'holds' => 1, 'drafts' => 0], 'problems' => ['a', 'b', 'c', 'd'],
        ];
        [$last, $strange] = Service::lastJobs(['jobs' => ['run' => $job, 'eligibility' => ['state' => 7, 'counts' => 'x']]]);
        self::assertSame(['run', false, 'problems 2026-12-01 09:01; claims 3, holds 1; a; b; c'], array_values($last));
        self::assertSame('7', $strange['said']);
        self::assertSame([], Service::lastJobs(['jobs' => 'none']));
    }

    /** @dataProvider strangers */
    public function testWhatIsNotTheServiceIsToldApart(int $status, string $body, string $said): void
    {
        [$this->network->status, $this->network->body] = [$status, $body];
        $this->expectException(Unreachable::class);
        $this->expectExceptionMessage($said);
        $this->service->health();
    }

    /** @return array<string, array{int, string, string}> */
    public static function strangers(): array
    {
        return [
            'another page' => [200, '<html>hello</html>', 'not massage-billing serve'],
            'another JSON' => [200, '{"status": "up"}', 'not massage-billing serve'],
            'a redirect' => [302, '', 'redirect'],
            'an error' => [500, '', 'status 500'],
        ];
    }

    public function testAWrongTokenIsSaidWithoutTheToken(): void
    {
        $this->network->status = 401;
        try {
            $this->service->run('run');
            self::fail('401 was taken for a yes');
        } catch (Unreachable $problem) {
            self::assertSame('The service does not take the token.', $problem->getMessage());
        }
    }

    public function testANameThatMovedToAPublicAddressIsNotAskedAnyMore(): void
    {
        $this->network->names['service.example'] = ['203.0.113.9'];
        $this->expectException(Unfit::class);
        try {
            $this->service->run('run');
        } finally {
            self::assertSame([], $this->network->sent);
        }
    }

    public function testAnUnknownJobAndALostTokenAreNotSent(): void
    {
        foreach (['purge', ''] as $job) {
            try {
                $this->service->run($job);
                self::fail('sent');
            } catch (Unfit) {
                self::assertSame([], $this->network->sent);
            }
        }
        $this->database->change("UPDATE massage_billing_setting SET value = 'of another key' WHERE name = 'service_token'");
        $this->expectException(Unfit::class);
        $this->service->run('run');
    }

    public function testTheTokenIsKeptSealed(): void
    {
        $kept = json_encode($this->database->rows('SELECT * FROM massage_billing_setting'));
        self::assertStringNotContainsString('a-token-of-the-service', (string) $kept);
    }
}
