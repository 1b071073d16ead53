<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Core;

/** What time it is. */
interface Clock
{
    /** This moment, in UTC. */
    public function now(): \DateTimeImmutable;
}
