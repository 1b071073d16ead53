<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Billing;

final class ConflictTest extends BillingTestCase
{
    public function testATypedChargeKeepsTheClaimOffAndATaskSaysSo(): void
    {
        $typed = $this->manager->type('97010', '15.00');
        $this->manager->type('M54.2', '0.00', 'ICD10');
        $claim = $this->create($this->claim(['auth' => 'A-1']));
        self::assertSame(['97010 1 15.00'], $this->lines());
        self::assertSame(['M54.2'], array_column($this->sheet(null, 'ICD10'), 'code'));
        self::assertNull($this->form());
        self::assertSame('conflict', $this->state($claim->id));
        [$task] = $this->tasks();
        self::assertSame(
            ['requested', 'fee-sheet-conflict', "Encounter/{$this->visit['uuid']}", "Patient/{$this->patient['uuid']}"],
            [$task->json['status'], $task->json['code']['coding'][0]['code'], $task->json['focus']['reference'],
                $task->json['for']['reference']]
        );
        self::assertSame(
            ["billing $typed (CPT4 97010) was entered by hand. Delete it, then post again."],
            $this->toSettle()
        );
        $this->update($claim->id, $this->claim(['auth' => 'A-2']));
        self::assertCount(1, $this->tasks(), 'One Task a Claim.');
        self::assertSame(1, $this->tasks()[0]->version, 'The same to settle writes nothing.');
    }

    public function testOncePeopleSettledItTheClaimIsPostedAndTheTaskClosed(): void
    {
        $typed = $this->manager->type();
        $claim = $this->create($this->claim());
        self::assertSame('conflict', $this->posting->retry($claim->id)->state);
        $this->manager->delete($typed);
        self::assertSame('posted', $this->posting->retry($claim->id)->state);
        self::assertSame(['97124 GP 4 120.00'], $this->lines());
        self::assertSame('completed', $this->tasks()[0]->json['status']);
        self::assertSame('settled', $this->tasks()[0]->json['businessStatus']['text']);
        $before = $this->everything();
        $this->posting->retry($claim->id);
        self::assertSame($before, $this->everything());
    }

    public function testTheSameClaimWrittenAgainTakesUpWhatWasSettled(): void
    {
        $typed = $this->manager->type();
        $claim = $this->create($this->claim());
        $this->manager->delete($typed);
        $this->update($claim->id, $this->claim());
        self::assertSame(['posted', ['97124 GP 4 120.00']], [$this->state($claim->id), $this->lines()]);
    }

    public function testTheTaskIsOpenedAgainForANewConflict(): void
    {
        $typed = $this->manager->type();
        $claim = $this->create($this->claim());
        $this->manager->delete($typed);
        $this->posting->retry($claim->id);
        $this->manager->edit((int) $this->sheet()[0]['id'], 'units', 3);
        $this->update($claim->id, $this->claim(['created' => '2026-11-23T01:00:00Z']));
        self::assertCount(1, $this->tasks());
        self::assertStringContainsString('was changed by hand', $this->toSettle()[0]);
    }

    /** @dataProvider editedColumns */
    public function testARowThatAPersonChangedIsNotOverwritten(string $column, string $value): void
    {
        $claim = $this->create($this->claim());
        $id = (int) $this->sheet()[0]['id'];
        $this->manager->edit($id, $column, $value);
        $before = $this->sheet();
        $this->update($claim->id, $this->claim(['lines' => [['97124', 5, 3000, ['GP']]]]));
        self::assertSame($before, $this->sheet());
        self::assertSame('conflict', $this->state($claim->id));
        self::assertStringStartsWith("billing $id ", $this->toSettle()[0]);
        $this->manager->edit($id, $column, ['units' => '4', 'fee' => '120.00', 'modifier' => 'GP', 'code' => '97124',
            'justify' => 'ICD10|M54.50:', 'provider_id' => (string) $this->therapist['id'], 'notecodes' => ''][$column]);
        $this->posting->retry($claim->id);
        self::assertSame([['97124 GP 5 150.00'], [(string) $id]], [$this->lines(), array_column($this->sheet(), 'id')]);
    }

    /** @return array<string, array{string, string}> */
    public function editedColumns(): array
    {
        return ['units' => ['units', '3'], 'fee' => ['fee', '119.99'], 'modifier' => ['modifier', 'GP:59'],
            'code' => ['code', '97140'], 'justify' => ['justify', 'ICD10|M54.2:'], 'provider' => ['provider_id', '0'],
            'note' => ['notecodes', 'B3']];
    }

