<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/** Somebody else saved the log meanwhile: nothing was written. */
final class Conflict extends \RuntimeException
{
    public function __construct()
    {
        parent::__construct('The log was saved by somebody else meanwhile.');
    }
}
