<?php

/**
 * Where OpenEMR starts the module, on every page and request: it gives $classLoader, $eventDispatcher and $module.
 *
 * Nothing here may break the host's page, so whatever goes wrong is logged by Boundary and the module stays silent.
 */

declare(strict_types=1);

use OpenEMR\Modules\MassageBilling\Bootstrap;

/** @var \OpenEMR\Core\ModulesClassLoader $classLoader */
$classLoader->registerNamespaceIfNotExists('OpenEMR\\Modules\\MassageBilling\\', __DIR__ . DIRECTORY_SEPARATOR . 'src');

/** @var \Symfony\Component\EventDispatcher\EventDispatcherInterface $eventDispatcher */
Bootstrap::start($eventDispatcher);
