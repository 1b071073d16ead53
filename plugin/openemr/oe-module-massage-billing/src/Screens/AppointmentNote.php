<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Events\Appointments\AppointmentRenderEvent;
use OpenEMR\Modules\MassageBilling\Core\Access;
use OpenEMR\Modules\MassageBilling\Core\Clock;
use OpenEMR\Modules\MassageBilling\Core\Database;

/** Says in the appointment's own window, below the patient, what is known ahead of it. */
final class AppointmentNote
{
    public function __construct(
        private readonly Database $database,
        private readonly Access $access,
        private readonly Clock $clock,
        private readonly Templates $templates
    ) {
    }

    public function show(AppointmentRenderEvent $event): void
    {
        $row = $event->getAppt();
        $number = (int) ($row['pc_eid'] ?? 0);
        if ($number === 0 || (int) ($row['pc_pid'] ?? 0) === 0 || !$this->access->may('patients', 'appt')) {
            return;
        }
        $outlook = (new Outlooks($this->database))->ofEvents([$number])[$number] ?? null;
        $today = Day::today($this->clock);
        if ($outlook === null || $outlook->day < $today) {
            return;
        }
        echo $this->templates->render('appointment_note.html.twig', [
            'outlook' => $outlook,
            'shown' => $outlook->shownOn($today),
        ]);
    }
}
