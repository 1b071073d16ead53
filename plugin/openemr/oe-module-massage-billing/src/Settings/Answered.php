<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

/** What another server answered. */
final class Answered
{
    public function __construct(public readonly int $status, public readonly string $body)
    {
    }

    /** @return array<string, mixed> empty where it is no JSON object */
    public function json(): array
    {
        $found = json_decode($this->body, true);
        return is_array($found) ? $found : [];
    }
}
