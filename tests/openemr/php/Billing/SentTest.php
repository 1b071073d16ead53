<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Billing;

use OpenEMR\Modules\MassageBilling\Fhir\Stored;

final class SentTest extends BillingTestCase
{
    /** @dataProvider sentStates */
    public function testWhatWasSentIsNotChanged(callable $sent): void
    {
        $claim = $this->create($this->claim(['auth' => 'A-1']));
        $this->clock->pass('1 minute');
        $sent($this->manager);
        foreach ([
            ['lines' => [['97124', 3, 3000, ['GP']]], 'auth' => 'A-1'],
            ['lines' => [['97124', 4, 3000, ['GP']], ['97140', 1, 4500]], 'auth' => 'A-1'],
            ['auth' => 'A-2'], [], ['status' => 'cancelled', 'auth' => 'A-1'], ['status' => 'draft', 'auth' => 'A-1'],
        ] as $with) {
            $this->refused(409, $this->claim($with), $claim->id);
        }
        $before = $this->sheet();
        $this->update($claim->id, $this->claim(['auth' => 'A-1', 'created' => '2026-11-24T01:00:00Z']));
        self::assertSame($before, $this->sheet());
    }

    /** @return array<string, array{callable(BillingManager): void}> */
    public function sentStates(): array
    {
        return [
            'in a file' => [static fn(BillingManager $manager) => $manager->generate()],
            'marked as cleared' => [static fn(BillingManager $manager) => $manager->clear()],
            'denied' => [static function (BillingManager $manager): void {
                $manager->generate();
                $manager->deny();
            }],
            'queued for the secondary' => [static function (BillingManager $manager): void {
                $manager->generate();
                $manager->pay('50.00');
                $manager->queueSecondary(9002);
            }],
            'paid, then reopened' => [static function (BillingManager $manager): void {
                $manager->generate();
                $manager->pay('50.00');
                $manager->reopen();
            }],
        ];
    }

    public function testAnotherCoverageOfWhatWasSentIsRefused(): void
    {
        $claim = $this->create($this->claim());
        $this->manager->generate($this->coverage['company']);
        $this->coverage = $this->clinic->coverage($this->patient['pid'], 'secondary');
        $this->refused(409, $this->claim(), $claim->id);
    }

    public function testReopenedByABillerItCanBeMended(): void
    {
        $claim = $this->create($this->claim());
        $id = $this->sheet()[0]['id'];
        $this->manager->generate(4711);
        $this->manager->reopen(4711);
        $this->update($claim->id, $this->claim(['lines' => [['97124', 3, 3000, ['GP']]]]));
        self::assertSame([['97124 GP 3 90.00'], 'posted', $id], [$this->lines(), $this->state($claim->id), $this->sheet()[0]['id']]);
    }

    public function testReopenedOnTheFeeSheetItCanBeMended(): void
    {
        $claim = $this->create($this->claim());
        $this->manager->generate(4711);
        $this->clock->pass('1 day');
        $this->manager->pay('80.00');
        $this->manager->reopenFeeSheet();
        $this->update($claim->id, $this->claim(['lines' => [['97124', 3, 3000, ['GP']]]]));
        self::assertSame([['97124 GP 3 90.00'], 'posted'], [$this->lines(), $this->state($claim->id)]);
    }

    public function testAPatientsPaymentIsNoAnswerOfThePayer(): void
    {
        $claim = $this->create($this->claim());
        $this->manager->pay('20.00', 0);
        $this->update($claim->id, $this->claim(['lines' => [['97124', 3, 3000, ['GP']]]]));
        self::assertSame(['97124 GP 3 90.00'], $this->lines());
    }

