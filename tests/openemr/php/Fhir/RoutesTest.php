<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Fhir;

use OpenEMR\Common\Http\HttpRestRequest;
use OpenEMR\Common\Logging\SystemLogger;
use OpenEMR\Events\RestApiExtend\RestApiCreateEvent;
use OpenEMR\Events\RestApiExtend\RestApiScopeEvent;
use OpenEMR\Modules\MassageBilling\Core\Access;
use OpenEMR\Modules\MassageBilling\Fhir\Metadata;
use OpenEMR\Modules\MassageBilling\Fhir\Number;
use OpenEMR\Modules\MassageBilling\Fhir\Page;
use OpenEMR\Modules\MassageBilling\Fhir\Query;
use OpenEMR\Modules\MassageBilling\Fhir\Rest;
use OpenEMR\Modules\MassageBilling\Fhir\Routes;
use OpenEMR\Modules\MassageBilling\Fhir\Scopes;
use OpenEMR\Modules\MassageBilling\Fhir\Source;
use OpenEMR\Modules\MassageBilling\Tests\Support\SetAccess;
use Symfony\Component\HttpFoundation\Response;

/** FHIR's HTTP as a client sees it, through the routes that core calls. */
final class RoutesTest extends FhirTestCase
{
    private const BILLER = ['acct/bill', 'acct/bill/write'];

    private Access $access;

    protected function setUp(): void
    {
        parent::setUp();
        $this->access = new SetAccess(self::BILLER);
    }

    // --- writing -----------------------------------------------------------------------------------------------------

    public function testAClaimIsCreatedReadChangedAndItsVersionsRead(): void
    {
        $body = str_replace('"use":"claim"', '"use":"claim","total":{"value":12.50,"currency":"USD"}',
            (string) json_encode($this->claim()));
        $created = $this->ask('POST', 'Claim', $body);
        self::assertSame(201, $created->getStatusCode(), (string) $created->getContent());
        $json = json_decode((string) $created->getContent(), true);
        self::assertSame('W/"1"', $created->headers->get('ETag'));
        self::assertSame(self::BASE . "/Claim/{$json['id']}/_history/1", $created->headers->get('Location'));
        self::assertSame('Tue, 01 Dec 2026 18:00:00 GMT', $created->headers->get('Last-Modified'));
        self::assertSame('application/fhir+json', $created->headers->get('Content-Type'));
        self::assertStringContainsString('"value":12.50', (string) $created->getContent());
        self::assertSame(['1', '2026-12-01T18:00:00.000Z'], [$json['meta']['versionId'], $json['meta']['lastUpdated']]);
        self::assertSame($this->patient['pid'], $this->audit->notes[0]['pid']);

        $read = $this->ask('GET', "Claim/{$json['id']}");
        self::assertSame([200, $created->getContent()], [$read->getStatusCode(), $read->getContent()]);
        self::assertSame('W/"1"', $read->headers->get('ETag'));
        $same = $this->ask('GET', "Claim/{$json['id']}", '', ['If-None-Match' => 'W/"1"']);
        self::assertSame([304, ''], [$same->getStatusCode(), $same->getContent()]);

        $json['status'] = 'cancelled';
        $changed = $this->ask('PUT', "Claim/{$json['id']}", (string) json_encode($json), ['If-Match' => 'W/"1"']);
        self::assertSame([200, 'W/"2"'], [$changed->getStatusCode(), $changed->headers->get('ETag')]);
        $late = $this->ask('PUT', "Claim/{$json['id']}", $body, ['If-Match' => 'W/"1"']);
        self::assertSame(400, $late->getStatusCode()); // it has no id
        $json['status'] = 'active';
        foreach (['W/"1"' => 412, '"1"' => 412, 'W/"x"' => 412, 'W/"1", W/"2"' => 412, 'W/"2-gzip"' => 200,
            '*' => 200] as $tag => $status) {
            $json['disposition'] = $tag;
            $answer = $this->ask('PUT', "Claim/{$json['id']}", (string) json_encode($json), ['If-Match' => $tag]);
            self::assertSame($status, $answer->getStatusCode(), $tag);
        }
        self::assertSame($created->getContent(), $this->ask('GET', "Claim/{$json['id']}/_history/1")->getContent());
        foreach (['9', '0', 'x'] as $version) {
            self::assertOutcome(404, $this->ask('GET', "Claim/{$json['id']}/_history/$version"));
        }
    }

