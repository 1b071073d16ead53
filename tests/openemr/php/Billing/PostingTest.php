<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Billing;

use OpenEMR\Common\Database\QueryUtils;
use OpenEMR\Modules\MassageBilling\Tests\Support\TestDatabase;

final class PostingTest extends BillingTestCase
{
    public function testALineBecomesARowAsTheFeeSheetWritesIt(): void
    {
        $claim = $this->create($this->claim());
        [$row] = $this->sheet();
        $said = array_intersect_key($row, array_flip(['date', 'code_type', 'code', 'pid', 'provider_id', 'user',
            'groupname', 'authorized', 'encounter', 'code_text', 'billed', 'activity', 'payer_id', 'bill_process',
            'bill_date', 'process_date', 'process_file', 'modifier', 'units', 'fee', 'justify', 'target', 'notecodes',
            'pricelevel', 'revenue_code']));
        self::assertSame([
            'date' => '2026-12-01 10:00:01', 'code_type' => 'CPT4', 'code' => '97124',
            'pid' => (string) $this->patient['pid'], 'provider_id' => (string) $this->therapist['id'], 'user' => '7',
            'groupname' => 'Default', 'authorized' => '1', 'encounter' => (string) $this->visit['encounter'],
            'code_text' => 'House text 97124', 'billed' => '0', 'activity' => '1',
            'payer_id' => (string) $this->coverage['company'], 'bill_process' => '0', 'bill_date' => null,
            'process_date' => null, 'process_file' => null, 'modifier' => 'GP', 'units' => '4', 'fee' => '120.00',
            'justify' => 'ICD10|M54.50:', 'target' => null, 'notecodes' => '', 'pricelevel' => 'standard',
            'revenue_code' => '',
        ], $said);
        [$diagnosis] = $this->sheet(null, 'ICD10');
        self::assertSame(['M54.50', '0.00', '', 'Low back pain, unspecified'], [$diagnosis['code'], $diagnosis['fee'],
            $diagnosis['justify'], $diagnosis['code_text']]);
        self::assertSame('posted', $this->state($claim->id));
        self::assertSame([], $this->tasks());
        self::assertNull($this->form(), 'No form without something to tell.');
        self::assertCount(1, $this->audit->notes);
        self::assertStringContainsString("Claim/$claim->id posted", $this->audit->notes[0]['what']);
    }

    public function testSeveralLinesKeepOrderProvidersModifiersAndPointers(): void
    {
        $second = $this->clinic->therapist('1245319599');
        $this->create($this->claim([
            'diagnoses' => ['M54.2', 'M62.838', 'M54.50'],
            'lines' => [
                ['97140', 2, 4850, ['GP', '59', 'XS'], [1, 2]],
                ['97110', 1, 4525, [], [3], $second['uuid']],
                ['G0283', 1, 1999, ['GP'], [1, 2, 3]],
            ],
        ]));
        $rows = $this->sheet();
        self::assertSame(['97140 GP:59:XS 2 97.00', '97110 1 45.25', 'G0283 GP 1 19.99'], $this->lines());
        self::assertSame(['CPT4', 'CPT4', 'HCPCS'], array_column($rows, 'code_type'));
        self::assertSame(
            ['ICD10|M54.2:ICD10|M62.838:', 'ICD10|M54.50:', 'ICD10|M54.2:ICD10|M62.838:ICD10|M54.50:'],
            array_column($rows, 'justify')
        );
        self::assertSame(
            [$this->therapist['id'], $second['id'], $this->therapist['id']],
            array_map('intval', array_column($rows, 'provider_id'))
        );
        self::assertSame(['M54.2', 'M62.838', 'M54.50'], array_column($this->sheet(null, 'ICD10'), 'code'));
        self::assertSame(['', '', ''], array_column($rows, 'code_text'), 'A text only where the clinic has one.');
    }

