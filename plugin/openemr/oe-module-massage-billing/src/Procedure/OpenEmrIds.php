<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

use OpenEMR\Common\Uuid\UuidRegistry;

/** Over core's UuidRegistry, as the constructors of its own services do it. */
final class OpenEmrIds implements Ids
{
    public function prepare(): void
    {
        UuidRegistry::createMissingUuidsForTables(['patient_data', 'form_encounter', 'users']);
    }
}
