<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Support;

use OpenEMR\Modules\MassageBilling\Core\Clock;

/** A clock that shows what a test sets. */
final class SetClock implements Clock
{
    private \DateTimeImmutable $now;

    public function __construct(string $now)
    {
        $this->set($now);
    }

    public function set(string $now): void
    {
        $this->now = new \DateTimeImmutable($now, new \DateTimeZone('UTC'));
    }

    /** Let time go on: "5 minutes". */
    public function pass(string $interval): void
    {
        $this->now = $this->now->modify("+$interval");
    }

    public function now(): \DateTimeImmutable
    {
        return $this->now;
    }
}
