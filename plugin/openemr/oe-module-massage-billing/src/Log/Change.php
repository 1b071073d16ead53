<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/** What somebody wants a log to be. */
final class Change
{
    public const SAVE = 'saved';
    public const SIGN = 'signed';
    public const AMEND = 'amended';

    /**
     * @param int $version the version it was made from; 0 for a log that was never saved
     * @param list<Row> $rows all rows that are to stand; a saved row that is not among them is taken out
     * @param string $action SAVE, SIGN or AMEND
     * @param int $by users.id
     * @param string $reason why; needed to amend
     */
    public function __construct(
        public readonly int $version,
        public readonly array $rows,
        public readonly bool $selfPay,
        public readonly string $note,
        public readonly string $action,
        public readonly int $by,
        public readonly string $reason = '',
    ) {
    }
}