    public function testAConditionalCreateTellsWhatIsThere(): void
    {
        $key = 'identifier=' . rawurlencode('https://massage-billing.org/fhir/sid/claim-key|K1');
        $body = (string) json_encode($this->claim('K1'));
        $first = $this->ask('POST', 'Claim', $body, ['If-None-Exist' => $key]);
        $second = $this->ask('POST', 'Claim', $body, ['If-None-Exist' => $key]);
        self::assertSame([201, 200], [$first->getStatusCode(), $second->getStatusCode()]);
        self::assertSame($first->getContent(), $second->getContent());
        self::assertSame($first->headers->get('Location'), $second->headers->get('Location'));
        self::assertOutcome(400, $this->ask('POST', 'Claim', $body, ['If-None-Exist' => 'colour=blue']));
        $this->ask('POST', 'Claim', $body);
        self::assertOutcome(412, $this->ask('POST', 'Claim', $body, ['If-None-Exist' => $key]));
    }

    public function testWhatComesBackIsAsPreferred(): void
    {
        $minimal = $this->ask('POST', 'Task', (string) json_encode($this->task()), ['Prefer' => 'return=minimal']);
        self::assertSame([201, ''], [$minimal->getStatusCode(), $minimal->getContent()]);
        self::assertNotNull($minimal->headers->get('Location'));
        $outcome = $this->ask('POST', 'Task', (string) json_encode($this->task()),
            ['Prefer' => 'handling=strict; return=OperationOutcome']);
        self::assertOutcome(201, $outcome);
    }

    public function testWhatCannotBeTakenIsAnsweredWithAnOutcome(): void
    {
        $task = (string) json_encode($this->task());
        self::assertOutcome(400, $this->ask('POST', 'Task', '{"resourceType":'));
        self::assertOutcome(400, $this->ask('POST', 'Claim', $task));
        self::assertOutcome(400, $this->ask('POST', 'Task', '{"resourceType":"Task"}'));
        self::assertOutcome(415, $this->ask('POST', 'Task', $task, ['Content-Type' => 'application/fhir+xml']));
        self::assertOutcome(415, $this->ask('POST', 'Task', $task, ['Content-Encoding' => 'gzip']));
        self::assertOutcome(406, $this->ask('POST', 'Task', $task, ['Accept' => 'application/fhir+xml']));
        self::assertOutcome(413, $this->ask('POST', 'Task', '{"resourceType":"Task","x":"' . str_repeat('a', 2097152)
            . '"}'));
        self::assertOutcome(413, $this->ask('POST', 'Task', '{}', ['Content-Length' => '99999999']));
        $id = $this->clinic->uuid();
        $put = $this->ask('PUT', "Task/$id", (string) json_encode($this->task('T', ['id' => $id])));
        self::assertOutcome(405, $put);
        self::assertSame('GET', $put->headers->get('Allow'));
        $outcome = self::assertOutcome(422, $this->ask('POST', 'Task', (string) json_encode(
            $this->task('T', ['focus' => ['reference' => "Encounter/$id"]])
        )));
        self::assertSame(['Task.focus'], $outcome['issue'][0]['expression']);
        self::assertSame([], $this->store->find('Task', []));
    }

    // --- searching ---------------------------------------------------------------------------------------------------

