<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Support;

use OpenEMR\Modules\MassageBilling\Core\Access;

/** A user with the rights a test gives: "acct/bill", "encounters/auth/write". */
final class SetAccess implements Access
{
    /** @param list<string> $rights */
    public function __construct(
        private readonly array $rights = [],
        private readonly int $id = 1,
        private readonly string $name = 'test-user'
    ) {
    }

    public function may(string $section, string $value, string $right = ''): bool
    {
        return in_array(rtrim("$section/$value/$right", '/'), $this->rights, true);
    }

    public function userId(): int
    {
        return $this->id;
    }

    public function userName(): string
    {
        return $this->name;
    }

    public function group(): string
    {
        return 'Default';
    }
}
