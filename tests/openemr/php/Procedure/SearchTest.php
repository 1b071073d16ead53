<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Procedure;

use OpenEMR\Common\Database\QueryUtils;
use OpenEMR\Modules\MassageBilling\Fhir\Refused;
use OpenEMR\Modules\MassageBilling\Log\Change;
use OpenEMR\Modules\MassageBilling\Log\Row;
use OpenEMR\Modules\MassageBilling\Tests\Support\TestDatabase;

/** Searching Procedures: nothing is lost, nothing comes twice, nothing that was not asked for. */
final class SearchTest extends ProcedureTestCase
{
    /** A visit of its own with one signed row. */
    private function treated(string $day, ?array $patient = null, mixed ...$row): Row
    {
        $patient ??= $this->patient;
        $visit = $this->visitOf($this->clinic->encounter($patient['pid'], "$day 09:00:00", $this->therapist['id']));
        $change = new Change(0, [$this->row(...$row)], false, '', Change::SIGN, $this->therapist['id']);
        $this->clock->pass('1 second');
        return $this->store->apply($visit, $change)->rows[0];
    }

    public function testCoresAndOursComeTogether(): void
    {
        $core = $this->coreProcedure();
        $ours = $this->sign([$this->row()])->rows[0];
        self::assertSame([$core['id'], $ours->uuid], $this->ids_('patient=' . $this->patient['uuid']));
        self::assertSame(2, $this->search('patient=Patient/' . $this->patient['uuid'])->page->total);
    }

    public function testPagesFollowEachOtherThroughCoresAndOurs(): void
    {
        $expected = [];
        foreach (range(1, 5) as $number) {
            $expected[] = $this->coreProcedure()['id'];
        }
        sort($expected);
        foreach (range(1, 7) as $number) {
            $expected[] = $this->treated('2026-11-0' . $number)->uuid;
        }
        foreach ([1, 2, 3, 5, 12, 13] as $count) {
            self::assertSame($expected, $this->ids_("_count=$count"), "by $count");
        }
        self::assertCount(3, $this->search('_count=3')->page->resources);
        self::assertSame([], $this->search('_count=0')->page->resources);
        self::assertSame(12, $this->search('_count=0')->page->total);
    }

    public function testWithoutACountEverythingOfCoresComesAtOnceAsCoreGivesIt(): void
    {
        foreach (range(1, 120) as $number) {
            $this->coreProcedure();
        }
        self::assertCount(120, $this->search('')->page->resources);
    }

    public function testRowsThatChangeWhileSomebodyPagesAreNotLost(): void
    {
        $first = $this->treated('2026-11-01');
        $second = $this->treated('2026-11-02');
        $third = $this->treated('2026-11-03');
        $page = $this->search('_count=1&_lastUpdated=ge2026-01-01')->page;
        self::assertSame([$first->uuid], array_column($page->arrays(), 'id'));
        $this->database->change(
            "UPDATE massage_billing_log_row SET updated_at = '2027-01-01 00:00:00' WHERE uuid = ?",
            [$second->uuid]
        );
        $next = $this->search('_count=5&_lastUpdated=ge2026-01-01&_cursor=' . rawurlencode((string) $page->next))->page;
        self::assertSame([$third->uuid, $second->uuid], array_column($next->arrays(), 'id'));
    }

    /**
     * @dataProvider dates
     * @param list<string> $expected
     */
    public function testDatesAreAskedForAsTheClinicsClockShowsThem(string $query, array $expected): void
    {
        $rows = [
            'day' => $this->treated('2026-11-30'),
            'morning' => $this->treated(
                '2026-12-01',
                null,
                start: '2026-12-01 10:00:00',
                end: '2026-12-01 11:00:00'
            ),
            'night' => $this->treated('2026-12-01', null, start: '2026-12-01 23:30:00', end: '2026-12-02 00:30:00'),
        ];
        $names = array_flip(array_map(static fn (Row $row): string => $row->uuid, $rows));
        $found = array_map(static fn (string $id): string => $names[$id], $this->ids_($query));
        self::assertSame($expected, $found);
    }

