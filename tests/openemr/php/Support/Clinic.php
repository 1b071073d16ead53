<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Support;

use OpenEMR\Modules\MassageBilling\Core\Database;

/** Puts a synthetic clinic's rows into core's tables. Every method gives what was made: its number and its uuid. */
final class Clinic
{
    private int $made = 0;

    public function __construct(private readonly Database $database)
    {
    }

    /** @return array{pid: int, uuid: string} */
    public function patient(int $pid = 0): array
    {
        $pid = $pid ?: ++$this->made + 100;
        $uuid = $this->uuid();
        $this->add('patient_data', [
            'id' => $pid, 'pid' => $pid, 'uuid' => $uuid, 'fname' => 'Synthetic', 'lname' => "Testpatient$pid",
            'DOB' => '1980-02-03', 'sex' => 'Female', 'pubpid' => (string) $pid, 'pricelevel' => 'standard',
        ]);
        return ['pid' => $pid, 'uuid' => $uuid];
    }

    /** @return array{id: int, uuid: string} */
    public function therapist(string $npi = '1234567893', string $name = 'therapist'): array
    {
        $uuid = $this->uuid();
        $id = $this->add('users', [
            'uuid' => $uuid, 'username' => $name . ++$this->made, 'fname' => 'Thea', 'lname' => 'Testtherapist',
            'npi' => $npi, 'authorized' => 1, 'active' => 1, 'taxonomy' => '225700000X',
        ]);
        return ['id' => $id, 'uuid' => $uuid];
    }

    /** @return array{id: int, uuid: string} */
    public function facility(): array
    {
        $uuid = $this->uuid();
        $id = $this->add('facility', [
            'uuid' => $uuid, 'name' => 'Stillwater Massage (synthetic)', 'facility_npi' => '2345678918',
            'federal_ein' => '00-0000000', 'pos_code' => 11, 'billing_location' => 1, 'service_location' => 1,
        ]);
        return ['id' => $id, 'uuid' => $uuid];
    }

    /** @return array{id: int, encounter: int, uuid: string, pid: int} */
    public function encounter(int $pid, string $date = '2026-12-01 10:00:00', int $provider = 0, int $facility = 0): array
    {
        $uuid = $this->uuid();
        $number = ++$this->made + 5000;
        $id = $this->add('form_encounter', [
            'uuid' => $uuid, 'date' => $date, 'pid' => $pid, 'encounter' => $number, 'provider_id' => $provider,
            'facility_id' => $facility, 'billing_facility' => $facility, 'pc_catid' => 5, 'reason' => '',
            'last_update' => $date, 'pos_code' => 11,
        ]);
        $this->add('forms', [
            'date' => $date, 'encounter' => $number, 'form_name' => 'New Patient Encounter', 'form_id' => $id,
            'pid' => $pid, 'user' => 'admin', 'groupname' => 'Default', 'authorized' => 1, 'deleted' => 0,
            'formdir' => 'newpatient',
        ]);
        return ['id' => $id, 'encounter' => $number, 'uuid' => $uuid, 'pid' => $pid];
    }

    /** @return array{id: int, uuid: string, company: int, payer: string} */
    public function coverage(int $pid, string $rank = 'primary', string $from = '2026-01-01'): array
    {
        $payer = $this->uuid();
        $company = $this->add('insurance_companies', [
            'id' => ++$this->made + 9000, 'uuid' => $payer, 'name' => 'Test Health Plan', 'cms_id' => 'TEST1',
            'ins_type_code' => 16,
        ]);
        $uuid = $this->uuid();
        $id = $this->add('insurance_data', [
            'uuid' => $uuid, 'type' => $rank, 'provider' => (string) $company, 'policy_number' => 'TM000000001',
            'pid' => $pid, 'date' => $from, 'subscriber_relationship' => 'self', 'accept_assignment' => 'TRUE',
        ]);
        return ['id' => $id, 'uuid' => $uuid, 'company' => $company, 'payer' => $payer];
    }

    /**
     * A row in one of core's tables; uuids are written as text. The new id.
     *
     * @param array<string, scalar|null> $values
     */
    public function add(string $table, array $values): int
    {
        if (isset($values['uuid'])) {
            $values['uuid'] = hex2bin(str_replace('-', '', (string) $values['uuid']));
        }
        $names = '`' . implode('`, `', array_keys($values)) . '`';
        $marks = implode(', ', array_fill(0, count($values), '?'));
        $id = $this->database->insert("INSERT INTO `$table` ($names) VALUES ($marks)", array_values($values));
        return $id ?: (int) ($values['id'] ?? 0);
    }

    public function uuid(): string
    {
        $hex = bin2hex(random_bytes(16));
        $hex = substr($hex, 0, 12) . '4' . substr($hex, 13, 3) . 'a' . substr($hex, 17);
        return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split($hex, 4));
    }
}
