<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Fhir;

use OpenEMR\Common\Database\QueryUtils;
use OpenEMR\Modules\MassageBilling\Fhir\Page;
use OpenEMR\Modules\MassageBilling\Fhir\Query;
use OpenEMR\Modules\MassageBilling\Fhir\References;
use OpenEMR\Modules\MassageBilling\Fhir\Source;

/** What a resource points at has to be there, and to be the same patient's. */
final class ReferencesTest extends FhirTestCase
{
    /** @return array<string, string> type => the id of one that is there */
    private function there(): array
    {
        $uuid = fn(string $table, array $values): string => $this->row($table, $values);
        $pid = $this->patient['pid'];
        $claim = $this->store->create('Claim', $this->claim('there'))->stored;
        return [
            'Patient' => $this->patient['uuid'],
            'Encounter' => $this->visit['uuid'],
            'Coverage' => $this->coverage['uuid'],
            'Practitioner' => $this->therapist['uuid'],
            'Organization' => $this->coverage['payer'],
            'Location' => $uuid('uuid_mapping', ['resource' => 'Location', 'table' => 'facility']),
            'Procedure' => $uuid('procedure_order', ['patient_id' => $pid]),
            'ServiceRequest' => $uuid('procedure_order', ['patient_id' => $pid]),
            'Appointment' => $uuid('openemr_postcalendar_events', ['pc_pid' => (string) $pid]),
            'Condition' => $uuid('uuid_registry', ['table_name' => 'lists']),
            'Claim' => $claim->id,
        ];
    }

    public function testEveryTypeIsLookedUp(): void
    {
        foreach ($this->there() as $type => $id) {
            $input = static fn(string $reference): array => [['type' => ['text' => 'x'],
                'valueReference' => ['reference' => $reference]]];
            $made = $this->store->create('Task', $this->task($type, ['input' => $input("$type/$id")]));
            self::assertTrue($made->new, $type);
            $this->store->create('Task', $this->task($type, ['input' => $input(FhirTestCase::BASE . "/$type/$id")]));
            $this->store->create('Task', $this->task($type, ['input' => $input("$type/$id/_history/1")]));
            foreach ([$this->clinic->uuid(), 'nobody', '1'] as $unknown) {
                $refused = self::refusal(fn() => $this->store->create('Task', $this->task('x',
                    ['input' => $input("$type/$unknown")])));
                self::assertSame(422, $refused->status, "$type/$unknown");
                self::assertSame(['Task.input[0].valueReference'], array_keys($refused->at));
            }
        }
        $other = ['Practitioner', 'Organization'];
        foreach ([$this->facility['uuid'], $this->row('procedure_providers', ['name' => 'Lab'])] as $id) {
            $this->store->create('Task', $this->task('x', ['owner' => ['reference' => "Organization/$id"]]));
        }
        $wrong = fn() => $this->store->create('Task', $this->task('x',
            ['owner' => ['reference' => "$other[0]/{$this->facility['uuid']}"]]));
        self::assertSame(422, self::refusal($wrong)->status);
    }

    public function testATreatmentLogsRowAndASurgeryAreProcedures(): void
    {
        $uuid = $this->clinic->uuid();
        $this->clinic->add('massage_billing_log_row', ['log' => 1, 'seq' => 1, 'pid' => $this->patient['pid'],
            'encounter' => 1, 'performed_on' => '2026-12-01', 'updated_at' => '2026-12-01']);
        $this->database->change('UPDATE massage_billing_log_row SET uuid = ?', [$uuid]);
        $surgery = $this->row('lists', ['type' => 'surgery', 'pid' => $this->patient['pid']]);
        $problem = $this->row('lists', ['type' => 'medical_problem', 'pid' => $this->patient['pid']]);
        $claim = fn(string $id): array => $this->claim('K', ['procedure' => [['sequence' => 1,
            'procedureReference' => ['reference' => "Procedure/$id"]]]]);
        self::assertTrue($this->store->create('Claim', $claim($uuid))->new);
        self::assertTrue($this->store->create('Claim', $claim($surgery))->new);
        self::assertSame(422, self::refusal(fn() => $this->store->create('Claim', $claim($problem)))->status);
    }