    /** @return iterable<string, array{string, list<string>}> */
    public function dates(): iterable
    {
        yield 'a day' => ['date=2026-11-30', ['day']];
        yield 'a day has what lies in it whole' => ['date=2026-12-01', ['morning']];
        yield 'from a day on' => ['date=ge2026-12-01', ['morning', 'night']];
        yield 'until a day' => ['date=le2026-12-01', ['day', 'morning', 'night']];
        yield 'before a day' => ['date=lt2026-12-01', ['day']];
        yield 'after a day' => ['date=gt2026-12-01', ['night']];
        yield 'begun after a day' => ['date=sa2026-11-30', ['morning', 'night']];
        yield 'ended before a day' => ['date=eb2026-12-02', ['day', 'morning']];
        yield 'not that day' => ['date=ne2026-12-01', ['day', 'night']];
        yield 'a month' => ['date=2026-11', ['day']];
        yield 'a year' => ['date=2026', ['day', 'morning', 'night']];
        yield 'a window' => ['date=ge2026-12-01&date=lt2026-12-02', ['morning', 'night']];
        yield 'a time' => ['date=ge2026-12-01T10:30', ['morning', 'night']];
        yield 'a time after which it began' => ['date=sa2026-12-01T10:30', ['night']];
        yield 'a time with an offset' => ['date=lt2026-12-01T18:30:00Z', ['day', 'morning']];
        yield 'an offset whose plus was not quoted' => ['date=lt2026-12-01T19:30:00+01:00', ['day', 'morning']];
    }

    public function testADateThatIsNoneIsRefused(): void
    {
        foreach (['2026-13-01', 'yesterday', '2026-02-30', '', 'xx2026'] as $date) {
            try {
                $this->search("date=$date");
                self::fail("$date was taken for a date.");
            } catch (Refused $refused) {
                self::assertSame(400, $refused->status);
            }
        }
    }

    public function testByVisitByCodeAndByStatusAlsoAmongCores(): void
    {
        $core = $this->coreProcedure('97140');
        $surgery = $this->coreProcedure('CPT4:97140');
        $other = $this->clinic->encounter($this->patient['pid']);
        $this->ofCore[0]['encounter']['reference'] = "Encounter/{$other['uuid']}";
        $rows = $this->save([$this->row(), $this->row(code: '97140')])->rows;
        $encounter = $this->encounter['uuid'];
        $cpt = rawurlencode('http://www.ama-assn.org/go/cpt');

        self::assertEqualsCanonicalizing(
            [$surgery['id'], $rows[0]->uuid, $rows[1]->uuid],
            $this->ids_("encounter=Encounter/$encounter")
        );
        self::assertEqualsCanonicalizing(
            [$core['id'], $surgery['id'], $rows[1]->uuid],
            $this->ids_("code=$cpt|97140")
        );
        self::assertSame([$rows[1]->uuid], $this->ids_("code=97140&encounter=$encounter&status=in-progress"));
        self::assertEqualsCanonicalizing([$core['id'], $surgery['id']], $this->ids_('status=completed'));
        self::assertSame([], $this->ids_('code=' . rawurlencode('http://snomed.info/sct|97140')));
        self::assertSame([], $this->ids_('encounter=' . $this->clinic->uuid()));
        self::assertEqualsCanonicalizing(
            [$rows[0]->uuid, $rows[1]->uuid],
            $this->ids_("code=97124,97140&status=in-progress")
        );
    }

    public function testCoreIsAskedOnlyForWhatItKnows(): void
    {
        $this->search(
            "encounter={$this->encounter['uuid']}&code=97124&status=completed&_format=json&_count=5&_sort=-date"
            . '&date=lt2027&date=ge2026-12-01&_lastUpdated=ge2026-11-01'
        );
        self::assertSame([[
            'patient' => $this->patient['uuid'], 'date' => 'ge2026-12-01', '_lastUpdated' => 'ge2026-11-01',
        ]], $this->askedOfCore);
    }

