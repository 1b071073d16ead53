<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/** What the page of a log is to show beside the saved log: what was typed, and what is to be said of it. */
final class Form
{
    /**
     * @param list<Fault> $faults
     * @param list<string> $errors sentences at the head of the page, to be translated
     * @param list<string> $notices likewise, where nothing is wrong
     * @param array<string, string> $found code => words, of a search without scripts
     */
    public function __construct(
        public readonly Typed $typed,
        public readonly array $faults = [],
        public readonly array $errors = [],
        public readonly array $notices = [],
        public readonly bool $isConflict = false,
        public readonly array $found = [],
    ) {
    }
}
