<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

/** Core makes the uuids of its rows when they are first asked for by FHIR; what we name has to have one. */
interface Ids
{
    /** Give patients, visits and users the ids that they do not have yet. */
    public function prepare(): void;
}
