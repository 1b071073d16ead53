<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/** A version of a log in its history: what was saved, by whom, when and why. */
final class Version
{
    /**
     * @param int $savedBy users.id
     * @param string $action "saved", "signed" or "amended"
     * @param string $reason why a signed log or a locked visit was changed
     * @param array<string, mixed> $content status, billTo, note, rows
     */
    public function __construct(
        public readonly int $number,
        public readonly \DateTimeImmutable $savedAt,
        public readonly int $savedBy,
        public readonly string $action,
        public readonly string $reason,
        public readonly array $content,
    ) {
    }
}