    public function testASearchIsABundleWithLinksThatLeadToItsEnd(): void
    {
        foreach (range(1, 5) as $n) {
            $this->store->create('Task', $this->task("T$n"));
        }
        $query = 'status=requested,ready&_lastUpdated=ge2026-12-01T10%3A00%3A00-08%3A00&_lastUpdated=lt2027&_count=2';
        $bundle = self::json($this->ask('GET', "Task?$query"));
        self::assertSame(['Bundle', 'searchset'], [$bundle['resourceType'], $bundle['type']]);
        self::assertSame('2026-12-01T18:00:00.000Z', $bundle['meta']['lastUpdated']);
        self::assertArrayNotHasKey('total', $bundle);
        self::assertSame('match', $bundle['entry'][0]['search']['mode']);
        self::assertSame(self::BASE . "/Task/{$bundle['entry'][0]['resource']['id']}", $bundle['entry'][0]['fullUrl']);
        self::assertSame('self', $bundle['link'][0]['relation']);
        self::assertStringContainsString('_lastUpdated=lt2027', $bundle['link'][0]['url']);
        $seen = [];
        for ($pages = 1; true; $pages++) {
            array_push($seen, ...array_column(array_column($bundle['entry'], 'resource'), 'id'));
            $next = array_column($bundle['link'], 'url', 'relation')['next'] ?? null;
            if ($next === null) {
                break;
            }
            self::assertStringStartsWith(self::BASE . '/Task?status=', $next);
            self::assertStringContainsString('_lastUpdated=ge', $next);
            $bundle = self::json($this->ask('GET', substr($next, strlen(self::BASE) + 1)));
        }
        self::assertSame(3, $pages);
        self::assertCount(5, array_unique($seen));
        self::assertSame(5, self::json($this->ask('GET', "Task?$query&_total=accurate"))['total']);
    }

    public function testAPostedSearchIsTheSameAndItsLongNextLinkIsShort(): void
    {
        foreach (range(1, 3) as $n) {
            $this->store->create('Task', $this->task("T$n"));
        }
        $ids = array_map(fn(): string => 'Encounter/' . $this->clinic->uuid(), range(1, 199));
        $form = http_build_query(['focus' => implode(',', [...$ids, "Encounter/{$this->visit['uuid']}"]),
            '_count' => '2']);
        $first = self::json($this->ask('SEARCH', 'Task?status=requested', $form));
        self::assertCount(2, $first['entry']);
        $next = array_column($first['link'], 'url', 'relation')['next'];
        self::assertLessThan(7500, strlen($next));
        $second = self::json($this->ask('GET', substr($next, strlen(self::BASE) + 1)));
        self::assertCount(1, $second['entry']);
        self::assertArrayNotHasKey('next', array_column($second['link'], 'url', 'relation'));
        self::assertOutcome(400, $this->ask('GET', 'Task?_page=xx'));
        self::assertOutcome(400, $this->ask('GET', 'Task?_page='
            . rtrim(strtr(base64_encode((string) gzdeflate(str_repeat('a', 9999999))), '+/', '-_'), '=')));
    }

    public function testAnUnknownParameterIsRefusedUnlessTheClientIsLenient(): void
    {
        $this->store->create('Task', $this->task());
        $outcome = self::assertOutcome(400, $this->ask('GET', 'Task?colour=blue'));
        self::assertStringContainsString('colour', $outcome['issue'][0]['diagnostics']);
        $bundle = self::json($this->ask('GET', 'Task?colour=blue&status=requested', '',
            ['Prefer' => 'handling=lenient']));
        self::assertSame(['match', 'outcome'], array_column(array_column($bundle['entry'], 'search'), 'mode'));
        self::assertStringNotContainsString('colour', $bundle['link'][0]['url']);
    }

    public function testWithoutTheServersOwnLineCoresParametersAreTaken(): void
    {
        $this->store->create('Task', $this->task());
        $request = $this->request('GET', 'Task?status=requested', '', []);
        putenv('QUERY_STRING=status=draft');
        self::assertCount(1, self::json($this->handle($request))['entry']);
    }

    // --- access ------------------------------------------------------------------------------------------------------

    public function testAUserNeedsTheRightOfBilling(): void
    {
        $this->store->create('Task', $this->task());
        $this->access = new SetAccess(['acct/bill']);
        self::assertSame(200, $this->ask('GET', 'Task')->getStatusCode());
        self::assertOutcome(403, $this->ask('POST', 'Task', (string) json_encode($this->task())));
        $this->access = new SetAccess([]);
        foreach (['users', 'system'] as $role) {
            $as = ['role' => $role];
            self::assertOutcome(403, $this->ask('GET', 'Task', '', [], $as));
            self::assertOutcome(403, $this->ask('GET', 'Task/1', '', [], $as));
            self::assertOutcome(403, $this->ask('POST', 'Task', (string) json_encode($this->task()), [], $as));
        }
    }

