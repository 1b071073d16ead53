<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Fhir;

use OpenEMR\Common\Database\QueryUtils;
use OpenEMR\Modules\MassageBilling\Fhir\AfterWrite;
use OpenEMR\Modules\MassageBilling\Fhir\Document;
use OpenEMR\Modules\MassageBilling\Fhir\Refused;
use OpenEMR\Modules\MassageBilling\Fhir\Stored;

/** What is written stays, is written once, and is not overwritten unseen. */
final class StoreTest extends FhirTestCase
{
    private const KEY = 'identifier=https%3A%2F%2Fmassage-billing.org%2Ffhir%2Fsid%2Fclaim-key%7C';

    public function testWhatWasCreatedIsRead(): void
    {
        $created = $this->store->create('Claim', $this->claim());
        self::assertTrue($created->new);
        $read = $this->store->read('Claim', $created->stored->id);
        self::assertSame($created->stored->text, $read?->text);
        self::assertSame(1, $read->version);
        self::assertSame('2026-12-01T18:00:00.000Z', $read->json['meta']['lastUpdated']);
        self::assertNull($this->store->read('Task', $created->stored->id));
        self::assertNull($this->store->read('Claim', $this->clinic->uuid()));
    }

    public function testAKeyIsCreatedOnce(): void
    {
        $first = $this->store->create('Claim', $this->claim('K1'), self::KEY . 'K1');
        $again = $this->store->create('Claim', $this->claim('K1', ['status' => 'draft']), self::KEY . 'K1');
        self::assertFalse($again->new);
        self::assertSame($first->stored->text, $again->stored->text);
        self::assertTrue($this->store->create('Claim', $this->claim('K2'), self::KEY . 'K2')->new);
        self::assertSame('2', $this->rows('massage_billing_resource'));
    }

    public function testKeysThatDifferAtTheirEndOrInCapitalsAreDifferent(): void
    {
        foreach (['K', 'k', 'K ', str_repeat('K', 300), str_repeat('K', 301), 'Ḱ', '1e1', '10'] as $key) {
            $created = $this->store->create('Claim', $this->claim($key), self::KEY . rawurlencode($key));
            self::assertTrue($created->new, $key);
            self::assertFalse($this->store->create('Claim', $this->claim($key), self::KEY . rawurlencode($key))->new);
        }
    }

    public function testAProvenanceIsCreatedOnceByItsTag(): void
    {
        $claim = $this->store->create('Claim', $this->claim())->stored;
        $provenance = [
            'resourceType' => 'Provenance',
            'meta' => ['tag' => [['system' => 's', 'code' => 'K1']]],
            'target' => [['reference' => $claim->reference()]],
            'recorded' => '2026-12-01T18:00:00Z',
            'agent' => [['who' => ['display' => 'massage-billing']]],
        ];
        self::assertTrue($this->store->create('Provenance', $provenance, '_tag=s%7CK1')->new);
        self::assertFalse($this->store->create('Provenance', $provenance, '?_tag=s|K1')->new);
        self::assertSame($this->patient['uuid'], $this->store->patientOf('Provenance',
            $this->store->find('Provenance', ['target' => $claim->reference()])[0]->id));
    }

    public function testAConditionFindsWhatWasMadeWithoutIt(): void
    {
        $there = $this->store->create('Claim', $this->claim('K1'))->stored;
        $found = $this->store->create('Claim', $this->claim('K1'), self::KEY . 'K1');
        self::assertFalse($found->new);
        self::assertSame($there->id, $found->stored->id);
    }

    public function testAConditionThatFindsSeveralIsRefused(): void
    {
        $this->store->create('Claim', $this->claim('K1'));
        $this->store->create('Claim', $this->claim('K1'));
        $refused = self::refusal(fn() => $this->store->create('Claim', $this->claim('K1'), self::KEY . 'K1'));
        self::assertSame(412, $refused->status);
        self::assertSame('2', $this->rows('massage_billing_resource'));
    }

