<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Procedure;

use OpenEMR\Common\Http\HttpRestRequest;
use OpenEMR\Events\RestApiExtend\RestApiCreateEvent;
use OpenEMR\Modules\MassageBilling\Procedure\Routes;
use OpenEMR\Modules\MassageBilling\Tests\Fhir\TestBase;
use OpenEMR\RestControllers\Config\RestConfig;
use Symfony\Component\HttpFoundation\Response;

/** The routes in the place of core's: the same permissions, whoever asks. */
final class RoutesTest extends ProcedureTestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        RestConfig::$rights = ['patients/med'];
    }

    /** @return array<string, callable> */
    private function routes(): array
    {
        $event = new RestApiCreateEvent([], [
            'GET /fhir/Procedure' => static fn (): string => 'core searched',
            'GET /fhir/Procedure/:uuid' => static fn (string $id): string => "core read $id",
        ], []);
        (new Routes($this->procedures(), new TestBase(), $this->clock))->add($event);
        return $event->getFHIRRouteMap();
    }

    private function request(string $query = '', ?string $patient = null): HttpRestRequest
    {
        $request = HttpRestRequest::create('/fhir/Procedure' . ($query === '' ? '' : "?$query"));
        $request->setPatientRequest($patient !== null);
        $request->setPatientUuidString($patient);
        return $request;
    }

    /** @return array{int, array<string, mixed>} */
    private function got(Response $response): array
    {
        return [$response->getStatusCode(), json_decode((string) $response->getContent(), true) ?? []];
    }

    public function testABundleHasCoresAndOursAndALinkToTheNextPage(): void
    {
        $core = $this->coreProcedure();
        $this->sign([$this->row(), $this->row(code: '97140')]);
        [$status, $bundle] = $this->got($this->routes()['GET /fhir/Procedure']($this->request('_count=2')));
        self::assertSame(200, $status);
        self::assertSame('searchset', $bundle['type']);
        self::assertSame($core['id'], $bundle['entry'][0]['resource']['id']);
        $next = array_column($bundle['link'], 'url', 'relation')['next'];
        $query = (string) parse_url($next, PHP_URL_QUERY);
        [, $bundle] = $this->got($this->routes()['GET /fhir/Procedure']($this->request($query)));
        self::assertCount(1, $bundle['entry']);
        self::assertNotContains('next', array_column($bundle['link'], 'relation'));
    }

    public function testAUserNeedsTheRightThatCoreAsksFor(): void
    {
        $row = $this->sign([$this->row()])->rows[0];
        RestConfig::$rights = ['acct/bill'];
        foreach ([
            fn (): mixed => $this->routes()['GET /fhir/Procedure']($this->request()),
            fn (): mixed => $this->routes()['GET /fhir/Procedure/:uuid']($row->uuid, $this->request()),
        ] as $ask) {
            try {
                $ask();
                self::fail('It was answered.');
            } catch (\RuntimeException $refused) {
                self::assertStringContainsString('Organization policy', $refused->getMessage());
            }
        }
    }

    public function testAPatientReadsTheirOwnOnlyAndNeedsNoRight(): void
    {
        RestConfig::$rights = [];
        $row = $this->sign([$this->row()])->rows[0];
        $read = $this->routes()['GET /fhir/Procedure/:uuid'];
        self::assertSame(200, $this->got($read($row->uuid, $this->request('', $this->patient['uuid'])))[0]);
        $other = $this->clinic->patient();
        [$status, $outcome] = $this->got($read($row->uuid, $this->request('', $other['uuid'])));
        self::assertSame([404, 'OperationOutcome'], [$status, $outcome['resourceType']]);
        $search = $this->routes()['GET /fhir/Procedure'];
        [, $bundle] = $this->got($search($this->request("patient={$this->patient['uuid']}", $other['uuid'])));
        self::assertArrayNotHasKey('entry', $bundle);
    }

    public function testAnIdThatIsNoneOfOursGoesToCore(): void
    {
        $read = $this->routes()['GET /fhir/Procedure/:uuid'];
        $id = $this->clinic->uuid();
        self::assertSame("core read $id", $read($id, $this->request()));
        self::assertSame('core read x', $read('x', $this->request()));
    }

    public function testAReadSaysItsVersion(): void
    {
        $row = $this->sign([$this->row()])->rows[0];
        $response = $this->routes()['GET /fhir/Procedure/:uuid']($row->uuid, $this->request());
        self::assertSame('W/"1"', $response->headers->get('ETag'));
        $again = $this->request();
        $again->headers->set('If-None-Match', 'W/"1"');
        self::assertSame(304, $this->routes()['GET /fhir/Procedure/:uuid']($row->uuid, $again)->getStatusCode());
    }

    public function testWhatIsWrongIsAnOutcome(): void
    {
        [$status, $outcome] = $this->got($this->routes()['GET /fhir/Procedure']($this->request('_include=x')));
        self::assertSame([400, 'OperationOutcome'], [$status, $outcome['resourceType']]);
        $this->database->change('RENAME TABLE massage_billing_log_row TO hidden_for_a_test');
        try {
            [$status, $outcome] = $this->got($this->routes()['GET /fhir/Procedure']($this->request()));
        } finally {
            $this->database->change('RENAME TABLE hidden_for_a_test TO massage_billing_log_row');
        }
        self::assertSame([500, 'OperationOutcome'], [$status, $outcome['resourceType']]);
        self::assertStringNotContainsString('massage_billing_log_row', json_encode($outcome) ?: '');
    }

    public function testTheEventOfAnotherApiIsLeftAlone(): void
    {
        $event = new RestApiCreateEvent([], [], []);
        (new Routes($this->procedures(), new TestBase(), $this->clock))->add($event);
        self::assertSame([], $event->getFHIRRouteMap());
    }
}
