<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

use OpenEMR\Modules\MassageBilling\Core\Access;
use OpenEMR\Modules\MassageBilling\Core\Clock;
use OpenEMR\Modules\MassageBilling\Core\Database;

/** Who writes into core's tables, and when: the user of the request, by core's local time. */
final class Author
{
    private const SYSTEM_USER = 'oe-system'; // core: UserService::SYSTEM_USER_USERNAME, whom system tokens act as

    private ?int $id = null;

    public function __construct(
        private readonly Access $access,
        private readonly Clock $clock,
        private readonly Database $database
    ) {
    }

    /** users.id */
    public function id(): int
    {
        return $this->id ??= $this->access->userId()
            ?: (int) $this->database->value('SELECT id FROM users WHERE username = ?', [self::SYSTEM_USER]);
    }

    public function name(): string
    {
        return $this->access->userName() ?: self::SYSTEM_USER;
    }

    public function group(): string
    {
        return $this->access->group() ?: 'Default';
    }

    /** Core writes local wall-clock time, in the zone it gives PHP and the connection (interface/globals.php). */
    public function now(): string
    {
        $zone = new \DateTimeZone(date_default_timezone_get());
        return $this->clock->now()->setTimezone($zone)->format('Y-m-d H:i:s');
    }
}
