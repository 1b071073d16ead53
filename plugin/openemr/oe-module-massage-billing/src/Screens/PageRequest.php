<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

/** What a browser sent to one of the module's pages. */
final class PageRequest
{
    /**
     * @param array<mixed> $query
     * @param array<mixed> $form
     */
    public function __construct(
        public readonly bool $post,
        private readonly array $query = [],
        private readonly array $form = []
    ) {
    }

    public static function fromCore(): self
    {
        return new self(($_SERVER['REQUEST_METHOD'] ?? 'GET') === 'POST', $_GET, $_POST);
    }

    /** A text of the form; "" where it is missing or no text. */
    public function form(string $name): string
    {
        $value = $this->form[$name] ?? '';
        return is_string($value) ? $value : '';
    }

    /** A text of the address; "" where it is missing or no text. */
    public function query(string $name): string
    {
        $value = $this->query[$name] ?? '';
        return is_string($value) ? $value : '';
    }
}
