<?php

declare(strict_types=1);

namespace OpenEMR\Events\Appointments;

use Symfony\Contracts\EventDispatcher\Event;

/** Core's event at which modules change what a calendar page shows. */
class CalendarUserGetEventsFilter extends Event
{
    public const EVENT_NAME = 'postcalendar_userapi_pcGetEvents.filter';

    private $eventsByDays = [];
    private $viewType;

    public function getEventsByDays(): array
    {
        return $this->eventsByDays;
    }

    public function setEventsByDays(array $eventsByDays): self
    {
        $this->eventsByDays = $eventsByDays;
        return $this;
    }

    public function getViewType(): ?string
    {
        return $this->viewType;
    }

    public function setViewType(?string $viewType): self
    {
        $this->viewType = $viewType;
        return $this;
    }
}
