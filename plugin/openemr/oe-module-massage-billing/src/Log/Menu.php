<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

use OpenEMR\Events\Encounter\EncounterMenuEvent;
use OpenEMR\Modules\MassageBilling\Boundary;

/**
 * The entry "Treatment log" in the menu of the encounter page.
 *
 * An entry without children is a link of its own, which core opens with openNewForm() as a tab of the encounter's frame
 * (templates/encounter/forms/navbar.html.twig). The event does not say which encounter is open; core's session does.
 */
final class Menu
{
    private const KEY = 'massage-billing-log';

    /**
     * @param string $page the URL of log.php without its query
     * @param callable(string): string $translate core's xl()
     * @param callable(): array{int, int} $open pid and encounter that the session has open; 0 where it has none
     * @param callable(int, int): bool $mayRead whether the user may read the log of a visit (pid, encounter)
     */
    public function __construct(
        private readonly string $page,
        private readonly mixed $translate,
        private readonly mixed $open,
        private readonly mixed $mayRead,
    ) {
    }

    /** Listener of EncounterMenuEvent::MENU_RENDER. */
    public function add(EncounterMenuEvent $event): void
    {
        Boundary::guard('encounter menu', function () use ($event): void {
            [$pid, $encounter] = ($this->open)();
            if ($pid < 1 || $encounter < 1 || !($this->mayRead)($pid, $encounter)) {
                return;
            }
            $menu = $event->getMenuData();
            $menu[self::KEY] = [
                'formURL' => $this->page . '?' . http_build_query(['pid' => $pid, 'encounter' => $encounter]),
                'displayText' => ($this->translate)('Treatment log'),
            ];
            $event->setMenuData($menu);
        });
    }
}
