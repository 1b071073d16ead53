<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Support;

use OpenEMR\Modules\MassageBilling\Core\Audit;

/** An audit log a test can read. */
final class NotedAudit implements Audit
{
    /** @var list<array{event: string, what: string, pid: int|null, success: bool}> */
    public array $notes = [];

    public function note(string $event, string $what, ?int $pid = null, bool $success = true): void
    {
        $this->notes[] = ['event' => $event, 'what' => $what, 'pid' => $pid, 'success' => $success];
    }
}
