<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Install;

use OpenEMR\Modules\MassageBilling\Module;
use OpenEMR\Modules\MassageBilling\Settings\Trigger;
use OpenEMR\Modules\MassageBilling\Settings\Wiring as Settings;

/** Makes the lifecycle, of this request's OpenEMR. Here the module itself is not started yet, or no more. */
final class Wiring
{
    public static function lifecycle(): Lifecycle
    {
        $module = Module::get();
        return new Lifecycle(
            $module->database(),
            SelfCheck::ofCore(),
            new OpenEmrSqlFiles(),
            Settings::store(),
            Settings::client(),
            new Trigger($module->database()),
            $module->audit(),
            Module::folder(),
            '/interface/modules/custom_modules/' . basename(Module::folder())
        );
    }
}
