<?php

declare(strict_types=1);

namespace OpenEMR\Events\Encounter;

use Symfony\Contracts\EventDispatcher\Event;

/** Core's event above and below the forms of an encounter. */
class EncounterFormsListRenderEvent extends Event
{
    public const EVENT_SECTION_RENDER_PRE = 'forms.encounter.list.render.pre';
    public const EVENT_SECTION_RENDER_POST = 'forms.encounter.list.render.post';

    public function __construct(
        private ?int $encounter = null,
        private string $attendantType = 'pid',
        private ?int $pid = null,
        private ?int $groupId = null
    ) {
    }

    public function getAttendantType(): string
    {
        return $this->attendantType;
    }

    public function getPid(): ?int
    {
        return $this->pid;
    }

    public function getEncounter(): ?int
    {
        return $this->encounter;
    }
}
