<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Billing;

use OpenEMR\Modules\MassageBilling\Billing\Answers;
use OpenEMR\Modules\MassageBilling\Fhir\QueryParser;
use OpenEMR\Modules\MassageBilling\Fhir\Refused;
use OpenEMR\Modules\MassageBilling\Fhir\Stored;

final class AnswersTest extends BillingTestCase
{
    public function testAClaimThatWasNotBilledHasNoAnswer(): void
    {
        $this->create($this->claim());
        self::assertSame([], $this->answers());
        $this->manager->pay('20.00', 0); // the patient's own
        self::assertSame([], $this->answers());
    }

    public function testBilledIsSent(): void
    {
        $claim = $this->create($this->claim());
        $this->clock->set('2026-12-01T19:30:00Z');
        $this->manager->generate();
        [$answer] = $this->answers();
        self::assertSame(['active', 'queued', 'claim', "Claim/$claim->id", "Patient/{$this->patient['uuid']}", false],
            [$answer['status'], $answer['outcome'], $answer['use'], $answer['request']['reference'],
                $answer['patient']['reference'], isset($answer['identifier'])]);
        self::assertSame(['2026-12-01T19:30:00.000Z', '2026-12-01T19:30:00.000Z'],
            [$answer['meta']['lastUpdated'], $answer['created']]);
        self::assertSame($answer, (new Answers($this->database))->read($answer['id']));
        self::assertNotSame($claim->id, $answer['id']);
    }

    public function testAPostedPaymentIsTheAnswerWithThePayersNumber(): void
    {
        $this->create($this->claim());
        $this->manager->generate();
        $this->clock->set('2026-12-05T19:30:00Z');
        $this->manager->pay('80.00', 1, 'ICN-4711');
        [$answer] = $this->answers();
        self::assertSame(['complete', [['value' => 'ICN-4711']], '2026-12-05T19:30:00.000Z'],
            [$answer['outcome'], $answer['identifier'], $answer['meta']['lastUpdated']]);
        $this->database->change("UPDATE ar_activity SET deleted = '2026-12-06 12:00:00'");
        [$answer] = $this->answers();
        self::assertSame(['queued', false, '2026-12-06T20:00:00.000Z'],
            [$answer['outcome'], isset($answer['identifier']), $answer['meta']['lastUpdated']]);
    }

    public function testADenialIsAnAnswer(): void
    {
        $this->create($this->claim());
        $this->manager->generate();
        $this->manager->deny();
        [$answer] = $this->answers();
        self::assertSame(['complete', 'A denial of the payer was posted in OpenEMR.'],
            [$answer['outcome'], $answer['disposition']]);
    }

    public function testReopenedIsNotSent(): void
    {
        $this->create($this->claim());
        $this->manager->generate();
        $this->clock->set('2026-12-05T19:30:00Z');
        $this->manager->reopen();
        [$answer] = $this->answers();
        self::assertSame(['cancelled', '2026-12-05T19:30:00.000Z'], [$answer['status'], $answer['meta']['lastUpdated']]);
        $this->manager->generate();
        self::assertSame('active', $this->answers()[0]['status']);
    }

    public function testReopenedOnTheFeeSheetIsNotSent(): void
    {
        $this->create($this->claim());
        $this->manager->generate();
        $this->clock->set('2026-12-05T19:30:00Z');
        $this->manager->reopenFeeSheet();
        [$answer] = $this->answers('_lastUpdated', 'ge2026-12-05T19:30:00Z');
        self::assertSame(['cancelled', '2026-12-05T19:30:00.000Z'], [$answer['status'], $answer['meta']['lastUpdated']]);
    }

    public function testTheAnswerToTheCorrectionIsNotThatToTheClaimBefore(): void
    {
        $first = $this->create($this->claim());
        $this->clock->pass('1 hour');
        $this->manager->generate();
        $this->clock->pass('1 day');
        $this->manager->pay('80.00', 1, 'ICN-1');
        $this->clock->pass('1 day');
        $second = $this->create($this->claim(['revision' => 1, 'frequency' => '7', 'prior' => $first->id, 'number' => 'ICN-1']));
        self::assertSame([[$first->id, 'complete']], $this->outcomes());
        $this->clock->pass('1 hour');
        $this->manager->generate();
        self::assertSame([[$first->id, 'complete'], [$second->id, 'queued']], $this->outcomes());
        $this->clock->pass('1 day');
        $this->manager->pay('-20.00', 1, 'ICN-2');
        self::assertSame([[$first->id, 'complete'], [$second->id, 'complete']], $this->outcomes());
        $numbers = array_map(static fn(array $one): string => $one['identifier'][0]['value'], $this->answers());
        self::assertSame(['ICN-1', 'ICN-2'], $numbers);
    }

    public function testAnAnswerOfTheSameSecondIsThatToTheClaimBefore(): void
    {
        $first = $this->create($this->claim());
        $this->clock->pass('1 hour');
        $this->manager->generate();
        $this->clock->pass('1 hour');
        $this->clock->pass('1 second');
        $this->manager->pay('80.00', 1, 'ICN-1');
        $this->clock->set($this->clock->now()->modify('-1 second')->format(DATE_ATOM)); // create() lets one second pass
        $correction = ['revision' => 1, 'frequency' => '7', 'prior' => $first->id, 'number' => 'ICN-1'];
        $second = $this->create($this->claim($correction));
        self::assertSame([[$first->id, 'complete']], $this->outcomes());
        $this->update($second->id, $this->claim(['lines' => [['97124', 1, 3000]]] + $correction));
        self::assertSame(['97124 1 30.00'], $this->lines());
    }

