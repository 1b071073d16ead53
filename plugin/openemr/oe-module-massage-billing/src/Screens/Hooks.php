<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

use OpenEMR\Core\OEGlobalsBag;
use OpenEMR\Events\Appointments\AppointmentRenderEvent;
use OpenEMR\Events\Appointments\CalendarUserGetEventsFilter;
use OpenEMR\Events\Core\StyleFilterEvent;
use OpenEMR\Events\Core\TwigEnvironmentEvent;
use OpenEMR\Events\Encounter\EncounterFormsListRenderEvent;
use OpenEMR\Events\Patient\Summary\Card\SectionEvent;
use OpenEMR\Menu\MenuEvent;
use OpenEMR\Modules\MassageBilling\Log\Visits;
use OpenEMR\Modules\MassageBilling\Module;

/** Where in core's pages the screens appear. Nothing is made before its event comes. */
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
            [SectionEvent::EVENT_HANDLE, 'patient card', static fn(object $e) => self::card()->add($e)],
            [TwigEnvironmentEvent::EVENT_CREATED, 'card frame', PatientCard::templates(...)],
            [CalendarUserGetEventsFilter::EVENT_NAME, 'calendar', static fn(object $e) => self::calendar()->mark($e)],
            [StyleFilterEvent::EVENT_NAME, 'calendar style', static fn(object $e) => self::calendar()->style($e)],
            [AppointmentRenderEvent::RENDER_BELOW_PATIENT, 'appointment', static fn(object $e) => self::note($e)],
            [
                EncounterFormsListRenderEvent::EVENT_SECTION_RENDER_PRE,
                'banner',
                static fn(object $e) => self::banner($e),
            ],
            [MenuEvent::MENU_UPDATE, 'menu', static fn(object $e) => self::menu()->add($e)],
        ];
    }

    /** Where the module's pages are, from the web root. */
    public static function path(): string
    {
        return '/interface/modules/custom_modules/' . basename(Module::folder()) . '/public';
    }

    /** The same with the web root before it, for links. */
    public static function pages(): string
    {
        return OEGlobalsBag::getInstance()->getWebRoot() . self::path();
    }

    private static function menu(): MainMenu
    {
        return new MainMenu(self::path() . '/index.php', Words::ofCore());
    }

    private static function card(): PatientCard
    {
        $module = Module::get();
        return new PatientCard(
            $module->database(),
            $module->clock(),
            Words::ofCore(),
            PatientCard::patientOfSession(...),
            self::pages()
        );
    }

    private static function calendar(): CalendarMarks
    {
        $module = Module::get();
        return new CalendarMarks(
            $module->database(),
            $module->access(),
            $module->clock(),
            Words::ofCore(),
            self::pages() . '/assets'
        );
    }

    private static function note(AppointmentRenderEvent $event): void
    {
        $module = Module::get();
        (new AppointmentNote($module->database(), $module->access(), $module->clock(), Words::ofCore()))->show($event);
    }

    private static function banner(EncounterFormsListRenderEvent $event): void
    {
        $module = Module::get();
        (new EncounterBanner(
            $module->database(),
            $module->access(),
            new VisitAccess(new Visits($module->database()), $module->access()),
            Words::ofCore(),
            new OpenEmrCsrf(),
            self::pages()
        ))->show($event);
    }
}