    public function testALineThatPointsAtThePrincipalDiagnosisStandsFirst(): void
    {
        $detail = fn(string $claim): string => (string) $this->database->value(
            'SELECT detail FROM massage_billing_posting WHERE claim = ?',
            [$claim]
        );
        $diagnoses = ['M54.50', 'M54.2'];
        $claim = $this->create($this->claim(['diagnoses' => $diagnoses, 'lines' => [
            ['97140', 1, 4000, [], [2, 1]], ['97110', 1, 3000, [], [2]], ['97124', 1, 2000, [], [1, 2]]]]));
        self::assertSame(['97124 1 20.00', '97140 1 40.00', '97110 1 30.00'], $this->lines());
        self::assertSame('', $detail($claim->id));
        $this->update($claim->id, $this->claim(['diagnoses' => $diagnoses, 'lines' => [['97140', 1, 4000, [], [2, 1]]]]));
        self::assertStringContainsString('another diagnosis first', $detail($claim->id));
        $this->update($claim->id, $this->claim(['diagnoses' => $diagnoses, 'lines' => [['97140', 1, 4000, [], [1]]]]));
        self::assertStringContainsString('leaves a diagnosis out', $detail($claim->id));
    }

    public function testADraftHasNoRowsUntilItIsActive(): void
    {
        $draft = $this->claim(['status' => 'draft', 'auth' => 'A-1']);
        $claim = $this->create($draft);
        self::assertSame([], $this->sheet());
        self::assertNull($this->form());
        self::assertSame('draft', $this->state($claim->id));
        $this->update($claim->id, ['status' => 'active'] + $draft);
        self::assertSame(['97124 GP 4 120.00'], $this->lines());
        self::assertSame('posted', $this->state($claim->id));
        $this->update($claim->id, $draft);
        self::assertSame([], $this->sheet());
        self::assertSame([], $this->sheet(null, 'ICD10'));
        self::assertNull($this->form());
        self::assertSame('draft', $this->state($claim->id));
    }

    public function testTheSameClaimAgainChangesNothing(): void
    {
        $claim = $this->create($this->claim(['auth' => 'A-1']));
        $before = $this->everything();
        $this->update($claim->id, $this->claim(['auth' => 'A-1']));
        self::assertSame($before, $this->everything());
        $this->update($claim->id, $this->claim(['auth' => 'A-1', 'created' => '2026-11-22T01:00:00Z']));
        self::assertSame($before['billing'], $this->everything()['billing']);
        self::assertSame($before['massage_billing_posting'], $this->everything()['massage_billing_posting']);
    }

    public function testAnUpdateChangesOnlyWhatDiffers(): void
    {
        $lines = [['97140', 2, 4850, ['GP']], ['97110', 1, 4525], ['97112', 1, 4000]];
        $claim = $this->create($this->claim(['lines' => $lines]));
        $before = $this->sheet();
        $this->update($claim->id, $this->claim(['lines' => [$lines[0], ['97110', 2, 4525], $lines[2]]]));
        $after = $this->sheet();
        self::assertSame($before[0], $after[0]);
        self::assertSame($before[2], $after[2]);
        self::assertSame(array_replace($before[1], ['units' => '2', 'fee' => '90.50']), $after[1]);
        $this->update($claim->id, $this->claim(['lines' => [$lines[0], $lines[2]]]));
        self::assertSame([$before[0], $before[2]], $this->sheet());
        $this->update($claim->id, $this->claim(['lines' => $lines]));
        self::assertSame(['97140 GP 2 97.00', '97110 1 45.25', '97112 1 40.00'], $this->lines(), 'In the order of the claim.');
        self::assertSame(
            [$before[0]['id'], $before[2]['id']],
            array_slice(array_column($this->sheet(), 'id'), 0, 2)
        );
    }

