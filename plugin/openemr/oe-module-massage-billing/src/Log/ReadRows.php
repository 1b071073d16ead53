<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/** What was typed, as far as it could be read. */
final class ReadRows
{
    /**
     * @param array<int, Row> $rows by their place in the form
     * @param list<Fault> $faults
     */
    public function __construct(public readonly array $rows, public readonly array $faults)
    {
    }

    /** Whether a draft can keep it all. */
    public function isReadable(): bool
    {
        foreach ($this->faults as $fault) {
            if ($fault->unreadable) {
                return false;
            }
        }
        return true;
    }

    /** Whether it can be signed. */
    public function isComplete(): bool
    {
        return $this->faults === [] && $this->rows !== [];
    }

    /** @return list<Row> */
    public function list(): array
    {
        return array_values($this->rows);
    }
}