    public function testAPatientsTokenSeesThatPatientOnlyAndWritesNothing(): void
    {
        $other = $this->clinic->patient();
        $visit = $this->clinic->encounter($other['pid']);
        $mine = $this->store->create('Task', $this->task('mine'))->stored;
        $theirs = $this->store->create('Task', $this->task('theirs',
            ['for' => ['reference' => "Patient/{$other['uuid']}"],
            'focus' => ['reference' => "Encounter/{$visit['uuid']}"]]))->stored;
        $nobodys = $this->store->create('Task', ['resourceType' => 'Task', 'status' => 'draft',
            'intent' => 'order'])->stored;
        foreach ([['role' => 'patient', 'patient' => $this->patient['uuid']],
            ['role' => 'patient', 'patient' => strtoupper($this->patient['uuid']), 'bound' => false],
            ['role' => 'users', 'patient' => $this->patient['uuid'], 'bound' => true]] as $as) {
            self::assertSame(200, $this->ask('GET', "Task/$mine->id", '', [], $as)->getStatusCode());
            foreach ([$theirs, $nobodys] as $one) {
                self::assertOutcome(404, $this->ask('GET', "Task/$one->id", '', [], $as));
                self::assertOutcome(404, $this->ask('GET', "Task/$one->id/_history/1", '', [], $as));
                self::assertCount(0, self::json($this->ask('GET', "Task?_id=$one->id", '', [], $as))['entry'] ?? []);
            }
            $found = self::json($this->ask('GET', 'Task?_total=accurate', '', [], $as));
            self::assertSame([1, $mine->id], [$found['total'], $found['entry'][0]['resource']['id']]);
            $asked = self::json($this->ask('GET', "Task?patient={$other['uuid']}", '', [], $as));
            self::assertSame(0, $asked['total']);
            self::assertOutcome(403, $this->ask('POST', 'Task', (string) json_encode($this->task()), [], $as));
            self::assertOutcome(403, $this->ask('PUT', "Task/$mine->id", $mine->text, [], $as));
        }
        self::assertOutcome(403, $this->ask('GET', 'Task', '', [], ['role' => 'patient', 'patient' => '']));
        $this->access = new SetAccess([]);
        self::assertSame(200, $this->ask('GET', "Task/$mine->id", '', [], ['role' => 'patient',
            'patient' => $this->patient['uuid']])->getStatusCode());
        self::assertOutcome(403, $this->ask('GET', "Task/$mine->id", '', [], ['role' => 'users',
            'patient' => $this->patient['uuid'], 'bound' => true]));
    }

    public function testAScopeWithARestrictionOpensNothing(): void
    {
        $scope = static fn(array $constraints): object => new class ($constraints) {
            public function __construct(private array $constraints)
            {
            }

            public function getPermissions(): object
            {
                return $this;
            }

            public function getConstraints(): array
            {
                return $this->constraints;
            }
        };
        $some = $scope(['status' => 'ready']);
        self::assertOutcome(403, $this->ask('GET', 'Task', '', [], ['covering' => [$some]]));
        self::assertSame(200, $this->ask('GET', 'Task', '', [], ['covering' => [$some, $scope([])]])->getStatusCode());
    }

    public function testGuessedIdsAreNotThere(): void
    {
        foreach ([$this->clinic->uuid(), '1', "'--", $this->patient['uuid'], 'a:b'] as $id) {
            self::assertOutcome(404, $this->ask('GET', "Claim/$id"));
        }
    }

    // --- faults ------------------------------------------------------------------------------------------------------

