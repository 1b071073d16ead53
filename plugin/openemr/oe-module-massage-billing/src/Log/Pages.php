<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

use OpenEMR\Modules\MassageBilling\Core\OpenEmrAccess;
use OpenEMR\Modules\MassageBilling\Core\OpenEmrAudit;
use OpenEMR\Modules\MassageBilling\Core\OpenEmrDatabase;
use OpenEMR\Modules\MassageBilling\Core\SystemClock;

/** Puts the log's page together over OpenEMR. */
final class Pages
{
    /** @param bool $lockBySignature core's setting lock_esign_all */
    public static function open(bool $lockBySignature): Page
    {
        $database = new OpenEmrDatabase();
        $access = new OpenEmrAccess();
        $choices = new Choices($database);
        $audit = new OpenEmrAudit($access);
        $store = new LogStore($database, new SystemClock(), $audit);
        return new Page(
            new Visits($database, $lockBySignature),
            $store,
            $choices,
            new RowReader($choices, new Regions()),
            new Permission($access),
            new OpenEmrIdentity($access, $database),
            $access,
            $audit,
            new View($store, $choices),
        );
    }
}