    public function testAKeyThatWasTakenAwayByAnUpdateIsFreeAgain(): void
    {
        $first = $this->store->create('Claim', $this->claim('K1'), self::KEY . 'K1')->stored;
        $this->store->update('Claim', $first->id, $this->claim('K9', ['id' => $first->id]));
        $second = $this->store->create('Claim', $this->claim('K1'), self::KEY . 'K1');
        self::assertTrue($second->new);
        $third = $this->store->create('Claim', $this->claim('K1'), self::KEY . 'K1');
        self::assertSame($second->stored->id, $third->stored->id);
    }

    /** @return iterable<string, array{string}> */
    public static function conditions(): iterable
    {
        yield 'nothing' => [''];
        yield 'no value' => ['identifier='];
        yield 'only how the answer looks' => ['_count=1'];
        yield 'a parameter that is not known' => ['identifier=s%7Cv&colour=blue'];
    }

    /** @dataProvider conditions */
    public function testAConditionThatFindsEverythingIsRefused(string $condition): void
    {
        $refused = self::refusal(fn() => $this->store->create('Claim', $this->claim(), $condition));
        self::assertSame(400, $refused->status);
        self::assertSame('0', $this->rows('massage_billing_resource'));
    }

    public function testAnUpdateMakesAVersionAndKeepsTheOneBefore(): void
    {
        $first = $this->store->create('Claim', $this->claim())->stored;
        $this->clock->pass('5 minutes');
        $second = $this->store->update('Claim', $first->id, $this->claim('K1', ['id' => $first->id,
            'status' => 'cancelled']), 1);
        self::assertSame(2, $second->version);
        self::assertSame('2026-12-01T18:05:00.000Z', $second->json['meta']['lastUpdated']);
        self::assertSame($second->text, $this->store->read('Claim', $first->id)?->text);
        self::assertSame($first->text, $this->store->read('Claim', $first->id, 1)?->text);
        self::assertSame($second->text, $this->store->read('Claim', $first->id, 2)?->text);
        self::assertNull($this->store->read('Claim', $first->id, 3));
        self::assertSame([], $this->store->find('Claim', ['status' => 'active']));
        self::assertCount(1, $this->store->find('Claim', ['status' => 'cancelled']));
    }

    public function testAnUpdateOfAnOldVersionIsRefused(): void
    {
        $first = $this->store->create('Claim', $this->claim())->stored;
        $changed = $this->claim('K1', ['id' => $first->id, 'status' => 'cancelled']);
        $this->store->update('Claim', $first->id, $changed, 1);
        $refused = self::refusal(fn() => $this->store->update('Claim', $first->id, $this->claim('K1',
            ['id' => $first->id]), 1));
        self::assertSame(412, $refused->status);
        self::assertSame('cancelled', $this->store->read('Claim', $first->id)?->json['status']);
    }

    public function testTheSameAgainMakesNoVersion(): void
    {
        $first = $this->store->create('Claim', $this->claim())->stored;
        $this->clock->pass('5 minutes');
        $again = $this->store->update('Claim', $first->id, $this->claim('K1', ['id' => $first->id]), 1);
        self::assertSame($first->text, $again->text);
        self::assertSame('0', $this->rows('massage_billing_resource_history'));
    }

    public function testIdsAreGivenByTheServer(): void
    {
        $theirs = $this->clinic->uuid();
        $created = $this->store->create('Claim', $this->claim('K1', ['id' => $theirs]))->stored;
        self::assertNotSame($theirs, $created->id);
        $unknown = fn() => $this->store->update('Claim', $theirs, $this->claim('K1', ['id' => $theirs]));
        self::assertSame(405, self::refusal($unknown)->status);
        $other = fn() => $this->store->update('Claim', $created->id, $this->claim('K1', ['id' => $theirs]));
        self::assertSame(400, self::refusal($other)->status);
        $without = fn() => $this->store->update('Claim', $created->id, $this->claim());
        self::assertSame(400, self::refusal($without)->status);
        $asTask = fn() => $this->store->update('Task', $created->id, $this->task('T', ['id' => $created->id]));
        self::assertSame(405, self::refusal($asTask)->status);
    }

