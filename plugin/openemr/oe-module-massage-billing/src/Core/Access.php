<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Core;

/** Who is logged in, and what that person may do by OpenEMR's access control lists. */
interface Access
{
    /** Whether the user may: a section and value of OpenEMR's ACL, ("acct", "bill"), and "write" or "" for any right. */
    public function may(string $section, string $value, string $right = ''): bool;

    /** users.id; 0 where nobody is logged in. */
    public function userId(): int;

    /** users.username; "" where nobody is logged in. */
    public function userName(): string;

    /** The user's group, as OpenEMR writes it beside what is recorded. */
    public function group(): string;
}