    public function testSeveralDatesHoldForCoresToo(): void
    {
        $before = $this->coreProcedure('97124', '2026-11-30T15:00:00-08:00');
        $inside = $this->coreProcedure('97124', '2026-12-01T15:00:00-08:00');
        self::assertSame([$inside['id']], $this->ids_('date=lt2026-12-02&date=ge2026-12-01'));
        self::assertSame([$before['id']], $this->ids_('date=lt2026-12-01&date=ge2026-11-01'));
    }

    public function testProvenancesComeBesideTheirProcedures(): void
    {
        $core = $this->coreProcedure();
        $this->ofCore[] = [
            'resourceType' => 'Provenance', 'id' => 'about',
            'target' => [['reference' => 'Procedure/' . $core['id']]],
        ];
        $found = $this->search('_revinclude=Provenance:target');
        self::assertSame([$core['id']], array_column($found->page->arrays(), 'id'));
        self::assertSame(['about'], array_column($found->about, 'id'));
        self::assertSame('Provenance:target', $this->askedOfCore[0]['_revinclude']);
    }

    public function testAParameterThatNobodyKnowsIsRefused(): void
    {
        foreach (['_include=Procedure:encounter', 'performer=Practitioner/1', 'patient.name=x', 'code:text=x'] as $query) {
            try {
                $this->search($query);
                self::fail("$query was overlooked.");
            } catch (Refused $refused) {
                self::assertSame(400, $refused->status);
            }
        }
    }

    public function testAPatientsTokenSeesThatPatientOnly(): void
    {
        $other = $this->clinic->patient();
        $mine = $this->treated('2026-12-01');
        $theirs = $this->treated('2026-12-01', $other);
        $ids = static fn (array $all): array => array_column($all, 'id');
        self::assertSame([$mine->uuid], $ids($this->search('', $this->patient['uuid'])->page->arrays()));
        self::assertSame([], $ids($this->search("patient={$other['uuid']}", $this->patient['uuid'])->page->arrays()));
        self::assertSame([], $ids($this->search("_id={$theirs->uuid}", $this->patient['uuid'])->page->arrays()));
        self::assertSame($this->patient['uuid'], $this->askedOfCore[0]['patient']);
        self::assertCount(2, $this->askedOfCore); // for nobody's, core is not asked at all
    }

    public function testSeveralPatientsAndIdsAreAnyOfThem(): void
    {
        $other = $this->clinic->patient();
        $third = $this->clinic->patient();
        $rows = [$this->treated('2026-12-01'), $this->treated('2026-12-01', $other)];
        $this->treated('2026-12-01', $third);
        $ids = array_map(static fn (Row $row): string => $row->uuid, $rows);
        self::assertSame($ids, $this->ids_("patient={$this->patient['uuid']},Patient/{$other['uuid']}"));
        self::assertSame($ids, $this->ids_('_id=' . implode(',', $ids)));
        self::assertSame([], $this->ids_("_id=not-a-uuid"));
        self::assertSame([], $this->ids_("patient=12"));
    }

    public function testWhatChangedSinceAMomentIsFound(): void
    {
        $first = $this->treated('2026-12-01');
        $second = $this->treated('2026-12-01');
        self::assertSame([$first->uuid, $second->uuid], $this->ids_('_lastUpdated=ge2026-12-01T18:00:01Z'));
        self::assertSame([$second->uuid], $this->ids_('_lastUpdated=gt2026-12-01T18:00:01Z'));
        self::assertSame([$first->uuid], $this->ids_('_lastUpdated=lt2026-12-01T18:00:02Z'));
    }

    public function testRowsOfADeletedPatientAreLeftOutAndThePagesGoOn(): void
    {
        $gone = $this->clinic->patient();
        $first = $this->treated('2026-11-01');
        $hidden = $this->treated('2026-11-02', $gone);
        $last = $this->treated('2026-11-03');
        $this->database->change('DELETE FROM patient_data WHERE pid = ?', [$gone['pid']]);
        self::assertSame([$first->uuid, $last->uuid], $this->ids_('_count=1'));
        self::assertNull($this->procedures()->read($hidden->uuid));
        self::assertSame(2, $this->search('_count=0')->page->total);
    }

