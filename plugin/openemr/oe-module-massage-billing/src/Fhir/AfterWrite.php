<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/**
 * What has to happen with every write of a type, inside the transaction of the write: both are kept, or neither.
 *
 * A write may be tried again after a deadlock, so nothing outside the database may be touched.
 */
interface AfterWrite
{
    /** The stored type it belongs to, "Claim". */
    public function type(): string;

    /**
     * Called after a create ($before is null), after an update, and after an update that says nothing new (then both
     * are the same version, so that what a person mended meanwhile can be taken up). May throw Refused.
     */
    public function written(Stored $now, ?Stored $before): void;
}