    public function testAWrongTypeOrAMissingElementIsRefused(): void
    {
        self::assertSame(400, self::refusal(fn() => $this->store->create('Task', $this->claim()))->status);
        $claim = $this->claim();
        unset($claim['insurance'], $claim['use']);
        $refused = self::refusal(fn() => $this->store->create('Claim', $claim));
        self::assertSame(400, $refused->status);
        self::assertSame(['Claim.use', 'Claim.insurance'], array_keys($refused->at));
        $refused = self::refusal(fn() => $this->store->create('Claim', $this->claim('K1', ['status' => 'paid'])));
        self::assertSame([400, ['Claim.status']], [$refused->status, array_keys($refused->at)]);
        $refused = self::refusal(fn() => $this->store->create('Claim', $this->claim('K1', ['created' => 'today'])));
        self::assertSame(400, $refused->status);
    }

    public function testWhatHasToHappenWithAWriteIsKeptOrLostWithIt(): void
    {
        $hook = new class implements AfterWrite {
            /** @var list<array{int, int|null}> */
            public array $told = [];
            public bool $refuses = false;

            public function type(): string
            {
                return 'Claim';
            }

            public function written(Stored $now, ?Stored $before): void
            {
                $this->told[] = [$now->version, $before?->version];
                if ($this->refuses) {
                    throw new Refused(409, 'conflict', 'It is billed.');
                }
            }
        };
        $this->store->afterWrite($hook);
        $first = $this->store->create('Claim', $this->claim(), self::KEY . 'K1')->stored;
        $this->store->create('Claim', $this->claim(), self::KEY . 'K1');
        $this->store->create('Task', $this->task());
        $changed = $this->claim('K1', ['id' => $first->id, 'status' => 'cancelled']);
        $this->store->update('Claim', $first->id, $changed);
        $this->store->update('Claim', $first->id, $changed);
        self::assertSame([[1, null], [2, 1], [2, 2]], $hook->told);
        $hook->refuses = true;
        $undo = fn() => $this->store->update('Claim', $first->id, $this->claim('K1', ['id' => $first->id]));
        self::assertSame(409, self::refusal($undo)->status);
        self::assertSame('cancelled', $this->store->read('Claim', $first->id)?->json['status']);
        $other = fn() => $this->store->create('Claim', $this->claim('K2'), self::KEY . 'K2');
        self::assertSame(409, self::refusal($other)->status);
        $hook->refuses = false;
        self::assertTrue($this->store->create('Claim', $this->claim('K2'), self::KEY . 'K2')->new);
        self::assertSame('1', $this->rows("massage_billing_token WHERE name = 'identifier' AND value = 'K2'"));
    }

    public function testWhatIsCreatedInsideAnotherWriteIsOneWithIt(): void
    {
        $hook = new class ($this->store, $this->task('T1')) implements AfterWrite {
            /** @param array<string, mixed> $task */
            public function __construct(private $store, private array $task)
            {
            }

            public function type(): string
            {
                return 'Claim';
            }

            public function written(Stored $now, ?Stored $before): void
            {
                $this->store->create('Task', $this->task, 'identifier=T1');
            }
        };
        $this->store->afterWrite($hook);
        $this->store->create('Claim', $this->claim());
        $this->store->create('Claim', $this->claim('K2'));
        self::assertSame('1', $this->rows("massage_billing_resource WHERE type = 'Task'"));
    }

    public function testAClaimOfTheProfileIsWrittenWithFewQueries(): void
    {
        $this->store->create('Claim', $this->claim('K0'), self::KEY . 'K0');
        QueryUtils::$statements = [];
        $document = Document::of($this->claim('K1'));
        $this->store->create('Claim', $document, self::KEY . 'K1');
        self::assertLessThanOrEqual(8, count(QueryUtils::$statements), implode("\n", QueryUtils::$statements));
    }

    private function rows(string $table): string
    {
        return (string) $this->database->value("SELECT COUNT(*) FROM $table");
    }
}
