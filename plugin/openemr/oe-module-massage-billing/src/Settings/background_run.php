<?php

/** What OpenEMR's background service of the module calls: asks the Python service to run, for at most five seconds. */

declare(strict_types=1);

use OpenEMR\Modules\MassageBilling\Boundary;
use OpenEMR\Modules\MassageBilling\Settings\Wiring;

function massage_billing_background_run(): void
{
    Boundary::guard('background run', static function (): void {
        $service = Wiring::service();
        if ($service->configured()) {
            $service->run('run');
        }
    });
}
