<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

/** An OAuth client as OpenEMR has it. */
final class Client
{
    /**
     * @param list<string> $scopes
     * @param string $registered when, as core's clock wrote it
     * @param string $lastLogin when it last asked for a token, as core's clock wrote it; "" for never
     * @param string $kid of its first key
     */
    public function __construct(
        public readonly string $id,
        public readonly bool $enabled,
        public readonly array $scopes,
        public readonly string $registered,
        public readonly string $lastLogin,
        public readonly string $kid
    ) {
    }

    /**
     * Scopes it lacks.
     *
     * @param list<string> $needed
     * @return list<string>
     */
    public function lacks(array $needed): array
    {
        return array_values(array_diff($needed, $this->scopes));
    }

    /**
     * Scopes it has beyond those that are needed.
     *
     * @param list<string> $needed
     * @return list<string>
     */
    public function exceeds(array $needed): array
    {
        return array_values(array_diff($this->scopes, $needed));
    }
}
