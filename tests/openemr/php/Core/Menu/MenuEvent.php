<?php

declare(strict_types=1);

namespace OpenEMR\Menu;

use Symfony\Contracts\EventDispatcher\Event;

/** Core's event at which modules add to the main menu. */
class MenuEvent extends Event
{
    public const MENU_UPDATE = 'menu.update';

    public function __construct(private $menu = [])
    {
    }

    public function getMenu()
    {
        return $this->menu;
    }

    public function setMenu(array $menu)
    {
        $this->menu = $menu;
    }
}
