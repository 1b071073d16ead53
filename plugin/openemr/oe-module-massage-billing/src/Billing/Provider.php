<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** Who did a line's work, as the Claim names them: by Practitioner id, or by NPI alone. */
final class Provider
{
    public function __construct(public readonly ?string $practitioner, public readonly ?string $npi)
    {
    }
}
