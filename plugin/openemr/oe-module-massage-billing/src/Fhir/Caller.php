<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** Who asks, as core has found by the token. Core has checked the token's scope for the type before. */
final class Caller
{
    /**
     * @param string $role "users", "system" or "patient", as core names them
     * @param string|null $patient the only patient whose records may be seen; null: anybody's
     */
    public function __construct(public readonly string $role, public readonly ?string $patient = null)
    {
    }
}