    public function testOfAWithdrawnCorrectionNothingIsLeft(): void
    {
        $first = $this->create($this->claim());
        $this->clock->pass('1 hour');
        $this->manager->generate();
        $this->clock->pass('1 hour');
        $this->manager->pay('80.00', 1, 'ICN-1');
        $correction = ['revision' => 1, 'frequency' => '7', 'prior' => $first->id];
        $second = $this->create($this->claim($correction));
        $this->update($second->id, $this->claim(['status' => 'cancelled'] + $correction));
        $this->clock->pass('1 hour');
        $this->manager->pay('10.00', 1, 'ICN-3');
        self::assertSame([[$first->id, 'complete']], $this->outcomes());
        self::assertSame('ICN-3', $this->answers()[0]['identifier'][0]['value']);
    }

    public function testSeveralEncountersAreAnsweredWhenAllAre(): void
    {
        $other = $this->clinic->encounter($this->patient['pid'], '2026-11-20 16:00:00', $this->therapist['id']);
        $this->create($this->claim(['lines' => [['97124', 4, 3000],
            ['97140', 1, 4500, [], [1], $this->therapist['uuid'], $other['uuid']]]]));
        $this->clock->pass('1 hour');
        $this->manager->generate();
        $this->managerOf($other)->generate();
        $this->manager->pay('80.00');
        self::assertSame('queued', $this->answers()[0]['outcome']);
        $this->managerOf($other)->pay('40.00');
        self::assertSame('complete', $this->answers()[0]['outcome']);
    }

    public function testSearches(): void
    {
        $claims = [];
        $times = ['2026-12-01T20:00:00Z', '2026-12-02T20:00:00Z', '2026-12-03T20:00:00Z'];
        $patients = [];
        foreach ($times as $time) {
            $patients[] = $this->patient['uuid'];
            $this->clock->set(strtr($time, ['20:' => '19:']));
            $claims[] = $this->create($this->claim());
            $this->clock->set($time);
            $this->manager->generate();
            $this->patient = $this->clinic->patient();
            $this->visit = $this->clinic->encounter($this->patient['pid'], '2026-11-20 14:00:00', $this->therapist['id']);
            $this->coverage = $this->clinic->coverage($this->patient['pid']);
            $this->manager = $this->managerOf($this->visit);
        }
        $this->create($this->claim()); // not billed
        [$a, $b, $c] = array_map(static fn(Stored $one): string => $one->id, $claims);
        $asked = fn(string ...$pairs): array => array_map(
            static fn(array $one): string => substr($one['request']['reference'], 6),
            $this->answers(...$pairs)
        );
        self::assertSame([$a, $b, $c], $asked());
        self::assertSame([$b], $asked('request', "Claim/$b"));
        self::assertSame([$a, $c], $asked('request', "Claim/$a,Claim/$c"));
        self::assertSame([$b], $asked('patient', "Patient/$patients[1]"));
        self::assertSame([], $asked('patient', "Patient/$patients[1]", 'request', "Claim/$a"));
        self::assertSame([$b, $c], $asked('_lastUpdated', 'ge2026-12-02T20:00:00Z'));
        self::assertSame([$c], $asked('_lastUpdated', 'gt2026-12-02T20:00:00Z'));
        self::assertSame([$a], $asked('_lastUpdated', 'lt2026-12-02'));
        self::assertSame([$a, $b, $c], $asked('use', 'claim', 'status', 'active,cancelled', 'outcome', 'queued'));
        self::assertSame([], $asked('use', 'preauthorization'));
        self::assertSame([$c, $b, $a], $asked('_sort', '-_lastUpdated'));
        $id = $this->answers('request', "Claim/$b")[0]['id'];
        self::assertSame([$b], $asked('_id', $id));
        foreach ([[], ['_sort', '-_lastUpdated']] as $sort) {
            $pages = [];
            $next = null;
            do {
                $page = $this->page(['_count', '1', ...$sort], $next);
                $pages[] = substr($page->arrays()[0]['request']['reference'], 6);
                $next = $page->next;
            } while ($next !== null);
            self::assertSame($sort === [] ? [$a, $b, $c] : [$c, $b, $a], $pages);
        }
    }

    public function testAnIdThatIsNoneFindsNothing(): void
    {
        $answers = new Answers($this->database);
        foreach (['', 'x', "' OR 1", '00000000-0000-0000-0000-000000000000'] as $id) {
            self::assertNull($answers->read($id));
        }
        $this->expectException(Refused::class);
        $this->page([], 'elsewhere');
    }

    public function testTheHourThatComesTwiceIsTakenForTheSecond(): void
    {
        $claim = $this->create($this->claim());
        $this->manager->generate();
        $this->database->change("UPDATE billing SET bill_date = '2026-11-01 01:30:00', process_date = NULL");
        $this->database->change('DELETE FROM claims');
        self::assertSame('2026-11-01T09:30:00.000Z', $this->answers()[0]['meta']['lastUpdated']);
        self::assertNotNull($claim);
    }

    /** @return list<array<string, mixed>> */
    private function answers(string ...$pairs): array
    {
        return $this->page($pairs)->arrays();
    }

    /** @return list<array{string, string}> Claim id and outcome, in the order of the Claims */
    private function outcomes(): array
    {
        return array_map(static fn(array $one): array =>
            [substr($one['request']['reference'], 6), $one['outcome']], $this->answers());
    }

    /** @param list<string> $pairs */
    private function page(array $pairs, ?string $cursor = null): \OpenEMR\Modules\MassageBilling\Fhir\Page
    {
        $answers = new Answers($this->database);
        $query = QueryParser::parse(
            'ClaimResponse',
            array_chunk($pairs, 2),
            $answers->parameters(),
            'http://127.0.0.1/apis/default/fhir',
            $this->clock->now()
        );
        return $answers->search($cursor === null ? $query : $query->with(cursor: $cursor));
    }
}
