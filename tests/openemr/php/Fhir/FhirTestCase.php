<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Fhir;

use OpenEMR\Modules\MassageBilling\Fhir\Refused;
use OpenEMR\Modules\MassageBilling\Fhir\ResourceStore;
use OpenEMR\Modules\MassageBilling\Tests\Support\ModuleTestCase;
use OpenEMR\Modules\MassageBilling\Tests\Support\TestDatabase;

/** A test with the resource store and a visit to write about. */
abstract class FhirTestCase extends ModuleTestCase
{
    public const BASE = TestBase::URL;

    /** Tables of core's that columns.json does not list, as far as references are looked up in them. */
    private const TABLES = [
        'procedure_order' => 'procedure_order_id bigint AUTO_INCREMENT PRIMARY KEY, uuid binary(16) UNIQUE,'
            . ' patient_id bigint, encounter_id bigint',
        'procedure_providers' => 'ppid bigint AUTO_INCREMENT PRIMARY KEY, uuid binary(16) UNIQUE, name varchar(255)',
        'uuid_mapping' => 'id bigint AUTO_INCREMENT PRIMARY KEY, uuid binary(16), resource varchar(255),'
            . ' `table` varchar(255), target_uuid binary(16), KEY (uuid)',
    ];

    protected ResourceStore $store;

    /** @var array{pid: int, uuid: string} */
    protected array $patient;

    /** @var array{id: int, encounter: int, uuid: string, pid: int} */
    protected array $visit;

    /** @var array{id: int, uuid: string, company: int, payer: string} */
    protected array $coverage;

    /** @var array{id: int, uuid: string} */
    protected array $therapist;

    /** @var array{id: int, uuid: string} */
    protected array $facility;

    protected function setUp(): void
    {
        foreach (self::TABLES as $name => $columns) {
            TestDatabase::pdo()->exec("CREATE TABLE IF NOT EXISTS `$name` ($columns) ENGINE=InnoDB");
        }
        parent::setUp();
        $this->patient = $this->clinic->patient();
        $this->therapist = $this->clinic->therapist();
        $this->facility = $this->clinic->facility();
        $pid = $this->patient['pid'];
        $this->visit = $this->clinic->encounter($pid, '2026-12-01 10:00:00', $this->therapist['id'],
            $this->facility['id']);
        $this->coverage = $this->clinic->coverage($pid);
        $this->store = TestBase::store($this->database, $this->clock);
    }

    /**
     * A Claim of the visit.
     *
     * @param array<string, mixed> $changed
     * @return array<string, mixed>
     */
    protected function claim(string $key = 'K1', array $changed = []): array
    {
        $organization = ['reference' => "Organization/{$this->facility['uuid']}"];
        return $changed + [
            'resourceType' => 'Claim',
            'identifier' => [['system' => 'https://massage-billing.org/fhir/sid/claim-key', 'value' => $key]],
            'status' => 'active',
            'type' => ['coding' => [['system' => 'http://terminology.hl7.org/CodeSystem/claim-type',
                'code' => 'professional']]],
            'use' => 'claim',
            'patient' => ['reference' => "Patient/{$this->patient['uuid']}"],
            'created' => '2026-12-01T18:00:00Z',
            'insurer' => ['reference' => "Organization/{$this->coverage['payer']}"],
            'provider' => $organization,
            'priority' => ['coding' => [['code' => 'normal']]],
            'careTeam' => [['sequence' => 1,
                'provider' => ['reference' => "Practitioner/{$this->therapist['uuid']}"]]],
            'insurance' => [['sequence' => 1, 'focal' => true,
                'coverage' => ['reference' => "Coverage/{$this->coverage['uuid']}"]]],
            'item' => [['sequence' => 1, 'productOrService' => ['coding' => [['code' => '97124']]],
                'encounter' => [['reference' => "Encounter/{$this->visit['uuid']}"]]]],
        ];
    }

    /**
     * @param array<string, mixed> $changed
     * @return array<string, mixed>
     */
    protected function task(string $key = 'T1', array $changed = []): array
    {
        return $changed + [
            'resourceType' => 'Task',
            'identifier' => [['system' => 'https://massage-billing.org/fhir/sid/claim-key', 'value' => $key]],
            'status' => 'requested',
            'intent' => 'order',
            'code' => ['coding' => [['system' => 'https://massage-billing.org/fhir/CodeSystem/task-code',
                'code' => 'billing-hold']]],
            'focus' => ['reference' => "Encounter/{$this->visit['uuid']}"],
            'for' => ['reference' => "Patient/{$this->patient['uuid']}"],
            'authoredOn' => '2026-12-01',
        ];
    }

    /** What a refusal is refused with. */
    protected static function refusal(callable $work): Refused
    {
        try {
            $work();
        } catch (Refused $refused) {
            return $refused;
        }
        self::fail('It has to be refused.');
    }
}