    /** @dataProvider frequencies */
    public function testACorrectionTakesThePlaceOfWhatWasAnswered(string $frequency, string $column): void
    {
        $prior = $this->answered(['auth' => 'A-1']);
        [$old] = $this->sheet();
        $lines = $frequency === '8' ? [['97124', 4, 3000, ['GP']]] : [['97124', 3, 3000, ['GP']]];
        $claim = $this->create($this->claim(['lines' => $lines, 'auth' => 'A-1', 'revision' => 1,
            'frequency' => $frequency, 'prior' => $prior->id, 'number' => 'ICN-4711']));
        [$new] = $this->sheet();
        self::assertCount(1, $this->sheet());
        self::assertNotSame($old['id'], $new['id']);
        self::assertSame(['0', '0', null], [$new['billed'], $new['bill_process'], $new['process_file']]);
        $stood = $this->database->row('SELECT * FROM billing WHERE id = ?', [$old['id']]);
        self::assertSame(array_replace($old, ['activity' => '0']), $stood, 'Only taken off.');
        self::assertSame(
            [$column, 'ICN-4711', 'A-1'],
            [$this->form()['replacement_claim'], $this->form()['icn_resubmission_number'], $this->form()['prior_auth_number']]
        );
        self::assertSame(['M54.50'], array_column($this->sheet(null, 'ICD10'), 'code'));
        self::assertSame(['superseded', 'posted'], [$this->state($prior->id), $this->state($claim->id)]);
        self::assertCount(1, $this->database->rows('SELECT * FROM claims'), 'Left to Billing Manager.');
        $this->refused(409, $this->claim(['lines' => [['97124', 1, 3000]]]), $prior->id);
        $this->update($prior->id, $this->claim(['auth' => 'A-1', 'created' => '2026-11-24T01:00:00Z']));
        $this->manager->generate();
        $this->refused(409, $this->claim(['lines' => [['97124', 1, 3000]], 'revision' => 1,
            'frequency' => $frequency, 'prior' => $prior->id, 'number' => 'ICN-4711']), $claim->id);
    }

    /** @return array<string, array{string, string}> */
    public function frequencies(): array
    {
        return ['replacement' => ['7', '1'], 'void' => ['8', '2']];
    }

    public function testACorrectionOfACorrection(): void
    {
        $first = $this->answered();
        $second = $this->create($this->claim(['revision' => 1, 'frequency' => '7', 'prior' => $first->id, 'number' => 'ICN-1']));
        $this->clock->pass('1 minute');
        $this->manager->generate();
        $this->clock->pass('1 minute');
        $this->manager->pay('60.00');
        $third = $this->create($this->claim(['revision' => 2, 'frequency' => '8', 'prior' => $second->id, 'number' => 'ICN-2']));
        self::assertCount(1, $this->sheet());
        self::assertSame(['2', 'ICN-2'], [$this->form()['replacement_claim'], $this->form()['icn_resubmission_number']]);
        self::assertSame(['superseded', 'superseded', 'posted'],
            array_map(fn(Stored $one): ?string => $this->state($one->id), [$first, $second, $third]));
    }

    public function testACorrectionNeedsAPriorClaimThatWasPosted(): void
    {
        $prior = $this->answered();
        $draft = $this->create($this->claim(['status' => 'draft', 'revision' => 5]));
        $this->refused(422, $this->claim(['revision' => 1, 'frequency' => '7', 'prior' => $draft->id]));
        foreach (['', 'ICN', str_repeat('9', 36), 'ICN*1~'] as $number) {
            $this->refused(422, $this->claim(['revision' => 1, 'frequency' => '7', 'prior' => $prior->id, 'number' => $number]));
        }
        $claim = $this->claim(['revision' => 1, 'frequency' => '7', 'prior' => $prior->id]);
        unset($claim['related'][0]['reference']);
        $this->refused(422, $claim);
        unset($claim['related']);
        $this->refused(422, $claim);
        $this->refused(422, $this->claim(['revision' => 1, 'frequency' => '6', 'prior' => $prior->id]));
    }