    public function testAFaultOfOursTellsNothing(): void
    {
        SystemLogger::$lines = [];
        $this->store->create('Task', $this->task());
        $this->database->change("UPDATE massage_billing_resource SET json = '{\"broken'");
        $id = $this->database->value('SELECT id FROM massage_billing_resource');
        $this->access = new class implements Access {
            public function may(string $section, string $value, string $right = ''): bool
            {
                throw new \LogicException('Anna Muster, born 1980');
            }

            public function userId(): int
            {
                return 0;
            }

            public function userName(): string
            {
                return '';
            }

            public function group(): string
            {
                return '';
            }
        };
        $outcome = self::assertOutcome(500, $this->ask('GET', "Task/$id"));
        self::assertStringNotContainsString('Muster', (string) json_encode($outcome));
        self::assertCount(1, SystemLogger::$lines);
        self::assertStringNotContainsString('Muster', SystemLogger::$lines[0]);
    }

    // --- computed types, core's own routes ---------------------------------------------------------------------------

    public function testAComputedTypeIsReadAndSearchedOnly(): void
    {
        $routes = $this->routes();
        self::assertArrayNotHasKey('POST /fhir/ClaimResponse', $routes);
        $read = $this->ask('GET', 'ClaimResponse/mine');
        self::assertStringContainsString('"value":40.50', (string) $read->getContent());
        self::assertOutcome(404, $this->ask('GET', 'ClaimResponse/none'));
        $all = self::json($this->ask('GET', 'ClaimResponse?request=Claim/1'));
        self::assertCount(2, $all['entry']);
        self::assertOutcome(400, $this->ask('GET', 'ClaimResponse?outcome=complete'));
        $as = ['role' => 'patient', 'patient' => $this->patient['uuid']];
        self::assertCount(1, self::json($this->ask('GET', 'ClaimResponse', '', [], $as))['entry']);
        self::assertOutcome(404, $this->ask('GET', 'ClaimResponse/theirs', '', [], $as));
        $this->access = new SetAccess([]);
        self::assertOutcome(403, $this->ask('GET', 'ClaimResponse/mine'));
    }

    public function testCoresProvenancesAreStillCores(): void
    {
        foreach (['Provenance/Claim:1', 'Provenance/Patient-PSK-95e8', 'Provenance?_id=Patient-PSK-95e8'] as $path) {
            self::assertSame('core', $this->ask('GET', $path)->getContent());
        }
        self::assertOutcome(404, $this->ask('GET', 'Provenance/' . $this->clinic->uuid()));
        self::assertSame('Bundle', self::json($this->ask('GET', 'Provenance?_tag=s|c'))['resourceType']);
    }

    public function testTheRoutesOfOtherApisAreLeftAlone(): void
    {
        $event = new RestApiCreateEvent(['GET /api/version' => 'strval'], [], []);
        $this->ours()->register($event);
        self::assertSame([], $event->getFHIRRouteMap());
    }

    public function testTheCapabilityStatementIsCoresWithOursInIt(): void
    {
        $statement = self::json($this->handle($this->request('GET', 'metadata', '', [])));
        self::assertSame(['resourceType' => 'CapabilityStatement', 'status' => 'active'], array_slice($statement, 0,
            2));
        $types = array_column($statement['rest'][0]['resource'], null, 'type');
        self::assertSame(['Patient', 'Provenance', 'Procedure', 'Claim', 'CoverageEligibilityRequest',
            'CoverageEligibilityResponse', 'Task', 'ClaimResponse'], array_keys($types));
        self::assertSame(['type' => 'Patient', 'interaction' => [['code' => 'read']]], $types['Patient']);
        $claim = $types['Claim'];
        self::assertSame(['read', 'vread', 'search-type', 'create', 'update'], array_column($claim['interaction'],
            'code'));
        self::assertSame([true, 'versioned', false], [$claim['conditionalCreate'], $claim['versioning'],
            $claim['updateCreate']]);
        $parameters = array_column($claim['searchParam'], 'type', 'name');
        self::assertSame(['token', 'date', 'token', 'reference', 'reference', 'token'], [$parameters['_id'],
            $parameters['_lastUpdated'],
            $parameters['_tag'], $parameters['patient'], $parameters['encounter'], $parameters['use']]);
        self::assertSame(['read', 'vread', 'search-type', 'create', 'update'],
            array_column($types['Provenance']['interaction'], 'code'));
        self::assertContains('target', array_column($types['Provenance']['searchParam'], 'name'));
        self::assertSame(['read', 'search-type'], array_column($types['ClaimResponse']['interaction'], 'code'));
        self::assertSame(['patient', 'encounter'], array_column($types['Procedure']['searchParam'], 'name'));
        self::assertContains('https://massage-billing.org/fhir/StructureDefinition/visit-outlook',
            $types['Task']['supportedProfile']);
    }

