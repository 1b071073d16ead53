<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Billing;

use OpenEMR\Modules\MassageBilling\Billing\ClaimPosting;
use OpenEMR\Modules\MassageBilling\Billing\StoredConflictTasks;
use OpenEMR\Modules\MassageBilling\Fhir\Base;
use OpenEMR\Modules\MassageBilling\Fhir\Document;
use OpenEMR\Modules\MassageBilling\Fhir\References;
use OpenEMR\Modules\MassageBilling\Fhir\Refused;
use OpenEMR\Modules\MassageBilling\Fhir\ResourceStore;
use OpenEMR\Modules\MassageBilling\Fhir\Stored;
use OpenEMR\Modules\MassageBilling\Tests\Support\ModuleTestCase;
use OpenEMR\Modules\MassageBilling\Tests\Support\SetAccess;

/** A visit of a synthetic patient, and Claims for it written through the module's own store. */
abstract class BillingTestCase extends ModuleTestCase
{
    protected const OURS = 'https://massage-billing.org/fhir';

    protected ResourceStore $store;
    protected ClaimPosting $posting;
    protected BillingManager $manager;
    /** @var array{pid: int, uuid: string} */
    protected array $patient;
    /** @var array{id: int, uuid: string} */
    protected array $therapist;
    /** @var array{id: int, encounter: int, uuid: string, pid: int} */
    protected array $visit;
    /** @var array{id: int, uuid: string, company: int, payer: string} */
    protected array $coverage;

    protected function setUp(): void
    {
        BillingTables::create();
        parent::setUp();
        BillingTables::fill();
        $base = new class implements Base {
            public function url(): string
            {
                return 'http://127.0.0.1/apis/default/fhir';
            }
        };
        $this->store = new ResourceStore($this->database, $this->clock, new References($this->database), $base);
        $tasks = new StoredConflictTasks(fn(): ResourceStore => $this->store, $this->database, $this->clock);
        $access = new SetAccess(['acct/bill'], 7, 'api-user');
        $this->posting = new ClaimPosting($this->database, $access, $this->clock, $this->audit, $tasks);
        $this->store->afterWrite($this->posting);
        $this->patient = $this->clinic->patient();
        $this->therapist = $this->clinic->therapist();
        $this->visit = $this->clinic->encounter($this->patient['pid'], '2026-11-20 14:00:00', $this->therapist['id']);
        $this->coverage = $this->clinic->coverage($this->patient['pid']);
        $this->manager = $this->managerOf($this->visit);
    }

    /** @param array{encounter: int, pid: int} $visit */
    protected function managerOf(array $visit): BillingManager
    {
        return new BillingManager($this->database, $this->clock, $visit['pid'], $visit['encounter']);
    }

    /**
     * A Claim of one line of 97124 and what is changed of it: "status" and other elements; "lines" as lists of code,
     * units, cents of a unit, modifiers, pointers, therapist (uuid), encounter (uuid); "diagnoses", "revision", "auth",
     * "frequency" and "prior" (Claim id), "number".
     *
     * @param array<string, mixed> $with
     * @return array<string, mixed>
     */
    protected function claim(array $with = []): array
    {
        $team = [];
        $items = [];
        $total = 0;
        foreach ($with['lines'] ?? [['97124', 4, 3000, ['GP']]] as $n => $line) {
            [$code, $units, $cents, $modifiers, $pointers, $who, $where] = $line
                + [3 => [], 4 => [1], 5 => $this->therapist['uuid'], 6 => $this->visit['uuid']];
            $place = array_search($who, array_keys($team), true);
            if ($place === false) {
                $place = count($team);
                $team[$who] = ['sequence' => $place + 1, 'provider' => ['reference' => "Practitioner/$who"],
                    'role' => self::concept('http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBClaimCareTeamRole', 'rendering')];
            }
            $items[] = [
                'sequence' => $n + 1,
                'careTeamSequence' => [$place + 1],
                'diagnosisSequence' => $pointers,
                'productOrService' => self::procedure($code),
                'modifier' => array_map(self::procedure(...), $modifiers),
                'servicedDate' => '2026-11-20',
                'locationCodeableConcept' => self::concept(
                    'https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set',
                    '11'
                ),
                'quantity' => ['value' => $units],
                'unitPrice' => self::money($cents),
                'net' => self::money($cents * $units),
                'encounter' => array_map(
                    static fn(string $uuid): array => ['reference' => "Encounter/$uuid"],
                    (array) $where
                ),
            ];
            $total += $cents * $units;
        }
        $revision = $with['revision'] ?? 0;
        $claim = [
            'resourceType' => 'Claim',
            'extension' => [['url' => self::OURS . '/StructureDefinition/decision-digest', 'valueString' => "d$revision"]],
            'identifier' => [
                ['system' => self::OURS . '/sid/claim-key', 'value' => "MB{$this->visit['encounter']}R$revision"],
                ['system' => self::OURS . '/sid/visit-key', 'value' => "MV{$this->visit['encounter']}"],
            ],
            'status' => 'active',
            'type' => self::concept('http://terminology.hl7.org/CodeSystem/claim-type', 'professional'),
            'use' => 'claim',
            'patient' => ['reference' => "Patient/{$this->patient['uuid']}"],
            'created' => '2026-11-21T01:00:00Z',
            'insurer' => ['identifier' => ['value' => 'TEST1']],
            'provider' => ['identifier' => ['system' => 'http://hl7.org/fhir/sid/us-npi', 'value' => '2345678918']],
            'priority' => self::concept('http://terminology.hl7.org/CodeSystem/processpriority', 'normal'),
            'careTeam' => array_values($team),
            'diagnosis' => array_map(static fn(int $n, string $code): array => ['sequence' => $n + 1,
                'diagnosisCodeableConcept' => self::concept('http://hl7.org/fhir/sid/icd-10-cm', $code)],
                array_keys($with['diagnoses'] ?? ['M54.50']), $with['diagnoses'] ?? ['M54.50']),
            'insurance' => [['sequence' => 1, 'focal' => true,
                'coverage' => ['reference' => "Coverage/{$this->coverage['uuid']}"]]],
            'item' => $items,
            'total' => self::money($total),
        ];
        if (isset($with['auth'])) {
            $claim['insurance'][0]['preAuthRef'] = (array) $with['auth'];
        }
        if (isset($with['frequency'])) {
            $claim['extension'][] = ['url' => self::OURS . '/StructureDefinition/claim-frequency',
                'valueCode' => $with['frequency']];
            $claim['related'] = [['claim' => ['reference' => "Claim/{$with['prior']}"],
                'relationship' => self::concept('http://terminology.hl7.org/CodeSystem/ex-relatedclaimrelationship', 'prior'),
                'reference' => ['value' => $with['number'] ?? 'ICN-0001']]];
        }
        unset($with['lines'], $with['diagnoses'], $with['revision'], $with['auth'], $with['frequency'], $with['prior'],
            $with['number']);
        return array_filter(array_replace($claim, $with), static fn(mixed $part): bool => $part !== null);
    }

