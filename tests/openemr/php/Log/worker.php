<?php

/** One of several people who save the same log at once: prints "saved" or "conflict". */

declare(strict_types=1);

use OpenEMR\Modules\MassageBilling\Core\OpenEmrDatabase;
use OpenEMR\Modules\MassageBilling\Log\Change;
use OpenEMR\Modules\MassageBilling\Log\Conflict;
use OpenEMR\Modules\MassageBilling\Log\LogStore;
use OpenEMR\Modules\MassageBilling\Log\Row;
use OpenEMR\Modules\MassageBilling\Log\Visits;
use OpenEMR\Modules\MassageBilling\Tests\Support\NotedAudit;
use OpenEMR\Modules\MassageBilling\Tests\Support\SetClock;
use OpenEMR\Modules\MassageBilling\Tests\Support\TestDatabase;

define('MODULE', $argv[1]);
spl_autoload_register(static function (string $class): void {
    $homes = [
        'OpenEMR\\Modules\\MassageBilling\\Tests\\' => dirname(__DIR__) . '/',
        'OpenEMR\\Modules\\MassageBilling\\' => MODULE . '/src/',
        'OpenEMR\\' => dirname(__DIR__) . '/Core/',
    ];
    foreach ($homes as $namespace => $folder) {
        if (str_starts_with($class, $namespace)) {
            require $folder . str_replace('\\', '/', substr($class, strlen($namespace))) . '.php';
            return;
        }
    }
});

[, , $socket, $pid, $encounter, $version, $minutes] = $argv;
TestDatabase::join($socket);
$database = new OpenEmrDatabase();
$store = new LogStore($database, new SetClock('2026-12-01T19:00:00Z'), new NotedAudit());
$visit = (new Visits($database))->find((int) $pid, (int) $encounter);
echo "ready\n";
fgets(STDIN); // everybody begins at once
try {
    $row = new Row(code: '97124', minutes: (int) $minutes, therapist: 1);
    $store->apply($visit, new Change((int) $version, [$row], false, '', Change::SAVE, 1));
    echo "saved\n";
} catch (Conflict) {
    echo "conflict\n";
}
