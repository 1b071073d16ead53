<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Screens;

use OpenEMR\Menu\MenuEvent;
use OpenEMR\Modules\MassageBilling\Screens\MainMenu;

final class MainMenuTest extends ScreensTestCase
{
    public function testTheEntryIsUnderFeesForBillersAndTheFrontDesk(): void
    {
        $fees = (object) ['menu_id' => 'feeimg', 'children' => [(object) ['label' => 'Fee Sheet']]];
        $event = new MenuEvent([(object) ['menu_id' => 'cal0', 'children' => []], $fees]);
        (new MainMenu('/module/public/index.php', $this->words()))->add($event);
        self::assertCount(2, $event->getMenu());
        $entry = $fees->children[1];
        self::assertSame('Massage billing', $entry->label);
        self::assertSame('/module/public/index.php', $entry->url);
        self::assertSame([['acct', 'bill'], ['patients', 'appt']], $entry->acl_req);
    }

    public function testAClinicsOwnMenuWithoutFeesGetsItAtTheEnd(): void
    {
        $event = new MenuEvent([(object) ['menu_id' => 'cal0']]);
        (new MainMenu('/module/public/index.php', $this->words()))->add($event);
        self::assertSame('Massage billing', $event->getMenu()[1]->label);
    }
}
