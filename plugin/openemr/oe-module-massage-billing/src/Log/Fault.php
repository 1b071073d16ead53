<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/** What is wrong with a field of a row, said beside it. */
final class Fault
{
    /**
     * @param int $row place of the row in the form; -1 for the log as a whole
     * @param string $field a field of TypedRow, "reason" or ""
     * @param string $message a fixed English sentence, to be translated
     * @param bool $unreadable true where not even a draft can keep it
     */
    public function __construct(
        public readonly int $row,
        public readonly string $field,
        public readonly string $message,
        public readonly bool $unreadable = false,
    ) {
    }
}
