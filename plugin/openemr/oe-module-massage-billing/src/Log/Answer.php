<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/** What a page gives back. */
final class Answer
{
    /**
     * @param string $template "" where it is JSON or a redirect
     * @param array<string, mixed> $data what the template shows, or the JSON
     * @param string $redirect query of the same page to go to
     */
    public function __construct(
        public readonly int $status,
        public readonly string $template = '',
        public readonly array $data = [],
        public readonly string $redirect = '',
    ) {
    }
}
