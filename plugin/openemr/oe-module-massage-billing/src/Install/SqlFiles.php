<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Install;

/** Runs one of the module's SQL files, with core's directives. */
interface SqlFiles
{
    /** @throws \Throwable where a statement fails */
    public function run(string $folder, string $file): void;
}
