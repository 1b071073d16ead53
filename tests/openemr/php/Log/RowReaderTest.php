<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Log;

use OpenEMR\Modules\MassageBilling\Log\Choices;
use OpenEMR\Modules\MassageBilling\Log\Fault;
use OpenEMR\Modules\MassageBilling\Log\ReadRows;
use OpenEMR\Modules\MassageBilling\Log\Regions;
use OpenEMR\Modules\MassageBilling\Log\RowReader;
use OpenEMR\Modules\MassageBilling\Log\Typed;
use OpenEMR\Modules\MassageBilling\Log\WallClock;

/** What is typed is read as it was meant, or said to be wrong beside its field. */
final class RowReaderTest extends LogTestCase
{
    /** @param array<string, string> $typed */
    private function read(array ...$typed): ReadRows
    {
        $choices = new Choices($this->database);
        $rows = array_map(fn (array $row): array => $row + [
            'code' => '97124', 'minutes' => '60', 'therapist' => (string) $this->therapist['id'],
        ], $typed);
        return (new RowReader($choices, new Regions()))->read(
            Typed::from(['rows' => $rows]),
            $this->visit,
            $choices->therapists()
        );
    }

    /** @return array<string, string> */
    private function faults(ReadRows $read): array
    {
        return array_column(
            array_map(static fn (Fault $f): array => [$f->field, $f->message], $read->faults),
            1,
            0
        );
    }

    public function testACompleteRowHasNoFault(): void
    {
        $read = $this->read(['region' => 'Low  Back', 'diagnosis' => 'm5450']);
        self::assertSame([], $this->faults($read));
        self::assertTrue($read->isComplete());
        self::assertSame(
            ['CPT4', '97124', '122496007', 'M54.50', 60],
            [
                $read->list()[0]->codeType, $read->list()[0]->code, $read->list()[0]->region,
                $read->list()[0]->diagnosis, $read->list()[0]->minutes,
            ]
        );
    }

    /** @dataProvider codes */
    public function testACodeIsReadWithItsModifiers(string $typed, string $code, array $modifiers): void
    {
        $row = $this->read(['code' => $typed])->list()[0];
        self::assertSame([$code, $modifiers], [$row->code, $row->modifiers]);
    }

    /** @return iterable<array{string, string, list<string>}> */
    public function codes(): iterable
    {
        yield ['97124', '97124', []];
        yield ['97140-59', '97140', ['59']];
        yield ['97140:59:gp', '97140', ['59', 'GP']];
        yield ['97140 59', '97140', ['59']];
        yield ['CPT4:97140', '97140', []];
        yield ['97124 massage', '97124 MASSAGE', []];
    }

    public function testACodeThatTheClinicDoesNotHaveIsNotSigned(): void
    {
        $read = $this->read(['code' => '99999']);
        self::assertTrue($read->isReadable());
        self::assertFalse($read->isComplete());
        self::assertArrayHasKey('code', $this->faults($read));
    }

    public function testTheEndFollowsFromTheMinutesAndTheMinutesFromTheEnd(): void
    {
        [$one, $two] = $this->read(
            ['start' => '10:05', 'minutes' => '45'],
            ['start' => '13:00', 'end' => '14:15', 'minutes' => ''],
        )->list();
        self::assertSame('2026-12-01 10:50:00', $one->end);
        self::assertSame(75, $two->minutes);
    }

    public function testATreatmentPastMidnightIsToldFromAnEndBeforeItsStart(): void
    {
        $past = $this->read(['start' => '23:30', 'end' => '00:15', 'minutes' => '45']);
        self::assertSame('2026-12-02 00:15:00', $past->list()[0]->end);
        self::assertSame([], $this->faults($past));
        $before = $this->read(['start' => '11:30', 'end' => '11:15', 'minutes' => '']);
        self::assertArrayHasKey('end', $this->faults($before));
        self::assertTrue($before->isReadable());
    }

    public function testMinutesThatTheClockContradictsAreNotSigned(): void
    {
        $read = $this->read(['start' => '10:00', 'end' => '11:00', 'minutes' => '50']);
        self::assertTrue($read->isReadable());
        self::assertSame(['minutes'], array_keys($this->faults($read)));
        self::assertSame(50, $read->list()[0]->minutes);
    }

