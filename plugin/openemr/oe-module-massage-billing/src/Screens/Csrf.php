<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

/** The token that tells a form of ours from one that somebody else's page sent. */
interface Csrf
{
    public function token(): string;

    public function valid(string $token): bool;
}
