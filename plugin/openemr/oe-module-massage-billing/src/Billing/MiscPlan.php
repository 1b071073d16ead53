<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** What is to be done with the form "Misc Billing Options" of an encounter. */
final class MiscPlan
{
    /** Nothing: a person's form agrees, or none is needed and none is there. */
    public const LEAVE = 'leave';
    /** Nothing: the module's own form says it already. */
    public const KEEP = 'keep';
    public const CREATE = 'create';
    public const UPDATE = 'update';
    public const REMOVE = 'remove';
    /** Nothing until a person has settled it. */
    public const CONFLICT = 'conflict';

    public function __construct(
        public readonly string $action,
        public readonly ?LedgerRow $own,
        public readonly ?Conflict $conflict = null
    ) {
    }

    /** Whether nothing has to be written. */
    public function isIdle(): bool
    {
        return $this->action === self::LEAVE || $this->action === self::KEEP;
    }
}
