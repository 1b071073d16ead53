<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Core;

use OpenEMR\Common\Logging\EventAuditLogger;

/** The audit log over core's EventAuditLogger. */
final class OpenEmrAudit implements Audit
{
    public function __construct(private readonly Access $access)
    {
    }

    public function note(string $event, string $what, ?int $pid = null, bool $success = true): void
    {
        EventAuditLogger::getInstance()->newEvent(
            $event,
            $this->access->userName(),
            $this->access->group(),
            $success ? 1 : 0,
            $what,
            $pid
        );
    }
}
