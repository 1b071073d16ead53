<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

/** Which addresses a host name stands for. */
interface Resolver
{
    /** @return list<string> IP addresses; empty where the name is not known */
    public function addresses(string $host): array;
}
