<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Menu\MenuEvent;

/** The entry "Massage billing" of the main menu, under Fees; at the end where a clinic's own menu has no Fees. */
final class MainMenu
{
    private const FEES = 'feeimg';

    /** @param string $page address of the overview page, from the web root */
    public function __construct(private readonly string $page, private readonly Words $words)
    {
    }

    public function add(MenuEvent $event): void
    {
        $entry = (object) [
            'label' => $this->words->plain('Massage billing'),
            'menu_id' => 'massage_billing0',
            'target' => 'massage_billing',
            'url' => $this->page,
            'children' => [],
            'requirement' => 0,
            'acl_req' => [['acct', 'bill'], ['patients', 'appt']],
            'global_req' => [],
        ];
        $menu = $event->getMenu();
        foreach ($menu as $item) {
            if (is_object($item) && ($item->menu_id ?? '') === self::FEES && is_array($item->children ?? null)) {
                $item->children[] = $entry;
                return;
            }
        }
        $event->setMenu([...$menu, $entry]);
    }
}
