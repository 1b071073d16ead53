<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Fhir;

use OpenEMR\Modules\MassageBilling\Fhir\DateRange;
use OpenEMR\Modules\MassageBilling\Fhir\Page;
use OpenEMR\Modules\MassageBilling\Fhir\Query;
use OpenEMR\Modules\MassageBilling\Fhir\QueryParser;
use OpenEMR\Modules\MassageBilling\Fhir\Refused;
use OpenEMR\Modules\MassageBilling\Fhir\Types;

/** A search finds what was asked for, all of it, each once, whatever is written meanwhile. */
final class SearchTest extends FhirTestCase
{
    /** @var array<string, string> key => id */
    private array $ids = [];

    public function testEveryParameterOfAClaim(): void
    {
        $a = $this->put('A');
        $this->clock->pass('1 hour');
        $other = $this->clinic->patient();
        $coverage = $this->clinic->coverage($other['pid']);
        $visit = $this->clinic->encounter($other['pid']);
        $b = $this->put('B', [
            'status' => 'draft', 'use' => 'preauthorization', 'created' => '2026-12',
            'patient' => ['reference' => "Patient/{$other['uuid']}"],
            'insurance' => [['sequence' => 1, 'focal' => true,
                'coverage' => ['reference' => "Coverage/{$coverage['uuid']}"]]],
            'item' => [['sequence' => 1, 'encounter' => [['reference' => "Encounter/{$visit['uuid']}"]]]],
        ]);
        $sid = 'https://massage-billing.org/fhir/sid/claim-key';
        $base = self::BASE;
        $found = [
            "_id=$a" => 'A', "_id=$a,$b" => 'AB', '_id=nobody' => '',
            "identifier=$sid|A" => 'A', 'identifier=A' => 'A', "identifier=$sid|" => 'AB', 'identifier=|A' => '',
            "identifier=$sid|A,$sid|B" => 'AB', 'identifier=a' => '', 'identifier=other|A' => '',
            "patient={$this->patient['uuid']}" => 'A', "patient=Patient/{$other['uuid']}" => 'B',
            "patient=$base/Patient/{$other['uuid']}" => 'B', "patient:Patient={$other['uuid']}" => 'B',
            'patient=' . strtoupper($other['uuid']) => 'B', 'patient=https://else.example/Patient/1' => '',
            "patient={$this->patient['uuid']},{$other['uuid']}" => 'AB',
            "patient={$this->patient['uuid']}&patient={$other['uuid']}" => '',
            "encounter={$this->visit['uuid']}" => 'A', "encounter=Encounter/{$visit['uuid']}" => 'B',
            "encounter=Patient/{$visit['uuid']}" => '',
            "encounter=Encounter/{$this->visit['uuid']},Encounter/{$visit['uuid']}" => 'AB',
            'status=active' => 'A', 'status=draft,active' => 'AB', 'status=http://hl7.org/fhir/fm-status|draft' => 'B',
            'use=claim' => 'A', 'use=preauthorization' => 'B', 'use=claim&status=draft' => '',
            "provider=Organization/{$this->facility['uuid']}" => 'AB', "care-team={$this->therapist['uuid']}" => 'AB',
            "insurer={$this->coverage['payer']}" => 'AB', "insurer={$this->clinic->uuid()}" => '',
            'created=2026-12-01' => 'A', 'created=2026-12' => 'AB', 'created=ge2026-12-01' => 'AB',
            'created=gt2026-12-01' => 'B', 'created=lt2026-12-02' => 'AB', 'created=sa2026-12-01' => '',
            'created=eb2026-12-02' => 'A', 'created=ne2026-12-01' => 'B', 'created=lt2026-12' => '',
            'created=ap2026-12-01' => 'AB', 'created=ge2026-12-01&created=lt2026-12-01T18:00:01Z' => 'AB',
            '_lastUpdated=2026-12-01' => 'AB', '_lastUpdated=gt2026-12-01T18:00:00Z' => 'B',
            '_lastUpdated=ge2026-12-01T18:00:00Z' => 'AB', '_lastUpdated=lt2026-12-01T19:00:00Z' => 'A',
            '_lastUpdated=le2026-12-01T19:00:00Z' => 'AB', '_lastUpdated=sa2026-12-01T18:59:59.999Z' => 'B',
            '_lastUpdated=eb2026-12-01T19:00:00.000Z' => 'A', '_lastUpdated=ne2026-12-01T18:00:00Z' => 'B',
            '_lastUpdated=eq2026-12-01T18:00:00.000Z' => 'A', '_lastUpdated=ge2026-12-01T10:30:00-08:00' => 'B',
            '_lastUpdated=ge2026-12-01T20:30:00 02:00' => 'B', '_lastUpdated=ap2026-12-01T18:00:00Z' => 'A',
            '_lastUpdated=ge2026-12-01T18:00:00Z&_lastUpdated=lt2026-12-01T18:30:00Z' => 'A',
        ];
        foreach ($found as $query => $keys) {
            self::assertSame($keys, $this->keys($this->search('Claim', $query)), $query);
        }
    }