    public function testWhatIsOfAnotherPatientIsRefused(): void
    {
        $other = $this->clinic->patient();
        $visit = $this->clinic->encounter($other['pid']);
        $coverage = $this->clinic->coverage($other['pid']);
        $claim = $this->claim();
        $claim['insurance'][0]['coverage']['reference'] = "Coverage/{$coverage['uuid']}";
        $claim['item'][0]['encounter'][0]['reference'] = "Encounter/{$visit['uuid']}";
        $refused = self::refusal(fn() => $this->store->create('Claim', $claim));
        self::assertSame(422, $refused->status);
        self::assertSame(['Claim.insurance[0].coverage', 'Claim.item[0].encounter[0]'], array_keys($refused->at));
        $task = $this->task('T', ['for' => ['reference' => "Patient/{$other['uuid']}"]]);
        self::assertSame(['Task.focus'], array_keys(self::refusal(fn() => $this->store->create('Task', $task))->at));
        $mine = $this->store->create('Claim', $this->claim())->stored;
        $task = $this->task('T', ['for' => ['reference' => "Patient/{$other['uuid']}"],
            'focus' => ['reference' => $mine->reference()]]);
        self::assertSame(422, self::refusal(fn() => $this->store->create('Task', $task))->status);
    }

    public function testAClaimIsOfAPatientWhoIsThere(): void
    {
        foreach ([['reference' => 'Patient/' . $this->clinic->uuid()], ['display' => 'somebody'],
            ['reference' => "Practitioner/{$this->therapist['uuid']}"],
                ['reference' => 'https://else.example/Patient/1']] as $patient) {
            $refused = self::refusal(fn() => $this->store->create('Claim', $this->claim('K', ['patient' => $patient])));
            self::assertSame(422, $refused->status);
            self::assertContains('Claim.patient', array_keys($refused->at));
        }
    }

    public function testReferencesThatNameNothingHere(): void
    {
        $claim = fn(string $reference, array $more = []): array => $this->claim('K', $more + [
            'supportingInfo' => [['sequence' => 1, 'valueReference' => ['reference' => $reference]]]]);
        foreach (['urn:uuid:' . $this->clinic->uuid(), '#x', 'Patient', 'Patient?identifier=1', '/Patient/1', '',
            'a b'] as $wrong) {
            $refused = self::refusal(fn() => $this->store->create('Claim', $claim($wrong)));
            self::assertSame(['Claim.supportingInfo[0].valueReference'], array_keys($refused->at), $wrong);
        }
        self::assertTrue($this->store->create('Claim', $claim('https://else.example/fhir/Patient/1'))->new);
        $contained = ['contained' => [['resourceType' => 'Location', 'id' => 'x']]];
        self::assertTrue($this->store->create('Claim', $claim('#x', $contained))->new);
    }

    public function testAComputedResourceIsAskedOfItsSource(): void
    {
        $source = new class implements Source {
            public function type(): string
            {
                return 'ClaimResponse';
            }

            public function read(string $id): ?array
            {
                return $id === 'r1' ? ['resourceType' => 'ClaimResponse', 'id' => 'r1'] : null;
            }

            public function search(Query $query): Page
            {
                return new Page([]);
            }

            public function parameters(): array
            {
                return [];
            }

            public function acl(): array
            {
                return ['acct', 'bill'];
            }
        };
        $references = new References($this->database, ['ClaimResponse' => $source]);
        $claim = fn(string $id): array => $this->claim('K', ['insurance' => [['sequence' => 1, 'focal' => true,
            'coverage' => ['reference' => "Coverage/{$this->coverage['uuid']}"],
            'claimResponse' => ['reference' => "ClaimResponse/$id"]]]]);
        self::assertSame($this->patient['pid'], $references->check('Claim', $claim('r1'), self::BASE)->pid);
        self::assertSame(422, self::refusal(fn() => $references->check('Claim', $claim('r2'), self::BASE))->status);
    }

    public function testAllReferencesAreOneQuery(): void
    {
        QueryUtils::$statements = [];
        (new References($this->database))->check('Claim', $this->claim(), self::BASE);
        self::assertCount(1, QueryUtils::$statements);
    }

    public function testAUuidInCapitalsIsTheSame(): void
    {
        $claim = $this->claim('K', ['patient' => ['reference' => 'Patient/' . strtoupper($this->patient['uuid'])]]);
        $id = $this->store->create('Claim', $claim)->stored->id;
        self::assertSame($this->patient['uuid'], $this->store->patientOf('Claim', $id));
    }

    /** @param array<string, mixed> $values */
    private function row(string $table, array $values): string
    {
        $uuid = $this->clinic->uuid();
        $this->clinic->add($table, ['uuid' => $uuid] + $values);
        return $uuid;
    }
}
