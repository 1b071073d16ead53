<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

/** Whether whoever signs is who is logged in: core's e-signature asks for the password again, and so does a log's. */
interface Identity
{
    /** Whether the logged-in user has a password to give. */
    public function hasPassword(): bool;

    public function isPassword(string $password): bool;
}