    public function testATaskIsFoundByWhatItIsAboutAndByWhom(): void
    {
        $this->put('T', [], 'Task');
        $visit = $this->visit['uuid'];
        foreach (
            [
                "focus=Encounter/$visit" => 'T', "focus=$visit" => 'T', "focus:Encounter=$visit" => 'T',
                "focus:Appointment=$visit" => '', "subject=Patient/{$this->patient['uuid']}" => 'T',
                "patient={$this->patient['uuid']}" => 'T', 'code=billing-hold' => 'T', 'code=other|billing-hold' => '',
                'code=https://massage-billing.org/fhir/CodeSystem/task-code|billing-hold' => 'T',
                'intent=order' => 'T', 'status=requested,ready' => 'T', "encounter=$visit" => '',
                'authored-on=2026-12-01' => 'T', 'modified=2026' => '',
            ] as $query => $keys
        ) {
            self::assertSame($keys, $this->keys($this->search('Task', $query)), $query);
        }
        self::assertSame($visit, $this->database->value('SELECT encounter FROM massage_billing_resource'));
    }

    public function testACommaAndABarInAValueAreQuoted(): void
    {
        $this->store->create('Task', $this->task('a,b|c\\d'));
        self::assertCount(1, $this->search('Task', 'identifier=a\\,b\\|c\\\\d')->resources);
        self::assertCount(0, $this->search('Task', 'identifier=a,b')->resources);
    }

    /** @return iterable<string, array{string}> */
    public static function wrong(): iterable
    {
        foreach (
            [
                'name=Muster', 'patient.name=x', '_include=Claim:patient', '_revinclude=Provenance:target', '_sort=use',
                '_elements=id', '_summary=true', '_total=many', '_format=xml', 'identifier:not=a',
                    'status:missing=true',
                'patient:identifier=x', '_lastUpdated=yesterday', '_lastUpdated=2026-13', '_lastUpdated=2026-02-30',
                '_lastUpdated=zz2026', '_lastUpdated=2026-12-01T18', '_lastUpdated=2026-12-01T18:00:00ZZ', 'created=',
                '_lastUpdated=ge2026,lt2027', '_count=-1', '_count=many', '_cursor=1', 'identifier=|', 'patient=',
                "_cursor=' OR 1", '_id=',
            ] as $query
        ) {
            yield $query => [$query];
        }
    }

    /** @dataProvider wrong */
    public function testWhatIsNotKnownIsRefusedAndNotLeftOut(string $query): void
    {
        self::assertSame(400, self::refusal(fn() => $this->search('Claim', $query))->status);
    }

    public function testHowTheAnswerLooksMayBeSaid(): void
    {
        $this->put('A');
        foreach (['_format=json', '_format=application/fhir json', '_format=application/fhir+json', '_pretty=true',
            '_summary=false', '_total=none', '_count=5'] as $query) {
            self::assertSame('A', $this->keys($this->search('Claim', $query)), $query);
        }
        foreach (['_summary=count', '_count=0'] as $query) {
            $page = $this->search('Claim', $query);
            self::assertSame([[], 1, null], [$page->resources, $page->total, $page->next]);
        }
    }

    public function testThePagesHoldEverythingOnceWhileOthersWrite(): void
    {
        $this->many(57);
        foreach (['', '&_sort=_lastUpdated', '&_sort=-_lastUpdated'] as $sort) {
            $there = array_keys($this->ids);
            $seen = [];
            $cursor = null;
            do {
                $page = $this->search('Task', '_count=10' . $sort . ($cursor === null ? '' : "&_cursor=$cursor"));
                self::assertLessThanOrEqual(10, count($page->resources));
                foreach ($page->arrays() as $one) {
                    $seen[] = $one['identifier'][0]['value'];
                }
                $this->clock->pass('1 second');
                $this->put('N' . bin2hex(random_bytes(4)), [], 'Task');
                $cursor = $page->next;
            } while ($cursor !== null && count($seen) < 1000);
            self::assertSame([], array_diff($there, $seen), "lost $sort");
            self::assertSame($seen, array_unique($seen), "twice $sort");
        }
    }

    public function testChangesWhileSomebodyPagesMoveNothing(): void
    {
        $this->many(30);
        $there = array_keys($this->ids);
        $seen = [];
        $cursor = null;
        do {
            $page = $this->search('Task', '_count=7' . ($cursor === null ? '' : "&_cursor=$cursor"));
            foreach ($page->arrays() as $one) {
                $seen[] = $one['identifier'][0]['value'];
            }
            $this->clock->pass('1 second');
            $one = $there[array_rand($there)];
            $this->store->update('Task', $this->ids[$one], $this->task($one, ['id' => $this->ids[$one],
                'description' => bin2hex(random_bytes(4))]));
            $cursor = $page->next;
        } while ($cursor !== null);
        sort($there);
        sort($seen);
        self::assertSame($there, $seen);
    }

