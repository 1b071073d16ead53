<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Install;

use OpenEMR\Services\Utils\SQLUpgradeService;

/** By core's own reader of such files, as its module manager does. */
final class OpenEmrSqlFiles implements SqlFiles
{
    public function run(string $folder, string $file): void
    {
        $service = new SQLUpgradeService();
        $service->setThrowExceptionOnError(true);
        $service->setRenderOutputToScreen(false);
        $service->upgradeFromSqlFile($file, $folder);
    }
}
