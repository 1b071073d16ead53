<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Log;

use OpenEMR\Modules\MassageBilling\Log\Change;
use OpenEMR\Modules\MassageBilling\Log\Conflict;
use OpenEMR\Modules\MassageBilling\Log\Row;
use OpenEMR\Modules\MassageBilling\Log\TreatmentLog;
use OpenEMR\Modules\MassageBilling\Log\Version;

/** Nothing that was recorded is lost: history, locking, signing, amendments. */
final class LogStoreTest extends LogTestCase
{
    public function testAVisitWithoutALogHasNone(): void
    {
        self::assertNull($this->store->find($this->visit->pid, $this->visit->encounter));
    }

    public function testWhatIsSavedIsReadBack(): void
    {
        $row = $this->row(
            modifiers: ['GP', '59'],
            region: '45048000',
            regionText: 'neck',
            start: '2026-12-01 10:00:00',
            end: '2026-12-01 11:00:00',
        );
        $this->save([$row], selfPay: true, note: 'face down');

        $log = $this->found();
        self::assertSame(1, $log->version);
        self::assertSame(TreatmentLog::DRAFT, $log->status);
        self::assertTrue($log->isSelfPay());
        self::assertSame('face down', $log->note);
        self::assertCount(1, $log->rows);
        self::assertSame($row->facts(), $log->rows[0]->facts());
        self::assertSame(Row::OPEN, $log->rows[0]->status);
        self::assertNull($log->signedAt);
    }

    public function testSavingTheSameAgainChangesNothing(): void
    {
        $first = $this->save([$this->row()]);
        $this->clock->pass('5 minutes');
        $again = $this->save($first->rows, 1);

        self::assertSame(1, $again->version);
        self::assertEquals($first->updatedAt, $this->found()->updatedAt);
        self::assertCount(1, $this->store->history($first->id));
    }

    public function testTheSecondOfTwoWritersIsToldAndNothingIsOverwritten(): void
    {
        $first = $this->save([$this->row()]);
        $this->save([$first->rows[0], $this->row(code: '97140', minutes: 15)], 1);

        try {
            $this->save([$this->row(code: '97112')], 1);
            self::fail('An older version was saved over a newer one.');
        } catch (Conflict) {
        }
        self::assertSame(['97124', '97140'], $this->codes($this->found()));
        self::assertCount(2, $this->store->history($first->id));
    }

    public function testTwoFirstSavesMakeOneLog(): void
    {
        $this->save([$this->row()]);
        $this->expectException(Conflict::class);
        $this->save([$this->row(code: '97140')]);
    }

    public function testAFormMadeFromALogThatIsGoneIsRefused(): void
    {
        $this->expectException(Conflict::class);
        $this->save([$this->row()], 3);
    }

    public function testARowTakenOutIsKeptAsEnteredInError(): void
    {
        $first = $this->save([$this->row(), $this->row(code: '97140', minutes: 15)]);
        $this->clock->pass('1 minute');
        $this->save([$first->rows[1]], 1);

        $log = $this->found();
        self::assertSame(['97140'], $this->codes($log));
        self::assertSame(
            [$first->rows[1]->uuid => Row::OPEN, $first->rows[0]->uuid => Row::WRONG],
            array_column(array_map(static fn (Row $r): array => [$r->uuid, $r->status], $log->rows), 1, 0)
        );
    }

    public function testARowTakenOutStaysOutWhenTheLogIsSavedAgain(): void
    {
        $first = $this->save([$this->row(), $this->row(code: '97140')]);
        $this->save([$first->rows[0]], 1);
        $this->clock->pass('1 minute');
        $before = $this->updated($first->rows[1]->uuid);
        $this->sign([$first->rows[0]], 2);

        self::assertSame(Row::WRONG, $this->status($first->rows[1]->uuid));
        self::assertSame($before, $this->updated($first->rows[1]->uuid));
    }

    public function testARowOfAnotherVisitCannotBeTakenOver(): void
    {
        $mine = $this->save([$this->row()]);
        $other = $this->clinic->encounter($this->patient['pid']);
        $visit = $this->visitOf($other);
        $log = $this->store->apply(
            $visit,
            new Change(0, [$this->row(uuid: $mine->rows[0]->uuid, minutes: 5)], false, '', Change::SAVE, 7)
        );

        self::assertNotSame($mine->rows[0]->uuid, $log->rows[0]->uuid);
        self::assertSame(60, $this->found()->rows[0]->minutes);
    }

    public function testSigningCompletesEveryRowAndSaysWhoAndWhen(): void
    {
        $draft = $this->save([$this->row()]);
        $this->clock->pass('10 minutes');
        $this->sign($draft->rows, 1);

        $log = $this->found();
        self::assertTrue($log->isSigned());
        self::assertSame(2, $log->version);
        self::assertSame($this->therapist['id'], $log->signedBy);
        self::assertSame('2026-12-01T18:10:00+00:00', $log->signedAt?->format(DATE_ATOM));
        self::assertSame([Row::DONE], array_map(static fn (Row $row): string => $row->status, $log->rows));
        self::assertSame($draft->rows[0]->uuid, $log->rows[0]->uuid);
    }

    public function testASignedLogIsNotSavedOverAndNotSignedTwice(): void
    {
        $signed = $this->sign([$this->row()]);
        foreach ([Change::SAVE, Change::SIGN] as $action) {
            try {
                $this->store->apply($this->visit, new Change(1, [], false, '', $action, 7));
                self::fail('A signed log was changed without an amendment.');
            } catch (\LogicException) {
            }
        }
        self::assertEquals($signed->rows, $this->found()->rows);
    }

