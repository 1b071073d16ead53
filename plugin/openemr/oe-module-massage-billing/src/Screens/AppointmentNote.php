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
        private readonly Words $words
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
        echo $this->html($outlook, $outlook->shownOn($today));
    }

    private function html(Outlook $outlook, Readiness $shown): string
    {
        $w = $this->words;
        $old = $shown === Readiness::Old
            ? ' ' . $w->say($outlook->readiness->word()) . ', ' . $w->say('as of') . ' ' . $w->day($outlook->judgedOn)
            : '';
        return "<div class=\"alert alert-{$shown->colour()} py-2 px-3 my-2\" role=\"note\">"
            . '<strong>' . $w->say('Massage billing') . ':</strong> ' . $w->mark($shown) . $old
            . ' (' . $w->say('visit of') . ' ' . $w->day($outlook->day) . ')'
            . $w->list($outlook->toSettle) . $w->list($outlook->told, 'small') . '</div>';
    }
}
