<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** Whose a resource is. */
final class Belongs
{
    /**
     * @param string|null $patient the Patient's id; null: nobody's, as an insurance company is
     * @param int|null $pid the same patient's number in OpenEMR
     */
    public function __construct(public readonly ?string $patient = null, public readonly ?int $pid = null)
    {
    }
}