    public function testAnAmendmentNeedsAReason(): void
    {
        $signed = $this->sign([$this->row()]);
        $this->expectException(\LogicException::class);
        $this->amend($signed->rows, 1, ' ');
    }

    public function testADraftIsNotAmended(): void
    {
        $draft = $this->save([$this->row()]);
        $this->expectException(\LogicException::class);
        $this->amend($draft->rows, 1, 'wrong minutes');
    }

    public function testAnAmendmentKeepsEveryEarlierVersion(): void
    {
        $draft = $this->save([$this->row()]);
        $signed = $this->sign($draft->rows, 1);
        $this->clock->pass('2 days');
        $longer = $this->row(uuid: $signed->rows[0]->uuid, minutes: 45);
        $this->amend([$longer, $this->row(code: '97140', minutes: 15)], 2, 'minutes were mixed up');

        $log = $this->found();
        self::assertTrue($log->isSigned());
        self::assertSame(8, $log->signedBy);
        self::assertSame([45, 15], array_map(static fn (Row $row): ?int => $row->minutes, $log->standing()));
        $history = $this->store->history($log->id);
        self::assertSame(
            [[3, 'amended', 'minutes were mixed up', 8], [2, 'signed', '', $this->therapist['id']], [1, 'saved', '', 7]],
            array_map(static fn (Version $v): array => [$v->number, $v->action, $v->reason, $v->savedBy], $history)
        );
        self::assertSame(60, $history[1]->content['rows'][0]['minutes']);
        self::assertSame('2026-12-03T18:00:00+00:00', $history[0]->savedAt->format(DATE_ATOM));
    }

    public function testEverythingCanBeTakenOutOfASignedLogByAmendment(): void
    {
        $signed = $this->sign([$this->row()]);
        $this->amend([], 1, 'another patient was meant');

        self::assertSame([], $this->found()->standing());
        self::assertSame(Row::WRONG, $this->status($signed->rows[0]->uuid));
    }

    public function testTheTimeOfARowMovesWithWhatItsProcedureSays(): void
    {
        $first = $this->save([$this->row(), $this->row(code: '97140')]);
        [$kept, $changed] = array_map(static fn (Row $row): string => $row->uuid, $first->rows);
        $this->clock->pass('1 minute');
        $this->save([$first->rows[0], $this->row(uuid: $changed, code: '97140', minutes: 20)], 1);
        self::assertSame(['2026-12-01 18:00:00.000', '1'], [$this->updated($kept), $this->version($kept)]);
        self::assertSame(['2026-12-01 18:01:00.000', '2'], [$this->updated($changed), $this->version($changed)]);

        $this->clock->pass('1 minute');
        $this->save($this->found()->rows, 2, selfPay: true);
        self::assertSame(['2026-12-01 18:02:00.000', '3'], [$this->updated($kept), $this->version($kept)]);

        $this->clock->pass('1 minute');
        $this->sign($this->found()->rows, 3, selfPay: true);
        self::assertSame(['2026-12-01 18:03:00.000', '4'], [$this->updated($kept), $this->version($kept)]);
    }

    public function testTwoVersionsNeverHaveOneTime(): void
    {
        $first = $this->save([$this->row()]);
        $second = $this->save([$this->row(uuid: $first->rows[0]->uuid, minutes: 50)], 1);
        self::assertGreaterThan($first->updatedAt, $second->updatedAt);
        self::assertSame('2026-12-01 18:00:00.001', $this->updated($first->rows[0]->uuid));
    }

    public function testAWishTakenBackIsRemembered(): void
    {
        $this->save([$this->row()], selfPay: true);
        $log = $this->save($this->found()->rows, 1, selfPay: false);
        self::assertSame(TreatmentLog::PLAN, $log->billTo);
        self::assertFalse($log->isSelfPay());
    }

    public function testRowsFollowTheVisitWhoseDateWasCorrected(): void
    {
        $first = $this->save([$this->row()]);
        $this->database->change(
            "UPDATE form_encounter SET date = '2026-11-30 09:30:00' WHERE encounter = ?",
            [$this->visit->encounter]
        );
        $this->visit = $this->visitOf($this->encounter);
        $this->save($first->rows, 1);
        self::assertSame(
            '2026-11-30',
            $this->database->value('SELECT performed_on FROM massage_billing_log_row')
        );
        self::assertSame('2', $this->version($first->rows[0]->uuid));
    }

    public function testWhatWasDoneIsInTheAuditLogByNumbersOnly(): void
    {
        $this->sign([$this->row(regionText: 'private words')]);
        self::assertCount(1, $this->audit->notes);
        self::assertSame($this->visit->pid, $this->audit->notes[0]['pid']);
        self::assertStringContainsString('signed as version 1', $this->audit->notes[0]['what']);
        self::assertStringNotContainsString('private', $this->audit->notes[0]['what']);
    }

    /** @return list<string> */
    private function codes(TreatmentLog $log): array
    {
        return array_map(static fn (Row $row): string => $row->code, $log->standing());
    }

    private function updated(string $uuid): string
    {
        return (string) $this->database->value(
            'SELECT updated_at FROM massage_billing_log_row WHERE uuid = ?',
            [$uuid]
        );
    }

    private function version(string $uuid): string
    {
        return (string) $this->database->value('SELECT version FROM massage_billing_log_row WHERE uuid = ?', [$uuid]);
    }

    private function status(string $uuid): string
    {
        return (string) $this->database->value('SELECT status FROM massage_billing_log_row WHERE uuid = ?', [$uuid]);
    }
}
