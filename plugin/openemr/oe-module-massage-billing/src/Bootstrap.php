<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling;

use OpenEMR\Events\RestApiExtend\RestApiCreateEvent;
use OpenEMR\Events\RestApiExtend\RestApiScopeEvent;
use OpenEMR\Modules\MassageBilling\Fhir\Scopes;
use Symfony\Component\EventDispatcher\EventDispatcherInterface;

/** Hooks the module into OpenEMR: which of core's events it listens to, and who answers them. */
final class Bootstrap
{
    /** Listen to core's events. Never throws. */
    public static function start(EventDispatcherInterface $events): void
    {
        Boundary::guard('start', static function () use ($events): void {
            foreach (self::listeners() as [$event, $where, $listener]) {
                $events->addListener($event, static fn(object $told): object =>
                    Boundary::guard($where, static fn(): object => $listener($told) ?? $told, $told));
            }
        });
    }

    /**
     * Each event, what is done there in a word for the log, and who does it.
     *
     * @return list<array{string, string, callable(object): ?object}>
     */
    private static function listeners(): array
    {
        return [
            [RestApiCreateEvent::EVENT_HANDLE, 'routes', static fn(object $e) => Module::get()->routes()->register($e)],
            [
                RestApiScopeEvent::EVENT_TYPE_GET_SUPPORTED_SCOPES,
                'scopes',
                static fn(object $e) => Scopes::register($e),
            ],
            ...Procedure\Hooks::listeners(),
            ...Log\Hooks::listeners(),
            ...Screens\Hooks::listeners(),
        ];
    }
}
