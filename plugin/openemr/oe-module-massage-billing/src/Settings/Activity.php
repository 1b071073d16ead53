<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Settings;

use OpenEMR\Modules\MassageBilling\Core\Clock;
use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Screens\Day;

/** What the Python side last wrote here, and how much of it today. */
final class Activity
{
    private const TYPES = ['Claim', 'Task', 'CoverageEligibilityResponse', 'Provenance'];

    public function __construct(private readonly Database $database, private readonly Clock $clock)
    {
    }

    /** @return list<array{type: string, last: string, today: int}> last in local time, "" where nothing was written */
    public function written(): array
    {
        $start = (new \DateTimeImmutable(Day::today($this->clock)))->setTimezone(new \DateTimeZone('UTC'));
        $found = [];
        foreach (self::TYPES as $type) {
            $row = $this->database->row(
                'SELECT (SELECT MAX(last_updated) FROM massage_billing_resource WHERE type = ?) AS last,
                 (SELECT COUNT(*) FROM massage_billing_resource WHERE type = ? AND last_updated >= ?) AS today',
                [$type, $type, $start->format('Y-m-d H:i:s')]
            );
            $last = Day::clock($row['last'] ?? '');
            $found[] = ['type' => $type, 'last' => $last, 'today' => (int) ($row['today'] ?? 0)];
        }
        return $found;
    }
}