    public function testADiagnosisThatIsThereIsNotWrittenAgainAndNotTakenAway(): void
    {
        $typed = $this->manager->type('M54.50', '0.00', 'ICD10');
        $claim = $this->create($this->claim(['diagnoses' => ['M54.50', 'M54.2'], 'lines' => [['97124', 1, 3000, [], [1, 2]]]]));
        self::assertSame(['M54.50', 'M54.2'], array_column($this->sheet(null, 'ICD10'), 'code'));
        $this->update($claim->id, $this->claim(['diagnoses' => ['M54.50'], 'lines' => [['97124', 1, 3000, [], [1]]]]));
        self::assertSame([(string) $typed], array_column($this->sheet(null, 'ICD10'), 'id'));
        $this->update($claim->id, $this->claim(['status' => 'cancelled']));
        self::assertSame([(string) $typed], array_column($this->sheet(null, 'ICD10'), 'id'));
    }

    public function testAnAuthorizationNumberStandsInTheFormThatCoreReads(): void
    {
        $claim = $this->create($this->claim(['auth' => 'AUTH-77']));
        $form = $this->form();
        self::assertSame(
            ['AUTH-77', '0', '', '0', (string) $this->visit['encounter']],
            [$form['prior_auth_number'], $form['replacement_claim'], $form['icn_resubmission_number'],
                $form['auto_accident'], $form['encounter']]
        );
        $this->update($claim->id, $this->claim(['auth' => 'AUTH-78']));
        self::assertSame([$form['id'], 'AUTH-78'], [$this->form()['id'], $this->form()['prior_auth_number']]);
        $this->update($claim->id, $this->claim());
        self::assertNull($this->form());
        $this->update($claim->id, $this->claim(['auth' => 'AUTH-79']));
        self::assertSame('AUTH-79', $this->form()['prior_auth_number']);
        self::assertSame('posted', $this->state($claim->id));
    }

    public function testAnAccidentStandsInTheForm(): void
    {
        $accident = static fn(string $code): array => ['date' => '2026-10-12',
            'type' => self::concept('http://terminology.hl7.org/CodeSystem/v3-ActCode', $code),
            'locationAddress' => ['state' => 'WA']];
        $claim = $this->create($this->claim(['accident' => $accident('MVA')]));
        $said = fn(): array => array_intersect_key($this->form(), array_flip(
            ['employment_related', 'auto_accident', 'accident_state', 'other_accident']
        ));
        self::assertSame(['employment_related' => '0', 'auto_accident' => '1', 'accident_state' => 'WA',
            'other_accident' => '0'], $said());
        $this->update($claim->id, $this->claim(['accident' => $accident('WPA')]));
        self::assertSame(['employment_related' => '1', 'auto_accident' => '0', 'accident_state' => '',
            'other_accident' => '0'], $said());
    }

    public function testLinesOfSeveralEncountersGoToTheFirstEachNames(): void
    {
        $other = $this->clinic->encounter($this->patient['pid'], '2026-11-20 16:00:00', $this->therapist['id']);
        $claim = $this->create($this->claim(['auth' => 'A-1', 'diagnoses' => ['M54.50', 'M54.2', 'M62.838'], 'lines' => [
            ['97124', 4, 3000, [], [1], $this->therapist['uuid'], [$this->visit['uuid'], $other['uuid']]],
            ['97140', 1, 4500, [], [2], $this->therapist['uuid'], [$other['uuid']]],
        ]]));
        self::assertSame(['97124 4 120.00'], $this->lines());
        self::assertSame(['97140 1 45.00'], $this->lines($other));
        self::assertSame(['M54.50', 'M62.838'], array_column($this->sheet(null, 'ICD10'), 'code'));
        self::assertSame(['M54.2'], array_column($this->sheet($other, 'ICD10'), 'code'));
        self::assertSame(['A-1', 'A-1'], [$this->form()['prior_auth_number'], $this->form($other)['prior_auth_number']]);
        $this->update($claim->id, $this->claim(['auth' => 'A-1']));
        self::assertSame([[], [], null], [$this->sheet($other), $this->sheet($other, 'ICD10'), $this->form($other)]);
        self::assertSame(['97124 GP 4 120.00'], $this->lines());
    }

