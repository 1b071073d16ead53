<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

use OpenEMR\Events\RestApiExtend\RestApiCreateEvent;
use OpenEMR\Modules\MassageBilling\Fhir\OpenEmrBase;
use OpenEMR\Modules\MassageBilling\Fhir\Source;
use OpenEMR\Modules\MassageBilling\Log\Regions;
use OpenEMR\Modules\MassageBilling\Module;

/** Where in core's API the logs and fee-sheet rows appear. */
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
            [RestApiCreateEvent::EVENT_HANDLE, 'Procedure routes', static fn(object $e) => self::routes($e)],
        ];
    }

    /**
     * The types that are computed here.
     *
     * @return list<Source>
     */
    public static function sources(): array
    {
        $database = Module::get()->database();
        return [new ChargeItems($database, new OpenEmrIds()), new Consents($database, new OpenEmrIds())];
    }

    private static function routes(RestApiCreateEvent $event): void
    {
        $rows = new LogRows(Module::get()->database());
        $procedures = new Procedures(
            new FromCore(new OpenEmrCoreProcedures(), $rows),
            new OpenEmrIds(),
            $rows,
            new LogProcedure(new Regions())
        );
        (new Routes($procedures, new OpenEmrBase(), Module::get()->clock()))->add($event);
    }
}