    public function testAPlaceThatWasNeverGivenIsRefused(): void
    {
        foreach (['x', 'log.x', "log.2026-12-01' OR 1", 'core.-1'] as $cursor) {
            try {
                $this->search('_cursor=' . rawurlencode($cursor));
                self::fail("$cursor was taken for a place.");
            } catch (Refused $refused) {
                self::assertSame(400, $refused->status);
            }
        }
    }

    public function testASearchAsksTheSameNumberOfQuestionsWhateverItFinds(): void
    {
        $count = function (): int {
            QueryUtils::$statements = [];
            $this->search("patient={$this->patient['uuid']}");
            return count(QueryUtils::$statements);
        };
        $this->treated('2026-12-01');
        $one = $count();
        foreach (range(1, 20) as $number) {
            $this->treated('2026-12-01');
        }
        self::assertSame($one, $count());
    }

    public function testAWindowOfOneDayCostsTheSameAmongManyRows(): void
    {
        $this->fill(500);
        $few = $this->cost();
        $this->fill(50000);
        $many = $this->cost();
        self::assertLessThan(2 * $few['read'], $many['read'], 'rows read');
        self::assertLessThan(2000, $this->reads('code=97124&_count=20'), 'rows read by code');
        self::assertLessThan(2000, $this->reads('_lastUpdated=ge2026-11-15&_count=20'), 'rows read by change');
        self::assertLessThan(2 * $few['time'] + 0.002, $many['time'], 'seconds');
    }

    /** So many rows, four a day. */
    private function fill(int $rows): void
    {
        $pdo = TestDatabase::pdo();
        $pdo->exec('DELETE FROM massage_billing_log_row');
        $pdo->exec('DELETE FROM massage_billing_log');
        $pid = $this->visit->pid;
        $encounter = $this->visit->encounter;
        $pdo->exec('INSERT INTO massage_billing_log (id, pid, encounter, version, status, created_by, created_at, updated_at)'
            . " VALUES (1, $pid, $encounter, 1, 'signed', 1, '2026-12-01', '2026-12-01')");
        $pdo->exec("SET @n = $rows");
        $pdo->exec('INSERT INTO massage_billing_log_row (uuid, log, seq, pid, encounter, code_type, code, minutes, therapist,'
            . " status, performed_on, updated_at) SELECT UUID(), 1, seq, $pid, $encounter, 'CPT4', '97124', 60,"
            . " {$this->therapist['id']}, 'completed', '2026-12-01' - INTERVAL (seq DIV 4) DAY,"
            . " '2026-12-01' - INTERVAL (seq DIV 4) DAY FROM seq_0_to_" . ($rows - 1));
        $pdo->query('ANALYZE TABLE massage_billing_log_row')->fetchAll();
    }

    /** @return array{read: int, time: float} */
    private function cost(): array
    {
        $this->search('date=2026-11-15');
        $times = [];
        foreach (range(1, 9) as $turn) {
            $begun = microtime(true);
            $found = $this->search('date=ge2026-11-15&date=lt2026-11-16');
            $times[] = microtime(true) - $begun;
            self::assertCount(4, $found->page->resources);
        }
        sort($times);
        return ['read' => $this->reads('date=ge2026-11-15&date=lt2026-11-16'), 'time' => $times[4]];
    }

    /** How many rows the database reads for a search. */
    private function reads(string $query): int
    {
        TestDatabase::pdo()->exec('FLUSH STATUS');
        $this->search($query);
        $read = 0;
        foreach (TestDatabase::pdo()->query("SHOW STATUS LIKE 'Handler_read%'")->fetchAll() as $row) {
            $read += (int) $row['Value'];
        }
        return $read;
    }
}