    /** @param array<string, mixed> $claim */
    protected function create(array $claim): Stored
    {
        $this->clock->pass('1 second');
        return $this->store->create('Claim', $this->document($claim))->stored;
    }

    /** @param array<string, mixed> $claim */
    protected function update(string $id, array $claim): Stored
    {
        $this->clock->pass('1 second');
        return $this->store->update('Claim', $id, $this->document(['id' => $id] + $claim));
    }

    /** Writes and expects to be refused. @param array<string, mixed> $claim */
    protected function refused(int $status, array $claim, ?string $id = null): Refused
    {
        $before = $this->everything();
        try {
            $id === null ? $this->create($claim) : $this->update($id, $claim);
        } catch (Refused $refused) {
            self::assertSame($status, $refused->status, $refused->getMessage());
            self::assertSame($before, $this->everything(), 'Nothing may be kept of what is refused.');
            return $refused;
        }
        self::fail("It has to be refused with $status.");
    }

    /**
     * Active rows of a visit, in the order in which core makes lines of them.
     *
     * @param array{encounter: int}|null $visit
     * @return list<array<string, mixed>>
     */
    protected function sheet(?array $visit = null, string $codeType = ''): array
    {
        $rows = $this->database->rows(
            'SELECT * FROM billing WHERE encounter = ? AND activity = 1 ORDER BY date, id',
            [($visit ?? $this->visit)['encounter']]
        );
        return array_values(array_filter($rows, static fn(array $row): bool =>
            $codeType === '' ? $row['code_type'] !== 'ICD10' : $row['code_type'] === $codeType));
    }

    /**
     * Columns of those rows.
     *
     * @return list<string> "97124 GP 4 120.00"
     */
    protected function lines(?array $visit = null): array
    {
        return array_map(
            static fn(array $row): string => trim("{$row['code']} {$row['modifier']}") . " {$row['units']} {$row['fee']}",
            $this->sheet($visit)
        );
    }

    /** The form that core would read. @return array<string, mixed>|null */
    protected function form(?array $visit = null): ?array
    {
        return $this->database->row(
            'SELECT m.* FROM forms f JOIN form_misc_billing_options m ON m.id = f.form_id WHERE f.pid = ? '
            . "AND f.encounter = ? AND f.deleted = 0 AND f.formdir = 'misc_billing_options' ORDER BY f.date",
            [$this->patient['pid'], ($visit ?? $this->visit)['encounter']]
        );
    }

    protected function state(string $claim): ?string
    {
        $state = $this->database->value('SELECT state FROM massage_billing_posting WHERE claim = ?', [$claim]);
        return $state === null ? null : (string) $state;
    }

    /** @return list<Stored> */
    protected function tasks(): array
    {
        $ids = $this->database->rows("SELECT id FROM massage_billing_resource WHERE type = 'Task' ORDER BY id");
        return array_map(fn(array $row): Stored => $this->store->read('Task', (string) $row['id']), $ids);
    }

    /** Sentences of the one open Task. @return list<string> */
    protected function toSettle(): array
    {
        $open = array_values(array_filter($this->tasks(), static fn(Stored $one): bool => $one->json['status'] === 'requested'));
        self::assertCount(1, $open);
        return array_column($open[0]->json['input'], 'valueString');
    }

    /** All that billing can be seen by, to tell that nothing changed. @return array<string, mixed> */
    protected function everything(): array
    {
        $all = [];
        foreach (['billing', 'forms', 'form_misc_billing_options', 'claims', 'ar_activity', 'massage_billing_billing_row',
            'massage_billing_posting', 'massage_billing_resource'] as $table) {
            $all[$table] = $this->database->rows("SELECT * FROM `$table` ORDER BY 1, 2, 3");
        }
        return $all;
    }

    /** @param array<string, mixed> $claim */
    private function document(array $claim): Document
    {
        return Document::parse(json_encode($claim, JSON_THROW_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION));
    }

    /** @return array<string, mixed> */
    protected static function money(int $cents): array
    {
        return ['value' => $cents / 100, 'currency' => 'USD'];
    }

    /** @return array<string, mixed> */
    protected static function procedure(string $code): array
    {
        return self::concept(ctype_digit($code[0]) ? 'http://www.ama-assn.org/go/cpt'
            : 'http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets', $code);
    }

    /** @return array<string, mixed> */
    protected static function concept(string $system, string $code): array
    {
        return ['coding' => [['system' => $system, 'code' => $code]]];
    }
}
