<?php

declare(strict_types=1);

namespace OpenEMR\Events\Appointments;

use Symfony\Contracts\EventDispatcher\Event;

/** Core's event while the window of an appointment is shown. */
class AppointmentRenderEvent extends Event
{
    public const RENDER_BELOW_PATIENT = 'appointment.render.below.patient';

    public function __construct(private $appt)
    {
    }

    public function getAppt(): array
    {
        return $this->appt;
    }
}
