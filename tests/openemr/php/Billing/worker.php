<?php

/**
 * A process of its own that posts Claims when it is told to: worker.php SOCKET. It reads a line of JSON, a list of Claims,
 * says that it is ready, waits for a line, writes, and tells as a line of JSON what each write led to.
 */

declare(strict_types=1);

use OpenEMR\Modules\MassageBilling\Billing\ClaimPosting;
use OpenEMR\Modules\MassageBilling\Billing\StoredConflictTasks;
use OpenEMR\Modules\MassageBilling\Core\OpenEmrDatabase;
use OpenEMR\Modules\MassageBilling\Core\SystemClock;
use OpenEMR\Modules\MassageBilling\Fhir\Document;
use OpenEMR\Modules\MassageBilling\Fhir\Patience;
use OpenEMR\Modules\MassageBilling\Fhir\Refused;
use OpenEMR\Modules\MassageBilling\Tests\Fhir\TestBase;
use OpenEMR\Modules\MassageBilling\Tests\Support\NotedAudit;
use OpenEMR\Modules\MassageBilling\Tests\Support\SetAccess;
use OpenEMR\Modules\MassageBilling\Tests\Support\TestDatabase;

spl_autoload_register(static function (string $class): void {
    $homes = [
        'OpenEMR\\Modules\\MassageBilling\\Tests\\' => __DIR__ . '/../',
        'OpenEMR\\Modules\\MassageBilling\\' => __DIR__ . '/../../../../plugin/openemr/oe-module-massage-billing/src/',
        'OpenEMR\\' => __DIR__ . '/../Core/',
    ];
    foreach ($homes as $namespace => $folder) {
        $file = $folder . str_replace('\\', '/', substr($class, strlen($namespace))) . '.php';
        if (str_starts_with($class, $namespace) && is_file($file)) {
            require $file;
            return;
        }
    }
});

TestDatabase::join($argv[1]);
$claims = json_decode((string) fgets(STDIN), true, 64, JSON_THROW_ON_ERROR);
$database = new OpenEmrDatabase();
$clock = new SystemClock();
$store = TestBase::store($database, $clock);
$tasks = new StoredConflictTasks(static fn() => $store, $database, $clock);
$store->afterWrite(new ClaimPosting($database, new SetAccess(), $clock, new NotedAudit(), $tasks));
echo "ready\n";
fgets(STDIN);
$told = [];
foreach ($claims as $claim) {
    $document = Document::parse(json_encode($claim, JSON_THROW_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION));
    try {
        Patience::with(static fn() => $store->create('Claim', $document));
        $told[] = 201;
    } catch (Refused $refused) {
        $told[] = $refused->status;
    } catch (\Throwable $fault) {
        $told[] = $fault->getMessage();
    }
}
echo json_encode($told), "\n";
