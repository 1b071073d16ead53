<?php

/**
 * A process of its own that writes when it is told to: worker.php SOCKET. It reads its work as a line of JSON, says that
 * it is ready, waits for a line, writes, and tells as a line of JSON what came of it.
 */

declare(strict_types=1);

use OpenEMR\Modules\MassageBilling\Core\OpenEmrDatabase;
use OpenEMR\Modules\MassageBilling\Core\SystemClock;
use OpenEMR\Modules\MassageBilling\Fhir\AfterWrite;
use OpenEMR\Modules\MassageBilling\Fhir\Patience;
use OpenEMR\Modules\MassageBilling\Fhir\Refused;
use OpenEMR\Modules\MassageBilling\Fhir\Stored;
use OpenEMR\Modules\MassageBilling\Tests\Fhir\TestBase;
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
$work = json_decode((string) fgets(STDIN), true, 64, JSON_THROW_ON_ERROR);
$store = TestBase::store(new OpenEmrDatabase(), new SystemClock());
$store->afterWrite(new class ($work['refuses']) implements AfterWrite {
    public function __construct(private bool $refuses)
    {
    }

    public function type(): string
    {
        return 'Claim';
    }

    public function written(Stored $now, ?Stored $before): void
    {
        if ($this->refuses) {
            throw new Refused(409, 'conflict', 'It is billed.');
        }
    }
});
echo "ready\n";
fgets(STDIN);
try {
    if ($work['update'] === null) {
        $made = Patience::with(fn() => $store->create('Claim', $work['resource'], $work['condition']));
        $told = ['status' => $made->new ? 201 : 200, 'id' => $made->stored->id];
    } else {
        $stored = Patience::with(fn() => $store->update('Claim', $work['update'], $work['resource'], 1));
        $told = ['status' => 200, 'id' => $stored->id];
    }
} catch (Refused $refused) {
    $told = ['status' => $refused->status, 'id' => ''];
} catch (\Throwable $fault) {
    $told = ['status' => 500, 'id' => $fault->getMessage()];
}
echo json_encode($told), "\n";
