<?php

declare(strict_types=1);

namespace OpenEMR\Events\Encounter;

use Symfony\Contracts\EventDispatcher\Event;

/** Core's event before the menu of the encounter page is shown. */
class EncounterMenuEvent extends Event
{
    public const MENU_RENDER = 'menu.render';

    public function __construct(private array $menu = [])
    {
    }

    public function getMenuData(): array
    {
        return $this->menu;
    }

    public function setMenuData(array $menu): void
    {
        $this->menu = $menu;
    }
}
