<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

use OpenEMR\Common\Session\SessionWrapperFactory;
use OpenEMR\Core\OEGlobalsBag;
use OpenEMR\Events\Encounter\EncounterFormsListRenderEvent;
use OpenEMR\Events\Encounter\EncounterMenuEvent;
use OpenEMR\Modules\MassageBilling\Module;

/** Where in core's pages the treatment log appears. Nothing is made before its event comes. */
final class Hooks
{
    /**
     * Event, what is done there, and who does it, for Bootstrap (which guards each).
     *
     * @return list<array{string, string, callable(object): ?object}>
     */
    public static function listeners(): array
    {
        return [
            [EncounterMenuEvent::MENU_RENDER, 'encounter menu', static fn(object $e) => self::menu($e)],
            [EncounterFormsListRenderEvent::EVENT_SECTION_RENDER_POST, 'log', static fn(object $e) => self::summary($e)],
        ];
    }

    private static function menu(EncounterMenuEvent $event): void
    {
        $session = SessionWrapperFactory::getInstance()->getActiveSession();
        $permission = new Permission(Module::get()->access());
        $visits = new Visits(Module::get()->database());
        (new Menu(
            self::page(),
            xl(...),
            static fn(): array => [(int) $session->get('pid'), (int) $session->get('encounter')],
            static function (int $pid, int $encounter) use ($visits, $permission): bool {
                $visit = $visits->find($pid, $encounter);
                return $visit !== null && $permission->mayRead($visit);
            }
        ))->add($event);
    }

    private static function summary(EncounterFormsListRenderEvent $event): void
    {
        if ($event->getAttendantType() !== 'pid') {
            return;
        }
        $module = Module::get();
        echo (new EncounterSummary(
            new Visits($module->database()),
            new LogStore($module->database(), $module->clock(), $module->audit()),
            new Choices($module->database()),
            new Permission($module->access()),
            self::page(),
            xl(...),
            oeFormatDateTime(...)
        ))->html((int) $event->getPid(), (int) $event->getEncounter());
    }

    private static function page(): string
    {
        $modules = '/interface/modules/custom_modules/';
        return OEGlobalsBag::getInstance()->getWebRoot() . $modules . basename(Module::folder()) . '/public/log.php';
    }
}