    public function testTheOrderIsAsAskedFor(): void
    {
        $this->many(3);
        $this->clock->pass('1 minute');
        $this->store->update('Task', $this->ids['T0'], $this->task('T0', ['id' => $this->ids['T0'],
            'status' => 'ready']));
        self::assertSame('T0T1T2', $this->keys($this->search('Task', '')));
        self::assertSame('T1T2T0', $this->keys($this->search('Task', '_sort=_lastUpdated')));
        self::assertSame('T0', substr($this->keys($this->search('Task', '_sort=-_lastUpdated')), 0, 2));
    }

    public function testTheLastPageHasNoNextAndTheTotalIsTold(): void
    {
        $this->many(4);
        $all = $this->search('Task', '_count=4');
        self::assertSame([null, 4], [$all->next, $all->total]);
        $first = $this->search('Task', '_count=2');
        self::assertSame(null, $first->total);
        self::assertNotNull($first->next);
        $second = $this->search('Task', "_count=2&_total=accurate&_cursor=$first->next");
        self::assertSame([null, 4], [$second->next, $second->total]);
    }

    public function testAPlaceOfOneOrderIsNoneOfAnother(): void
    {
        $this->many(3);
        $next = $this->search('Task', '_count=1')->next;
        $sorted = fn() => $this->search('Task', "_count=1&_sort=_lastUpdated&_cursor=$next");
        self::assertSame(400, self::refusal($sorted)->status);
    }

    public function testSearchesGoByAnIndex(): void
    {
        $this->many(1);
        $other = $this->clinic->patient();
        $this->database->change('INSERT INTO massage_billing_resource (id, type, version, last_updated, status, patient, json)'
            . " SELECT LOWER(CONCAT('0197a000-0000-7000-8000-', LPAD(HEX(seq), 12, '0'))), IF(seq % 2, 'Task', 'Claim'), 1,"
            . " '2026-11-01' + INTERVAL seq SECOND, 'requested', ?, '{}' FROM seq_1_to_20000", [$other['uuid']]);
        $this->database->change('INSERT INTO massage_billing_token (resource, type, name, `system`, value)'
            . " SELECT id, type, 'identifier', 's', id FROM massage_billing_resource");
        $this->database->change('INSERT INTO massage_billing_reference (resource, type, name, target_type, target_id)'
            . " SELECT id, type, 'focus', 'Encounter', id FROM massage_billing_resource");
        $this->database->rows('ANALYZE TABLE massage_billing_resource, massage_billing_token, massage_billing_reference');
        foreach (
            [
                'identifier=https://massage-billing.org/fhir/sid/claim-key|T0', "patient={$this->patient['uuid']}",
                "focus={$this->visit['uuid']}", '_lastUpdated=gt2026-12-01T00:00:00Z', "_id={$this->ids['T0']}",
                "patient={$this->patient['uuid']}&status=requested&code=billing-hold",
            ] as $query
        ) {
            $before = $this->read();
            self::assertSame('T0', $this->keys($this->search('Task', $query)), $query);
            self::assertLessThan(60, $this->read() - $before, "rows read for $query");
        }
    }

    public function testDatesOutsideTheirFormAreNoDates(): void
    {
        $now = new \DateTimeImmutable('2026-12-01T00:00:00Z');
        self::assertTrue(DateRange::parse('x', 'ap2026-11-21',
            $now)->holds(new \DateTimeImmutable('2026-11-20T12:00:00Z')));
        self::assertSame('2027-01-01', DateRange::parse('x', '2026', $now)->end->format('Y-m-d'));
        self::assertSame('2026-12-01T23:30:00.123', DateRange::parse('x', 'ge2026-12-01T18:30:00.1239-05:00', $now)
            ->start->format('Y-m-d\TH:i:s.v'));
        $this->expectException(Refused::class);
        DateRange::parse('x', "2026-12-01\n", $now);
    }

    /** Rows that the database has looked at so far. */
    private function read(): int
    {
        $rows = $this->database->rows("SHOW SESSION STATUS LIKE 'Handler\\_read\\_%'");
        return array_sum(array_map(static fn(array $row): int => (int) $row['Value'], $rows));
    }

    private function many(int $count): void
    {
        for ($n = 0; $n < $count; $n++) {
            $this->put("T$n", [], 'Task');
            if ($n % 3 === 2 || $count < 5) {
                $this->clock->pass('1 millisecond');
            }
        }
    }

    /** @param array<string, mixed> $changed */
    private function put(string $key, array $changed = [], string $type = 'Claim'): string
    {
        $resource = $type === 'Claim' ? $this->claim($key, $changed) : $this->task($key, $changed);
        return $this->ids[$key] = $this->store->create($type, $resource)->stored->id;
    }

    private function search(string $type, string $query): Page
    {
        $pairs = [];
        foreach ($query === '' ? [] : explode('&', $query) as $pair) {
            $pairs[] = explode('=', $pair, 2);
        }
        return $this->store->search(
            QueryParser::parse($type, $pairs, Types::parameters($type), self::BASE, $this->clock->now())
        );
    }

    private function keys(Page $page): string
    {
        return implode('', array_map(
            static fn(array $one): string => (string) $one['identifier'][0]['value'],
            $page->arrays()
        ));
    }
}
