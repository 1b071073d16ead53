<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

use OpenEMR\Common\Http\HttpRestRequest;
use OpenEMR\Events\RestApiExtend\RestApiCreateEvent;
use OpenEMR\Modules\MassageBilling\Boundary;
use OpenEMR\Modules\MassageBilling\Core\Clock;
use OpenEMR\Modules\MassageBilling\Fhir\Base;
use OpenEMR\Modules\MassageBilling\Fhir\Bundle;
use OpenEMR\Modules\MassageBilling\Fhir\Call;
use OpenEMR\Modules\MassageBilling\Fhir\Json;
use OpenEMR\Modules\MassageBilling\Fhir\Media;
use OpenEMR\Modules\MassageBilling\Fhir\OpenEmrCalls;
use OpenEMR\Modules\MassageBilling\Fhir\Outcome;
use OpenEMR\Modules\MassageBilling\Fhir\Reference;
use OpenEMR\Modules\MassageBilling\Fhir\Refused;
use OpenEMR\RestControllers\Config\RestConfig;
use Symfony\Component\HttpFoundation\Response;

/**
 * `GET /fhir/Procedure` and `GET /fhir/Procedure/:uuid` in the place of core's: core's Procedures and the logs'
 * together.
 *
 * Permissions are those of core's own two branches (apis/routes/_rest_routes_fhir_r4_us_core_3_1_0.inc.php): a request
 * bound to a patient sees that patient's; any other needs "patients|med". An id that is none of a log goes to core.
 */
final class Routes
{
    private const SEARCH = 'GET /fhir/Procedure';
    private const READ = 'GET /fhir/Procedure/:uuid';

    public function __construct(
        private readonly Procedures $procedures,
        private readonly Base $base,
        private readonly Clock $clock,
    ) {
    }

    public function add(RestApiCreateEvent $event): void
    {
        $routes = $event->getFHIRRouteMap();
        if (!is_array($routes) || !isset($routes[self::SEARCH], $routes[self::READ])) {
            return; // the event of another API, or a core whose routes are not those that are replaced here
        }
        $core = $routes[self::READ];
        $event->addToFHIRRouteMap(
            self::SEARCH,
            fn (HttpRestRequest $request): Response => $this->search($request)
        );
        $event->addToFHIRRouteMap(
            self::READ,
            fn (string $id, HttpRestRequest $request): mixed => $this->read($id, $request) ?? $core($id, $request)
        );
    }

    private function search(HttpRestRequest $request): Response
    {
        $this->permit($request);
        return $this->guarded('search', function () use ($request): Response {
            $call = OpenEmrCalls::read($request, 'Procedure');
            Media::accepts($call);
            $now = $this->clock->now();
            $url = $this->base->url();
            $asked = Asked::read(Bundle::unpacked($call->pairs), $url, $now);
            $patient = $call->caller->patient;
            $found = $this->procedures->search($patient === null ? $asked : $asked->of($patient));
            $cursor = $asked->query->cursor ?? '';
            $text = Bundle::text($url, 'Procedure', $found->page, $asked->pairs, $cursor, $now, []);
            return self::response(200, self::with($text, $found->about, $url));
        });
    }

    /** The Procedure of a log; null where the id is none of a log's rows. */
    private function read(string $id, HttpRestRequest $request): ?Response
    {
        $this->permit($request);
        return $this->guarded('read', function () use ($id, $request): ?Response {
            $id = Reference::id($id);
            $found = Reference::isUuid($id) ? $this->procedures->read($id) : null;
            if ($found === null) {
                return null;
            }
            $call = OpenEmrCalls::read($request, 'Procedure', $id);
            Media::accepts($call);
            $patient = $call->caller->patient;
            if ($patient !== null && ($found['subject']['reference'] ?? '') !== "Patient/$patient") {
                throw new Refused(404, 'not-found', "There is no Procedure/$id.");
            }
            return self::one($call, $found);
        });
    }

    /** Core's own check, which throws what core answers 403 to. */
    private function permit(HttpRestRequest $request): void
    {
        if (!$request->isPatientRequest()) {
            RestConfig::request_authorization_check($request, 'patients', 'med');
        }
    }

    private function guarded(string $what, callable $work): ?Response
    {
        try {
            return $work();
        } catch (Refused $refused) {
            $outcome = Outcome::of($refused);
        } catch (\Throwable $fault) {
            Boundary::log("Procedure $what", $fault);
            $outcome = Outcome::fault();
        }
        return self::response($outcome->status, $outcome->body, $outcome->headers);
    }

    /** @param array<string, mixed> $found */
    private static function one(Call $call, array $found): Response
    {
        $version = (int) $found['meta']['versionId'];
        $changed = new \DateTimeImmutable($found['meta']['lastUpdated']);
        $headers = [
            'ETag' => "W/\"$version\"",
            'Last-Modified' => $changed->setTimezone(new \DateTimeZone('GMT'))->format('D, d M Y H:i:s \G\M\T'),
        ];
        if ($call->version('if-none-match') === $version) {
            return new Response('', 304, $headers);
        }
        return self::response(200, Json::encode($found), $headers);
    }

    /**
     * A bundle with what stands beside its matches.
     *
     * @param list<array<string, mixed>> $about
     */
    private static function with(string $text, array $about, string $url): string
    {
        if ($about === []) {
            return $text;
        }
        $bundle = json_decode($text, false, 64, JSON_THROW_ON_ERROR);
        foreach ($about as $one) {
            $bundle->entry[] = [
                'fullUrl' => "$url/{$one['resourceType']}/{$one['id']}",
                'resource' => $one,
                'search' => ['mode' => 'include'],
            ];
        }
        return Json::encode($bundle);
    }

    /** @param array<string, string> $headers */
    private static function response(int $status, string $body, array $headers = []): Response
    {
        return new Response($body, $status, ['Content-Type' => Media::JSON] + $headers);
    }
}