    public function testAStatementThatCannotBeAddedToStaysCores(): void
    {
        foreach ([['resourceType' => 'CapabilityStatement'], ['rest' => [['resource' => 'none']]], "\xff"] as $odd) {
            $over = (new Metadata())->over(static fn(): mixed => $odd);
            self::assertSame($odd, $over());
        }
    }

    public function testScopesAreDeclaredOnceAndOnlyWhereTheyCount(): void
    {
        $event = (new RestApiScopeEvent())->setApiType('fhir')->setSystemScopesEnabled(true)
            ->setScopes(['patient/Provenance.read', 'openid']);
        Scopes::register($event);
        $scopes = $event->getScopes();
        foreach (['system/Claim.crus', 'system/Claim.read', 'system/Task.write', 'user/Provenance.crus',
            'patient/Task.rs',
            'system/ClaimResponse.rs', 'user/Consent.read', 'patient/ChargeItem.read'] as $scope) {
            self::assertContains($scope, $scopes);
        }
        self::assertSame($scopes, array_unique($scopes));
        self::assertSame([], preg_grep('~^patient/.*\.(write|c)~', $scopes));
        self::assertSame([], preg_grep('~(Claim|ClaimResponse|Consent|ChargeItem)\.cruds$~', $scopes));
        foreach (preg_grep('~/(Claim|Task|Provenance|Cov\w+s[et]\w*|ClaimResponse|ChargeItem|Consent)\.~',
            Scopes::needed()) ?: [] as $needed) {
            self::assertContains(str_replace('.crs', '.crus', $needed), $scopes); // core lets a part of it through
        }
        $standard = (new RestApiScopeEvent())->setApiType('standard')->setSystemScopesEnabled(true);
        Scopes::register($standard);
        self::assertSame([], $standard->getScopes());
        $without = (new RestApiScopeEvent())->setApiType('fhir');
        Scopes::register($without);
        self::assertSame([], preg_grep('~^system/~', $without->getScopes()));
    }

    // --- the doubles of core -----------------------------------------------------------------------------------------

    /** @return array<string, mixed> */
    private static function assertOutcome(int $status, Response $answer): array
    {
        self::assertSame($status, $answer->getStatusCode(), (string) $answer->getContent());
        self::assertSame('application/fhir+json', $answer->headers->get('Content-Type'));
        $json = json_decode((string) $answer->getContent(), true);
        self::assertSame('OperationOutcome', $json['resourceType']);
        self::assertArrayHasKey('code', $json['issue'][0]);
        return $json;
    }

    /** @return array<string, mixed> */
    private static function json(Response $answer): array
    {
        self::assertSame(200, $answer->getStatusCode(), (string) $answer->getContent());
        return json_decode((string) $answer->getContent(), true);
    }

    /**
     * @param array<string, string> $headers
     * @param array{role?: string, patient?: string, bound?: bool, covering?: list<object>} $as
     */
    private function ask(string $method, string $path, string $body = '', array $headers = [], array $as = []): Response
    {
        $request = $this->request($method, $path, $body, $headers);
        $request->setRequestUserRole($as['role'] ?? 'system');
        $request->setPatientUuidString($as['patient'] ?? null);
        $request->setPatientRequest($as['bound'] ?? isset($as['patient']));
        $request->covering = $as['covering'] ?? [];
        return $this->handle($request);
    }