    public function testANewRevisionAfterARejectionIsBilledAgain(): void
    {
        $first = $this->create($this->claim(['auth' => 'A-1']));
        $this->manager->generate();
        $second = $this->create($this->claim(['lines' => [['97124', 3, 3000, ['GP']]], 'auth' => 'A-1', 'revision' => 1]));
        self::assertSame(['97124 GP 3 90.00'], $this->lines());
        self::assertSame(['0', ''], [$this->sheet()[0]['billed'], $this->form()['icn_resubmission_number']]);
        self::assertSame(['superseded', 'posted'], [$this->state($first->id), $this->state($second->id)]);
    }

    public function testANewRevisionOfWhatThePayerAnsweredNeedsAFrequency(): void
    {
        $this->answered();
        $this->refused(409, $this->claim(['revision' => 1]));
    }

    public function testAnEarlierRevisionDoesNotComeBack(): void
    {
        $typed = $this->manager->type();
        $first = $this->create($this->claim());
        $this->manager->delete($typed);
        $second = $this->create($this->claim(['revision' => 1]));
        self::assertSame('posted', $this->state($second->id));
        $this->refused(409, $this->claim(['created' => '2026-11-24T01:00:00Z']), $first->id);
    }

    public function testTheSameClaimKeyTwiceIsRefused(): void
    {
        $this->create($this->claim());
        $this->manager->generate();
        $this->refused(409, $this->claim(['created' => '2026-11-24T01:00:00Z']));
    }

    public function testAPersonsRowBesideTheAnsweredClaimStopsTheCorrection(): void
    {
        $prior = $this->answered(['auth' => 'A-1']);
        $typed = $this->manager->type();
        $before = [$this->sheet(), $this->form()];
        $claim = $this->create($this->claim(['auth' => 'A-1', 'revision' => 1, 'frequency' => '7', 'prior' => $prior->id]));
        self::assertSame($before, [$this->sheet(), $this->form()]);
        self::assertSame(['posted', 'conflict'], [$this->state($prior->id), $this->state($claim->id)]);
        $this->manager->delete($typed);
        $this->posting->retry($claim->id);
        self::assertSame(['97124 GP 4 120.00'], $this->lines());
        self::assertSame('1', $this->form()['replacement_claim']);
    }

    public function testAWithdrawnCorrectionGivesTheAnsweredClaimBack(): void
    {
        $prior = $this->answered(['auth' => 'A-1', 'lines' => [['97124', 4, 3000, ['GP']], ['97140', 1, 4500]]]);
        $before = [$this->sheet(), $this->sheet(null, 'ICD10')];
        $correction = ['auth' => 'A-1', 'lines' => [['97124', 3, 3000, [], [1]]], 'diagnoses' => ['M54.2'], 'revision' => 1,
            'frequency' => '7', 'prior' => $prior->id];
        $claim = $this->create($this->claim($correction));
        self::assertSame(['M54.2'], array_column($this->sheet(null, 'ICD10'), 'code'));
        $this->update($claim->id, $this->claim(['status' => 'cancelled'] + $correction));
        self::assertSame($before, [$this->sheet(), $this->sheet(null, 'ICD10')]);
        self::assertSame(['voided', 'posted'], [$this->state($claim->id), $this->state($prior->id)]);
        self::assertSame(['A-1', '0', ''], [$this->form()['prior_auth_number'], $this->form()['replacement_claim'],
            $this->form()['icn_resubmission_number']]);
        $this->refused(409, $this->claim(['auth' => 'A-1', 'lines' => [['97124', 1, 3000]]]), $prior->id);
    }

    /** @param array<string, mixed> $with */
    private function answered(array $with = []): Stored
    {
        $claim = $this->create($this->claim($with));
        $this->clock->pass('1 hour');
        $this->manager->generate();
        $this->clock->pass('3 days');
        $this->manager->pay('80.00', 1, 'ICN-4711');
        $this->clock->pass('1 day');
        return $claim;
    }
}
