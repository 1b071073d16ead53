<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

use OpenEMR\Common\Http\HttpRestRequest;
use OpenEMR\Events\RestApiExtend\RestApiCreateEvent;
use Symfony\Component\HttpFoundation\Response;

/**
 * Our routes among core's FHIR routes (RestApiCreateEvent, told on every FHIR request).
 *
 * Core takes the first key that fits; a key that core has already is replaced in its place. A path parameter comes
 * first, then the request. Core makes a GET of a POST to `_search` before it looks for a route.
 */
final class Routes
{
    /** Core's own Provenances have ids made of a type and an id (FhirProvenanceService's surrogate keys). */
    private const PROVENANCE_OF_CORE = '/:|-PSK-/';

    /** @param list<Source> $computed */
    public function __construct(
        private readonly Rest $rest,
        private readonly Metadata $metadata,
        private readonly array $computed = []
    ) {
    }

    public function register(RestApiCreateEvent $event): void
    {
        $core = $event->getFHIRRouteMap();
        if (!is_array($core) || !isset($core['GET /fhir/metadata'])) {
            return; // the event of another API
        }
        foreach ($this->all() as $route => $action) {
            $event->addToFHIRRouteMap($route, $this->orCore($route, $action, $core[$route] ?? null));
        }
        $event->addToFHIRRouteMap('GET /fhir/metadata', $this->metadata->over($core['GET /fhir/metadata']));
    }

    /** @return array<string, callable> our routes by core's keys */
    private function all(): array
    {
        $routes = [];
        foreach (Types::all() as $type) {
            $routes += $this->reading($type);
            $routes["GET /fhir/$type/:uuid/_history/:vid"] =
                fn(string $id, string $version, HttpRestRequest $request): Response =>
                    $this->answer('vread', $request, $type, $id, $version);
            $routes["POST /fhir/$type"] = fn(HttpRestRequest $request): Response =>
                $this->answer('create', $request, $type, null, null, true);
            $routes["PUT /fhir/$type/:uuid"] = fn(string $id, HttpRestRequest $request): Response =>
                $this->answer('update', $request, $type, $id, null, true);
        }
        foreach ($this->computed as $source) {
            $routes += $this->reading($source->type());
        }
        return $routes;
    }

    /** @return array<string, callable> */
    private function reading(string $type): array
    {
        return [
            "GET /fhir/$type" => fn(HttpRestRequest $request): Response => $this->answer('search', $request, $type),
            "GET /fhir/$type/:uuid" => fn(string $id, HttpRestRequest $request): Response =>
                $this->answer('read', $request, $type, $id),
        ];
    }

    private function answer(
        string $interaction,
        HttpRestRequest $request,
        string $type,
        ?string $id = null,
        ?string $version = null,
        bool $body = false
    ): Response {
        $read = static fn(): Call => OpenEmrCalls::read($request, $type, $id, $version, $body);
        return self::response($this->rest->answer($interaction, $read));
    }

    /** Our answer, except to a question about what only core has. */
    private function orCore(string $route, callable $ours, ?callable $core): callable
    {
        if ($core === null || !str_starts_with($route, 'GET /fhir/Provenance')) {
            return $ours;
        }
        return static function (mixed ...$arguments) use ($ours, $core): mixed {
            $ids = is_string($arguments[0]) ? $arguments[0] : $arguments[0]->getQueryParams()['_id'] ?? '';
            $ofCore = is_string($ids) && preg_match(self::PROVENANCE_OF_CORE, $ids) === 1;
            return ($ofCore ? $core : $ours)(...$arguments);
        };
    }

    private static function response(Answer $answer): Response
    {
        $type = $answer->body === '' ? [] : ['Content-Type' => Media::JSON];
        return new Response($answer->body, $answer->status, $type + $answer->headers);
    }
}