    /**
     * @dataProvider incomplete
     * @param array<string, string> $typed
     */
    public function testARowThatIsNotCompleteCanBeKeptButNotSigned(array $typed, string $field): void
    {
        $read = $this->read($typed);
        self::assertTrue($read->isReadable());
        self::assertFalse($read->isComplete());
        self::assertArrayHasKey($field, $this->faults($read));
    }

    /** @return iterable<string, array{array<string, string>, string}> */
    public function incomplete(): iterable
    {
        yield 'no code' => [['code' => ''], 'code'];
        yield 'no minutes' => [['minutes' => ''], 'minutes'];
        yield 'a start alone' => [['minutes' => '', 'start' => '10:00'], 'minutes'];
        yield 'no length' => [['minutes' => '', 'start' => '10:00', 'end' => '10:00'], 'end'];
        yield 'zero minutes' => [['minutes' => '0'], 'minutes'];
        yield 'more than a day' => [['minutes' => '1441'], 'minutes'];
        yield 'no therapist' => [['therapist' => ''], 'therapist'];
        yield 'a diagnosis that cannot be billed' => [['diagnosis' => 'M54.5'], 'diagnosis'];
        yield 'a diagnosis that is none' => [['diagnosis' => 'back'], 'diagnosis'];
    }

    /**
     * @dataProvider unreadable
     * @param array<string, string> $typed
     */
    public function testWhatCannotBeReadCannotBeKept(array $typed, string $field): void
    {
        $read = $this->read($typed);
        self::assertFalse($read->isReadable());
        self::assertArrayHasKey($field, $this->faults($read));
    }

    /** @return iterable<string, array{array<string, string>, string}> */
    public function unreadable(): iterable
    {
        yield 'no time' => [['start' => '25:10'], 'start'];
        yield 'no number' => [['minutes' => 'an hour'], 'minutes'];
        yield 'below zero' => [['minutes' => '-15'], 'minutes'];
        yield 'nobody here' => [['therapist' => '999999'], 'therapist'];
        yield 'too long' => [['region' => str_repeat('x', 121)], 'region'];
    }

    public function testAFaultStandsAtItsRowEvenAfterEmptyOnes(): void
    {
        $choices = new Choices($this->database);
        $therapist = (string) $this->therapist['id'];
        $read = (new RowReader($choices, new Regions()))->read(Typed::from(['rows' => [
            ['therapist' => $therapist],
            ['code' => '97124', 'therapist' => $therapist],
        ]]), $this->visit, $choices->therapists());
        self::assertCount(1, $read->rows);
        self::assertSame([1], array_map(static fn (Fault $fault): int => $fault->row, $read->faults));
    }

    public function testADiagnosisOfTheVisitIsTakenThoughTheListDoesNotHaveIt(): void
    {
        $this->clinic->add('billing', [
            'code_type' => 'ICD10', 'code' => 'M62.838', 'pid' => $this->visit->pid, 'activity' => 1,
            'encounter' => $this->visit->encounter, 'code_text' => 'spasm',
        ]);
        self::assertSame([], $this->faults($this->read(['diagnosis' => 'M62.838'])));
    }

    public function testWithoutAnIcd10ListWhatLooksLikeACodeIsTaken(): void
    {
        $this->database->change('DELETE FROM icd10_dx_order_code');
        $read = $this->read(['diagnosis' => 's134xxa'], ['diagnosis' => 'neck']);
        self::assertSame('S13.4XXA', $read->list()[0]->diagnosis);
        self::assertSame([1], array_map(static fn (Fault $fault): int => $fault->row, $read->faults));
    }

    /** @dataProvider times */
    public function testATimeOfDayIsReadAsPeopleWriteIt(string $typed, ?int $minutes): void
    {
        self::assertSame($minutes === null ? null : $minutes * 60, WallClock::read($typed));
    }

    /** @return iterable<array{string, ?int}> */
    public function times(): iterable
    {
        yield ['00:00', 0];
        yield ['14:05', 845];
        yield ['9:05', 545];
        yield ['0905', 545];
        yield ['2:05 pm', 845];
        yield ['12:30am', 30];
        yield ['12:30 PM', 750];
        yield ['23:59:00', 1439];
        yield ['24:00', null];
        yield ['13:00 pm', null];
        yield ['10:60', null];
        yield ['soon', null];
    }
}
