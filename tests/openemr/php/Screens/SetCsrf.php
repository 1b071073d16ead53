<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Screens;

use OpenEMR\Modules\MassageBilling\Screens\Csrf;

/** A session whose token is "right-token". */
final class SetCsrf implements Csrf
{
    public function token(): string
    {
        return 'right-token';
    }

    public function valid(string $token): bool
    {
        return $token === 'right-token';
    }
}