    public function testATherapistNamedByNpiIsFound(): void
    {
        $claim = $this->claim();
        $claim['careTeam'][0]['provider'] = ['type' => 'Practitioner',
            'identifier' => ['system' => 'http://hl7.org/fhir/sid/us-npi', 'value' => '1234567893']];
        $this->create($claim);
        self::assertSame((string) $this->therapist['id'], $this->sheet()[0]['provider_id']);
        $this->clinic->therapist('1234567893');
        $this->refused(422, $this->claim(['revision' => 1, 'careTeam' => $claim['careTeam']]));
    }

    public function testARequestForAuthorizationBillsNothing(): void
    {
        $claim = $this->create($this->claim(['use' => 'preauthorization']));
        self::assertSame([[], null], [$this->sheet(), $this->state($claim->id)]);
    }

    public function testCancelledTakesTheRowsOffAndLeavesOthersDiagnoses(): void
    {
        foreach (['cancelled', 'entered-in-error'] as $revision => $status) {
            $claim = $this->create($this->claim(['auth' => 'A-1', 'revision' => $revision * 10]));
            self::assertNotNull($this->form());
            $this->update($claim->id, $this->claim(['auth' => 'A-1', 'status' => $status, 'revision' => $revision * 10]));
            self::assertSame([[], [], null], [$this->sheet(), $this->sheet(null, 'ICD10'), $this->form()]);
            self::assertSame('voided', $this->state($claim->id));
        }
        $claim = $this->create($this->claim(['revision' => 30]));
        $this->manager->type('97010', '15.00', 'CPT4', 'ICD10|M54.50:');
        $this->update($claim->id, $this->claim(['status' => 'cancelled', 'revision' => 30]));
        self::assertSame(['97010 1 15.00'], $this->lines());
        self::assertSame(['M54.50'], array_column($this->sheet(null, 'ICD10'), 'code'));
    }

    public function testASecondaryThatIsBilledIsToldToTheBiller(): void
    {
        $this->clinic->coverage($this->patient['pid'], 'secondary');
        $claim = $this->create($this->claim());
        $detail = fn(): string => (string) $this->database->value('SELECT detail FROM massage_billing_posting');
        self::assertSame('', $detail());
        $this->update($claim->id, $this->claim(['status' => 'cancelled']));
        $this->coverage['uuid'] = $this->clinic->coverage($this->patient['pid'], 'tertiary')['uuid'];
        $this->create($this->claim(['revision' => 1]));
        self::assertSame('In Billing Manager choose the tertiary insurance.', (string) $this->database->value(
            "SELECT detail FROM massage_billing_posting WHERE state = 'posted'"
        ));
    }

    public function testPostingAsksTheDatabaseFewQuestions(): void
    {
        $lines = [['97124', 4, 3000, ['GP']], ['97140', 1, 4500, ['GP', '59']], ['97110', 1, 4000]];
        QueryUtils::$statements = [];
        $this->create($this->claim(['lines' => $lines, 'auth' => 'A-1']));
        self::assertLessThanOrEqual(60, count(QueryUtils::$statements), implode("\n", QueryUtils::$statements));
    }

    public function testUntilItIsKeptBillingManagerDoesNotComeBetween(): void
    {
        $this->create($this->claim());
        $other = new \PDO('mysql:unix_socket=' . TestDatabase::socket() . ';dbname=' . TestDatabase::NAME, 'root', '');
        $other->exec('SET innodb_lock_wait_timeout = 0');
        $claim = $this->database->row('SELECT claim FROM massage_billing_posting');
        $this->database->transaction(function () use ($other, $claim): void {
            $this->posting->retry((string) $claim['claim']);
            try {
                $other->exec("UPDATE billing SET billed = 1 WHERE encounter = {$this->visit['encounter']}");
                self::fail('It has to wait.');
            } catch (\PDOException $fault) {
                self::assertSame(1205, $fault->errorInfo[1]);
            }
        });
    }
}