    public function testARowThatAPersonDeletedComesBackOnlyWhenAPersonAsks(): void
    {
        $claim = $this->create($this->claim());
        $id = (int) $this->sheet()[0]['id'];
        $this->manager->delete($id);
        $this->update($claim->id, $this->claim(['lines' => [['97124', 5, 3000, ['GP']]]]));
        self::assertSame([], $this->sheet());
        self::assertSame(["billing $id was deleted by hand. Post again to write it anew."], $this->toSettle());
        $this->posting->retry($claim->id);
        self::assertSame(['97124 GP 5 150.00'], $this->lines());
        self::assertNotSame((string) $id, $this->sheet()[0]['id']);
    }

    public function testARowPutBackByHandIsAPersonsRow(): void
    {
        $claim = $this->create($this->claim());
        $id = (int) $this->sheet()[0]['id'];
        $this->update($claim->id, $this->claim(['status' => 'cancelled']));
        $this->database->change('UPDATE billing SET activity = 1 WHERE id = ?', [$id]);
        $other = $this->create($this->claim(['revision' => 1]));
        self::assertSame(['conflict', ['97124 GP 4 120.00']], [$this->state($other->id), $this->lines()]);
    }

    public function testOpeningAndSavingTheFeeSheetIsNoChange(): void
    {
        $claim = $this->create($this->claim());
        $id = (int) $this->sheet()[0]['id'];
        foreach (['pricelevel' => '', 'authorized' => 1, 'revenue_code' => '', 'ndc_info' => ''] as $column => $value) {
            $this->manager->edit($id, $column, $value);
        }
        $this->update($claim->id, $this->claim(['lines' => [['97124', 5, 3000, ['GP']]]]));
        self::assertSame(['posted', ['97124 GP 5 150.00']], [$this->state($claim->id), $this->lines()]);
    }

    public function testCancelledWhatAPersonChangedStaysAndIsTold(): void
    {
        $claim = $this->create($this->claim(['lines' => [['97124', 4, 3000], ['97140', 1, 4500]]]));
        $changed = (int) $this->sheet()[0]['id'];
        $this->manager->edit($changed, 'units', 3);
        $this->update($claim->id, $this->claim(['status' => 'cancelled']));
        self::assertSame(['97124 3 120.00'], $this->lines());
        self::assertSame('conflict', $this->state($claim->id));
        self::assertSame(["billing $changed (CPT4 97124) was changed by hand, and its claim was withdrawn. Delete it."],
            $this->toSettle());
        $this->manager->delete($changed);
        $this->posting->retry($claim->id);
        self::assertSame('voided', $this->state($claim->id));
        self::assertSame('completed', $this->tasks()[0]->json['status']);
    }

    public function testAPersonsFormThatAgreesStays(): void
    {
        $form = $this->manager->misc(['prior_auth_number' => 'AUTH-77', 'comments' => 'call first']);
        $before = $this->database->rows('SELECT * FROM form_misc_billing_options');
        $claim = $this->create($this->claim(['auth' => 'AUTH-77']));
        self::assertSame('posted', $this->state($claim->id));
        $this->update($claim->id, $this->claim(['auth' => 'AUTH-77', 'status' => 'cancelled']));
        self::assertSame($before, $this->database->rows('SELECT * FROM form_misc_billing_options'));
        self::assertSame((string) $form, $this->form()['id']);
    }

    public function testAnAuthorizationOnlyThePersonKnowsStays(): void
    {
        $this->manager->misc(['prior_auth_number' => 'AUTH-77']);
        $claim = $this->create($this->claim());
        self::assertSame(['posted', 'AUTH-77'], [$this->state($claim->id), $this->form()['prior_auth_number']]);
    }

    /** @dataProvider contradictions @param array<string, string|int> $says */
    public function testAPersonsFormThatSaysSomethingElseIsAConflict(array $says, string $column): void
    {
        $form = $this->manager->misc($says);
        $before = $this->database->rows('SELECT * FROM form_misc_billing_options');
        $claim = $this->create($this->claim(['auth' => 'AUTH-77']));
        self::assertSame([[], 'conflict'], [$this->sheet(), $this->state($claim->id)]);
        self::assertSame(
            ["Misc Billing Options form $form: $column is not what the claim says. Settle it there, then post again."],
            $this->toSettle()
        );
        self::assertSame($before, $this->database->rows('SELECT * FROM form_misc_billing_options'));
        $this->manager->deleteForm($form);
        $this->posting->retry($claim->id);
        self::assertSame(['AUTH-77', ['97124 GP 4 120.00']], [$this->form()['prior_auth_number'], $this->lines()]);
        $old = $this->database->row('SELECT * FROM form_misc_billing_options WHERE id = ?', [$form]);
        self::assertSame(array_replace($before[0], ['encounter' => null]), $old, "A person's form keeps what it says.");
    }

