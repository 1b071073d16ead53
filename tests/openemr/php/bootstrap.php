<?php

/** What the tests need: the module, the doubles of core's classes, and a database with core's tables and ours. */

declare(strict_types=1);

use OpenEMR\Modules\MassageBilling\Tests\Support\CoreTables;
use OpenEMR\Modules\MassageBilling\Tests\Support\TestDatabase;

const MODULE = __DIR__ . '/../../../plugin/openemr/oe-module-massage-billing';

require_once 'Symfony/Component/HttpFoundation/autoload.php';
require_once 'Symfony/Component/EventDispatcher/autoload.php';
require_once 'Symfony/Contracts/EventDispatcher/autoload.php';
require_once 'Twig/autoload.php';

spl_autoload_register(static function (string $class): void {
    $homes = [
        'OpenEMR\\Modules\\MassageBilling\\Tests\\' => __DIR__ . '/',
        'OpenEMR\\Modules\\MassageBilling\\' => MODULE . '/src/',
        'OpenEMR\\' => __DIR__ . '/Core/',
    ];
    foreach ($homes as $namespace => $folder) {
        if (str_starts_with($class, $namespace)) {
            $file = $folder . str_replace('\\', '/', substr($class, strlen($namespace))) . '.php';
            if (is_file($file)) {
                require $file;
            }
            return;
        }
    }
});

TestDatabase::open(getenv('MB_MARIADB_SOCKET') ?: throw new RuntimeException('Run tests/openemr/phpunit.'));
CoreTables::create();