    /** @param array<string, string> $headers */
    private function request(string $method, string $path, string $body, array $headers): HttpRestRequest
    {
        [$path, $query] = array_pad(explode('?', $path, 2), 2, '');
        $type = $method === 'SEARCH' ? 'application/x-www-form-urlencoded' : 'application/fhir+json';
        $server = ['PATH_INFO' => "/default/fhir/$path", 'REQUEST_METHOD' => $method === 'SEARCH' ? 'GET' : $method];
        parse_str($query, $get);
        if ($method === 'SEARCH') { // as core's SearchRequestNormalizer leaves it
            parse_str($body, $post);
            $get += $post;
        }
        // As mod_rewrite and core leave it: PHP's own line has the last of several only, the server's has all.
        putenv('QUERY_STRING=' . rtrim("_REWRITE_COMMAND=default/fhir/$path&$query", '&'));
        $request = new HttpRestRequest($get, [], [], [], [], $server + ['QUERY_STRING' => http_build_query($get)],
            $body);
        foreach (($body === '' ? [] : ['Content-Type' => $type]) as $name => $value) {
            $request->headers->set($name, $value);
        }
        foreach ($headers as $name => $value) {
            $request->headers->set($name, $value);
        }
        return $request;
    }

    /** Calls the route as core's HttpRestRouteHandler does: the first pattern that fits. */
    private function handle(HttpRestRequest $request): Response
    {
        $path = $request->getMethod() . substr((string) $request->server->get('PATH_INFO'), strlen('/default'));
        foreach ($this->routes() as $route => $action) {
            $pattern = preg_replace('/\\\:[a-zA-Z0-9\_\-]+/', '([a-zA-Z0-9\-\_\$\:\'=]+)', preg_quote(str_replace(' ',
                '', $route)));
            if (preg_match("@^$pattern$@D", $path, $found) === 1) {
                return $action(...array_slice($found, 1), ...[$request, new \stdClass()]);
            }
        }
        self::fail("No route fits $path.");
    }

    /** @return array<string, callable> */
    private function routes(): array
    {
        $core = static fn(): Response => new Response('core');
        $event = new RestApiCreateEvent([], [
            'GET /fhir/Provenance/:uuid' => $core,
            'GET /fhir/Provenance' => $core,
            'GET /fhir/metadata' => static fn(): array => ['resourceType' => 'CapabilityStatement',
                'status' => 'active',
                'rest' => [['mode' => 'server', 'resource' => [
                    ['type' => 'Patient', 'interaction' => [['code' => 'read']]],
                    ['type' => 'Provenance', 'interaction' => [['code' => 'read']]],
                    ['type' => 'Procedure', 'searchParam' => [['name' => 'patient', 'type' => 'reference']]],
                ]]]],
        ], []);
        $this->ours()->register($event);
        return $event->getFHIRRouteMap();
    }

    private function ours(): Routes
    {
        $source = $this->responses();
        $rest = new Rest($this->store, ['ClaimResponse' => $source], new TestBase(), $this->clock, $this->access,
            $this->audit);
        $metadata = new Metadata([$source], ['Procedure' => ['patient' => 'reference', 'encounter' => 'reference'],
            'Device' => ['x' => 'token']]);
        return new Routes($rest, $metadata, [$source]);
    }

    /** Two ClaimResponses, of the test's patient and of another. */
    private function responses(): Source
    {
        return new class ($this->patient['uuid']) implements Source {
            public function __construct(private string $patient)
            {
            }

            public function type(): string
            {
                return 'ClaimResponse';
            }

            public function read(string $id): ?array
            {
                $whose = ['mine' => $this->patient, 'theirs' => '00000000-0000-4000-8000-000000000000'][$id] ?? null;
                return $whose === null ? null : ['resourceType' => 'ClaimResponse', 'id' => $id,
                    'patient' => ['reference' => "Patient/$whose"],
                    'payment' => ['amount' => ['value' => new Number('40.50')]]];
            }

            public function search(Query $query): Page
            {
                return new Page([(array) $this->read('mine'), (array) $this->read('theirs')]);
            }

            public function parameters(): array
            {
                return ['patient' => 'reference', 'request' => 'reference'];
            }

            public function acl(): array
            {
                return ['acct', 'bill'];
            }
        };
    }
}
