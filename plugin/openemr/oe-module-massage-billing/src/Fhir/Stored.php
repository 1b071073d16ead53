<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** One version of a resource that the module keeps. */
final class Stored
{
    /**
     * @param array<string, mixed> $json the resource, id and meta set; decimals are strings as they were written
     *     ("12.50"), never floats
     * @param string $text the same as JSON, every number spelled as its writer spelled it
     */
    public function __construct(
        public readonly string $type,
        public readonly string $id,
        public readonly int $version,
        public readonly \DateTimeImmutable $lastUpdated,
        public readonly array $json,
        public readonly string $text
    ) {
    }

    /** "Claim/0197…" */
    public function reference(): string
    {
        return "$this->type/$this->id";
    }
}
