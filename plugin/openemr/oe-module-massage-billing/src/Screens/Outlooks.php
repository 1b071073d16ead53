<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Modules\MassageBilling\Core\Database;

/** Finds what is known ahead of appointments, in one statement however many they are. */
final class Outlooks
{
    /** More rows of a calendar page than this are not marked. */
    private const EVENTS = 5000;

    public function __construct(private readonly Database $database)
    {
    }

    /**
     * Of calendar rows, by openemr_postcalendar_events.pc_eid; those nobody looked at are missing.
     *
     * @param list<int> $events
     * @return array<int, Outlook>
     */
    public function ofEvents(array $events): array
    {
        $events = array_slice(array_values(array_unique($events)), 0, self::EVENTS);
        if ($events === []) {
            return [];
        }
        $marks = implode(', ', array_fill(0, count($events), '?'));
        $rows = $this->database->rows(
            'SELECT e.pc_eid AS event, r.json FROM openemr_postcalendar_events e
             JOIN massage_billing_reference f ON f.type = ? AND f.name = ? AND f.target_id = ' . Uuid::sql('e.uuid') . '
             JOIN massage_billing_token t ON t.resource = f.resource AND t.name = ? AND t.system = ?
             JOIN massage_billing_resource r ON r.id = f.resource
             WHERE e.pc_eid IN (' . $marks . ') AND f.target_type = ?
             ORDER BY r.last_updated',
            ['Task', 'focus', 'identifier', Names::OUTLOOK_KEY, ...$events, 'Appointment']
        );
        $found = [];
        foreach ($rows as $row) {
            $outlook = Outlook::read(Json::read($row['json']));
            if ($outlook !== null) {
                $found[(int) $row['event']] = $outlook;
            }
        }
        return $found;
    }
}