    /** @return array<string, array{array<string, string|int>, string}> */
    public function contradictions(): array
    {
        return [
            'number' => [['prior_auth_number' => 'OTHER'], 'prior_auth_number'],
            'none' => [['comments' => 'x'], 'prior_auth_number'],
            'replacement' => [['prior_auth_number' => 'AUTH-77', 'replacement_claim' => 1], 'replacement_claim'],
            'reference' => [['prior_auth_number' => 'AUTH-77', 'icn_resubmission_number' => 'ICN-9'],
                'icn_resubmission_number'],
        ];
    }

    public function testOurFormWithAPersonsCommentIsThePersons(): void
    {
        $claim = $this->create($this->claim(['auth' => 'A-1']));
        $this->database->change("UPDATE form_misc_billing_options SET comments = 'call first'");
        $this->update($claim->id, $this->claim(['auth' => 'A-1', 'lines' => [['97124', 3, 3000]]]));
        self::assertSame(['posted', ['97124 3 90.00']], [$this->state($claim->id), $this->lines()]);
        $this->update($claim->id, $this->claim(['auth' => 'A-2', 'lines' => [['97124', 3, 3000]]]));
        self::assertSame(['conflict', 'A-1'], [$this->state($claim->id), $this->form()['prior_auth_number']]);
        $this->update($claim->id, $this->claim(['status' => 'cancelled']));
        self::assertSame(['call first', []], [$this->form()['comments'], $this->sheet()]);
    }

    public function testOurFormDeletedByAPersonComesBackOnlyWhenAPersonAsks(): void
    {
        $claim = $this->create($this->claim(['auth' => 'A-1']));
        $this->manager->deleteForm((int) $this->form()['id']);
        $this->update($claim->id, $this->claim(['auth' => 'A-2']));
        self::assertSame(['conflict', null], [$this->state($claim->id), $this->form()]);
        $this->posting->retry($claim->id);
        self::assertSame(['posted', 'A-2'], [$this->state($claim->id), $this->form()['prior_auth_number']]);
    }

    public function testAnotherClaimOfTheSameVisitIsAConflict(): void
    {
        $first = $this->create($this->claim());
        $stranger = $this->claim(['identifier' => [['system' => 'urn:x', 'value' => '1']]]);
        $second = $this->create($stranger);
        self::assertSame(['posted', 'conflict'], [$this->state($first->id), $this->state($second->id)]);
        self::assertSame(['97124 GP 4 120.00'], $this->lines());
        self::assertStringContainsString("belongs to Claim/$first->id", $this->toSettle()[0]);
    }

    public function testAPlaceOfServiceThatCoreWouldSendOtherwiseIsAConflict(): void
    {
        $this->database->change('UPDATE form_encounter SET pos_code = 12 WHERE id = ?', [$this->visit['id']]);
        $claim = $this->create($this->claim());
        self::assertSame([[], 'conflict'], [$this->sheet(), $this->state($claim->id)]);
        $this->database->change('UPDATE form_encounter SET pos_code = 11 WHERE id = ?', [$this->visit['id']]);
        self::assertSame('posted', $this->posting->retry($claim->id)->state);
    }

    public function testATherapistWhomCoreWouldLeaveOffIsAConflict(): void
    {
        foreach (['', '1234567890'] as $npi) {
            $this->database->change('UPDATE users SET npi = ? WHERE id = ?', [$npi, $this->therapist['id']]);
            $claim = $this->create($this->claim(['revision' => (int) ($npi !== '')]));
            self::assertSame([[], 'conflict'], [$this->sheet(), $this->state($claim->id)]);
        }
    }

    public function testTasksAndStatesNameNobody(): void
    {
        $this->manager->type();
        $this->create($this->claim(['auth' => 'SECRET-AUTH']));
        $told = json_encode([$this->tasks()[0]->json, $this->database->rows('SELECT * FROM massage_billing_posting'),
            $this->audit->notes], JSON_THROW_ON_ERROR);
        foreach (['Synthetic', 'Testpatient', 'SECRET-AUTH', 'TM000000001', 'Testtherapist'] as $private) {
            self::assertStringNotContainsString($private, $told);
        }
    }
}
