<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Log;

use OpenEMR\Modules\MassageBilling\Log\Change;
use OpenEMR\Modules\MassageBilling\Log\LogStore;
use OpenEMR\Modules\MassageBilling\Log\Row;
use OpenEMR\Modules\MassageBilling\Log\TreatmentLog;
use OpenEMR\Modules\MassageBilling\Log\Visit;
use OpenEMR\Modules\MassageBilling\Log\Visits;
use OpenEMR\Modules\MassageBilling\Tests\Support\ModuleTestCase;
use OpenEMR\Modules\MassageBilling\Tests\Support\TestDatabase;

/** A clinic with a patient, a therapist, a fee schedule and one visit on 2026-12-01. */
abstract class LogTestCase extends ModuleTestCase
{
    protected LogStore $store;
    protected Visit $visit;
    /** @var array{pid: int, uuid: string} */
    protected array $patient;
    /** @var array{id: int, uuid: string} */
    protected array $therapist;
    /** @var array{id: int, encounter: int, uuid: string, pid: int} */
    protected array $encounter;

    public static function setUpBeforeClass(): void
    {
        // Tables of core's that shared/openemr/columns.json does not have, as in core's database.sql.
        TestDatabase::pdo()->exec(
            'CREATE TABLE IF NOT EXISTS esign_signatures (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, tid int NOT NULL,'
            . ' `table` varchar(255) NOT NULL, uid int NOT NULL, datetime datetime NOT NULL,'
            . ' is_lock tinyint(1) NOT NULL DEFAULT 0, amendment text, hash varchar(255) NOT NULL,'
            . ' signature_hash varchar(255) NOT NULL) ENGINE=InnoDB'
        );
        TestDatabase::pdo()->exec(
            'CREATE TABLE IF NOT EXISTS icd10_dx_order_code (dx_id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,'
            . ' dx_code varchar(7), formatted_dx_code varchar(10), valid_for_coding char(1), short_desc varchar(60),'
            . ' long_desc text, active tinyint DEFAULT 0, revision int DEFAULT 0, KEY (formatted_dx_code)) ENGINE=InnoDB'
        );
    }

    protected function setUp(): void
    {
        parent::setUp();
        $this->patient = $this->clinic->patient();
        $this->therapist = $this->clinic->therapist();
        $this->encounter = $this->clinic->encounter(
            $this->patient['pid'],
            '2026-12-01 09:30:00',
            $this->therapist['id']
        );
        $this->store = new LogStore($this->database, $this->clock, $this->audit);
        $this->visit = $this->visitOf($this->encounter);
        $this->feeSchedule();
    }

    /** @param array{encounter: int, pid: int} $encounter */
    protected function visitOf(array $encounter): Visit
    {
        $visit = (new Visits($this->database))->find($encounter['pid'], $encounter['encounter']);
        self::assertNotNull($visit);
        return $visit;
    }

    /** A row of 60 minutes of 97124 by the therapist; parts of it can be given. */
    protected function row(mixed ...$parts): Row
    {
        return new Row(...$parts + [
            'codeType' => 'CPT4',
            'code' => '97124',
            'minutes' => 60,
            'diagnosis' => 'M54.50',
            'therapist' => $this->therapist['id'],
        ]);
    }

    /** @param list<Row> $rows */
    protected function save(array $rows, int $version = 0, bool $selfPay = false, string $note = ''): TreatmentLog
    {
        return $this->store->apply($this->visit, new Change($version, $rows, $selfPay, $note, Change::SAVE, 7));
    }

    /** @param list<Row> $rows */
    protected function sign(array $rows, int $version = 0, bool $selfPay = false): TreatmentLog
    {
        $by = $this->therapist['id'];
        return $this->store->apply($this->visit, new Change($version, $rows, $selfPay, '', Change::SIGN, $by));
    }

    /** @param list<Row> $rows */
    protected function amend(array $rows, int $version, string $reason): TreatmentLog
    {
        return $this->store->apply($this->visit, new Change($version, $rows, false, '', Change::AMEND, 8, $reason));
    }

    protected function found(): TreatmentLog
    {
        $log = $this->store->find($this->visit->pid, $this->visit->encounter);
        self::assertNotNull($log);
        return $log;
    }

    private function feeSchedule(): void
    {
        $this->clinic->add('code_types', [
            'ct_key' => 'CPT4', 'ct_id' => 1, 'ct_seq' => 2, 'ct_fee' => 1, 'ct_active' => 1, 'ct_proc' => 1,
        ]);
        $this->clinic->add('code_types', [
            'ct_key' => 'HCPCS', 'ct_id' => 3, 'ct_seq' => 3, 'ct_fee' => 1, 'ct_active' => 1, 'ct_proc' => 1,
        ]);
        $this->clinic->add('code_types', [
            'ct_key' => 'ICD10', 'ct_id' => 102, 'ct_seq' => 4, 'ct_diag' => 1, 'ct_active' => 1, 'ct_external' => 1,
        ]);
        foreach (['97010' => null, '97112' => null, '97124' => '45.00', '97140' => '50.00'] as $code => $price) {
            $id = $this->clinic->add('codes', [
                'code' => (string) $code, 'code_type' => 1, 'code_text' => "words for $code", 'active' => 1,
            ]);
            if ($price !== null) {
                $this->clinic->add('prices', [
                    'pr_id' => (string) $id, 'pr_selector' => '', 'pr_level' => 'standard', 'pr_price' => $price,
                ]);
            }
        }
        foreach (['M54.50' => 'low back pain', 'M54.2' => 'neck pain'] as $code => $words) {
            $this->clinic->add('icd10_dx_order_code', [
                'dx_code' => str_replace('.', '', $code), 'formatted_dx_code' => $code, 'valid_for_coding' => '1',
                'short_desc' => $words, 'long_desc' => $words, 'active' => 1,
            ]);
        }
        $this->clinic->add('icd10_dx_order_code', [
            'dx_code' => 'M545', 'formatted_dx_code' => 'M54.5', 'valid_for_coding' => '0',
            'short_desc' => 'low back pain', 'long_desc' => 'low back pain', 'active' => 1,
        ]);
    }
}
