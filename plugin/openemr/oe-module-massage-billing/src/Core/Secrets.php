<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Core;

/** Keeps what nobody may read in the database, by OpenEMR's own encryption. */
interface Secrets
{
    /** The text that is kept in its place. */
    public function seal(string $secret): string;

    /** The secret again; null where it cannot be opened, as after a lost key. */
    public function open(string $sealed): ?string;
}
