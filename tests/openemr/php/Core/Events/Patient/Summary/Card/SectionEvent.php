<?php

declare(strict_types=1);

namespace OpenEMR\Events\Patient\Summary\Card;

use Symfony\Contracts\EventDispatcher\Event;

/** Core's event at which modules add cards to the patient's summary. */
class SectionEvent extends Event
{
    public const EVENT_HANDLE = 'section.render';

    private array $cards = [];

    public function __construct(private readonly string $section)
    {
    }

    public function getSection(): string
    {
        return $this->section;
    }

    public function getCards(): array
    {
        return $this->cards;
    }

    public function addCard(CardModel $card, $position = null): void
    {
        $this->cards[] = $card;
    }
}
