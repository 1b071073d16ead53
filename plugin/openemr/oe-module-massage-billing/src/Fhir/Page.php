<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** One page of what a search found. */
final class Page
{
    /**
     * @param list<array<string, mixed>|string> $resources each as an array, or as JSON where its spelling has to stay
     * @param string|null $next where the next page begins, in the source's own words; null: this is the last one
     * @param int|null $total how many match in all, where that was asked for or is known
     */
    public function __construct(
        public readonly array $resources,
        public readonly ?string $next = null,
        public readonly ?int $total = null
    ) {
    }

    /** @return list<array<string, mixed>> */
    public function arrays(): array
    {
        return array_map(
            static fn(array|string $one): array => is_array($one) ? $one : JsonText::parse($one)->json,
            $this->resources
        );
    }
}
