<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Support;

use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Core\OpenEmrDatabase;
use PHPUnit\Framework\TestCase;

/** A test that finds every table empty. */
abstract class ModuleTestCase extends TestCase
{
    protected Database $database;
    protected SetClock $clock;
    protected NotedAudit $audit;
    protected Clinic $clinic;

    protected function setUp(): void
    {
        $pdo = TestDatabase::pdo();
        if ($pdo->inTransaction()) {
            $pdo->rollBack();
        }
        $tables = $pdo->query('SHOW TABLES')->fetchAll(\PDO::FETCH_COLUMN);
        foreach ($tables as $table) {
            $pdo->exec("DELETE FROM `$table`");
        }
        $this->database = new OpenEmrDatabase();
        $this->clock = new SetClock('2026-12-01T18:00:00Z');
        $this->audit = new NotedAudit();
        $this->clinic = new Clinic($this->database);
    }
}
