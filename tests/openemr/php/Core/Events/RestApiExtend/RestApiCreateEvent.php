<?php

declare(strict_types=1);

namespace OpenEMR\Events\RestApiExtend;

use Symfony\Contracts\EventDispatcher\Event;

/** Core's event at which modules add routes. */
class RestApiCreateEvent extends Event
{
    public const EVENT_HANDLE = 'restConfig.route_map.create';

    public function __construct(private $route_map, private $fhir_route_map, private $portal_route_map, private $restRequest = null)
    {
    }

    public function getFHIRRouteMap()
    {
        return $this->fhir_route_map;
    }

    public function addToFHIRRouteMap($route, $action)
    {
        $this->fhir_route_map[$route] = $action;
    }
}
