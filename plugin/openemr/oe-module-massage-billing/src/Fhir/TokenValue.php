<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** One value of a token search parameter, "system|value" (FHIR R4, search.html#token). */
final class TokenValue
{
    /**
     * @param string|null $system null: any system; "": none at all
     * @param string|null $value null: any value of the system
     */
    public function __construct(public readonly ?string $system, public readonly ?string $value)
    {
    }

    /** Whether a code or an identifier is what was asked for. */
    public function holds(string $system, string $value): bool
    {
        return ($this->system === null || $this->system === $system)
            && ($this->value === null || $this->value === $value);
    }
}
