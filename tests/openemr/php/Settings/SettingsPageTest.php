<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Settings;

use OpenEMR\Modules\MassageBilling\Install\SelfCheck;
use OpenEMR\Modules\MassageBilling\Screens\PageRequest;
use OpenEMR\Modules\MassageBilling\Screens\PageResult;
use OpenEMR\Modules\MassageBilling\Screens\Templates;
use OpenEMR\Modules\MassageBilling\Settings\Activity;
use OpenEMR\Modules\MassageBilling\Settings\Checks;
use OpenEMR\Modules\MassageBilling\Settings\ClientScopes;
use OpenEMR\Modules\MassageBilling\Settings\OAuthClient;
use OpenEMR\Modules\MassageBilling\Settings\Service;
use OpenEMR\Modules\MassageBilling\Settings\SettingsPage;
use OpenEMR\Modules\MassageBilling\Settings\Site;
use OpenEMR\Modules\MassageBilling\Settings\Store;
use OpenEMR\Modules\MassageBilling\Settings\Trigger;
use OpenEMR\Modules\MassageBilling\Tests\Screens\SetCsrf;
use OpenEMR\Modules\MassageBilling\Tests\Screens\SetService;
use OpenEMR\Modules\MassageBilling\Tests\Support\ModuleTestCase;
use OpenEMR\Modules\MassageBilling\Tests\Support\SetAccess;
use OpenEMR\Modules\MassageBilling\Tests\Support\TestDatabase;

final class SettingsPageTest extends ModuleTestCase
{
    private const ADMINISTRATOR = ['admin/super'];
    private const TOKEN = 'a-token-of-the-service';

    private SetService $network;
    private SetRegistry $registry;
    private Store $store;

    /** @var array<string, string> core's globals */
    private array $globals = [
        'rest_fhir_api' => '1', 'rest_system_scopes_api' => '1', 'site_addr_oath' => 'https://ehr.example',
    ];

    protected function setUp(): void
    {
        TestDatabase::pdo()->exec(
            'CREATE TABLE IF NOT EXISTS version (v_major int, v_minor int, v_patch int, v_tag varchar(31))'
        );
        parent::setUp();
        $this->clinic->add('version', ['v_major' => 8, 'v_minor' => 2, 'v_patch' => 0, 'v_tag' => '-dev']);
        $this->network = new SetService();
        $this->network->names['ehr.example'] = ['203.0.113.9'];
        $this->registry = new SetRegistry();
        $this->store = new Store($this->database, $this->network);
    }

    public function testItIsForAdministratorsOnly(): void
    {
        foreach ([[], ['admin/manage_modules'], ['acct/bill', 'patients/appt']] as $rights) {
            self::assertSame(403, $this->get([], $rights)->status);
            self::assertSame(403, $this->post(['action' => 'register'], $rights)->status);
            self::assertSame(403, $this->post(['action' => 'removal', 'data' => 'remove'], $rights)->status);
        }
        self::assertSame([], $this->registry->clients);
        self::assertFalse($this->store->removesData());
    }

    public function testNoFormWorksWithoutTheSessionsToken(): void
    {
        $this->store->keepService('http://127.0.0.1:8711');
        $this->store->keepToken(self::TOKEN);
        foreach (['register', 'forget-client', 'test', 'service', 'run', 'trigger', 'workbench', 'removal'] as $action) {
            $form = ['action' => $action, 'data' => 'remove', 'on' => 'yes', 'confirm' => 'yes', 'key' => 'own', 'csrf_token' => 'wrong'];
            self::assertSame(403, $this->post($form)->status, $action);
        }
        self::assertSame([[], []], [$this->registry->clients, $this->network->sent]);
        self::assertSame('http://127.0.0.1:8711', $this->store->service());
        self::assertFalse($this->store->removesData());
        self::assertFalse($this->store->trigger());
    }

    public function testEveryFormOfThePageCarriesTheToken(): void
    {
        $this->fullySetUp();
        $html = $this->get()->html;
        self::assertGreaterThan(5, substr_count($html, '<form method="post"'));
        self::assertSame(substr_count($html, '<form '), substr_count($html, 'name="csrf_token" value="right-token"'));
        self::assertSame(substr_count($html, '<form '), substr_count($html, 'method="post"'));
    }

    public function testRegisteringMakesADisabledClientWithExactlyTheScopesThatAreNeeded(): void
    {
        $result = $this->post(['action' => 'register', 'key' => 'new']);
        self::assertSame(200, $result->status);
        $client = $this->registry->clients['client-1']['client'];
        self::assertSame(ClientScopes::needed(), $client->scopes);
        self::assertFalse($client->enabled);
        self::assertSame('client-1', $this->store->client());
        self::assertSame(['massage-billing-client'], array_column($this->audit->notes, 'event'));
        $said = $this->said();
        self::assertStringContainsString('not enabled yet', $said);
        self::assertStringContainsString('patients: name, birth date', $said);
    }

    public function testThePrivateKeyIsShownOnceAndKeptNowhere(): void
    {
        $html = $this->post(['action' => 'register', 'key' => 'new'])->html;
        self::assertMatchesRegularExpression('/-----BEGIN PRIVATE KEY-----/', $html);
        preg_match('#data:application/x-pem-file;base64,([A-Za-z0-9+/=]+)#', html_entity_decode($html), $found);
        $private = openssl_pkey_get_private((string) base64_decode($found[1]));
        self::assertNotFalse($private);
        $kept = $this->everythingKept() . $this->registry->clients['client-1']['jwks'] . json_encode($this->audit->notes);
        self::assertStringNotContainsString('PRIVATE', $kept);
        $details = openssl_pkey_get_details($private);
        self::assertStringNotContainsString(rtrim(strtr(base64_encode($details['rsa']['d']), '+/', '-_'), '='), $kept);
        self::assertStringNotContainsString('PRIVATE KEY-----', $this->get()->html);
    }

    public function testTheSettingsOfThePythonSideAreReadyToBePasted(): void
    {
        $html = html_entity_decode($this->post(['action' => 'register', 'key' => 'new'])->html);
        foreach (['kind: openemr', 'url: "https://ehr.example/apis/default/fhir"', 'client_id: "client-1"', 'algorithm: RS384',
                     'token_url: "https://ehr.example/oauth2/default/token"', '- "system/Claim.crus"',
                     'key_file: "massage-billing-private-key.pem"', 'key_id: "'] as $line) {
            self::assertStringContainsString($line, $html);
        }
    }

    public function testAClinicsOwnKeyIsRegisteredAndNoneIsMade(): void
    {
        $key = ['kty' => 'RSA', 'kid' => 'clinic-1', 'n' => str_repeat('_wAB', 128), 'e' => 'AQAB'];
        $html = $this->post(['action' => 'register', 'key' => 'own', 'jwks' => json_encode(['keys' => [$key]])])->html;
        self::assertStringNotContainsString('PRIVATE KEY', $html);
        self::assertSame('clinic-1', $this->registry->clients['client-1']['client']->kid);
    }

    public function testAPastedPrivateKeyIsRefusedAndNotShownAgain(): void
    {
        $key = ['kty' => 'RSA', 'n' => str_repeat('_wAB', 128), 'e' => 'AQAB', 'd' => 'c2VjcmV0LXBhcnQ'];
        $result = $this->post(['action' => 'register', 'key' => 'own', 'jwks' => json_encode($key)]);
        self::assertSame(400, $result->status);
        self::assertStringContainsString('private key', $result->html);
        self::assertStringNotContainsString('c2VjcmV0LXBhcnQ', $result->html . $this->everythingKept());
        self::assertSame([], $this->registry->clients);
    }

    public function testASecondRegistrationHasToBeConfirmedAndLeavesOneClient(): void
    {
        $this->register();
        $this->registry->set('client-1', true);
        $result = $this->register();
        self::assertSame(400, $result->status);
        self::assertSame(['client-1'], array_keys($this->registry->clients));
        $this->register(['replace' => 'yes']);
        self::assertSame(['client-2'], array_keys($this->registry->clients));
        self::assertSame('client-2', $this->store->client());
    }

    public function testAClientOfAnEarlierInstallationIsShownAndReplacedToo(): void
    {
        $this->registry->register(OAuthClient::NAME, ['system/*.cruds'], '{"keys": [{"kid": "old"}]}');
        $this->registry->set('client-1', true);
        self::assertStringContainsString('client-1', $this->said());
        self::assertSame(400, $this->register()->status);
        $this->register(['replace' => 'yes']);
        self::assertSame(['client-2'], array_keys($this->registry->clients));
    }

    public function testAClientThatSomebodyRemovedIsNotShownAsIfItWereThere(): void
    {
        $this->register();
        $this->registry->remove('client-1');
        self::assertStringContainsString('Register the client', $this->said());
    }

    public function testAClientWithOtherScopesThanAreNeededIsToldApart(): void
    {
        $id = $this->registry->register(OAuthClient::NAME, ['openid', 'system/Patient.cruds'], '{"keys": [{"kid": "x"}]}');
        $this->store->keepClient($id);
        $said = $this->said();
        self::assertStringContainsString('It lacks what this release needs', $said);
        self::assertStringContainsString('It may more than this release needs; register it again: <code>system/Patient.cruds', $said);
    }

    public function testRemovingTheClientHasToBeConfirmed(): void
    {
        $this->register();
        self::assertSame(400, $this->post(['action' => 'forget-client'])->status);
        self::assertCount(1, $this->registry->clients);
        self::assertSame(303, $this->post(['action' => 'forget-client', 'confirm' => 'yes'])->status);
        self::assertSame([], $this->registry->clients);
    }

    /** @dataProvider missing */
    public function testWhatIsMissingIsSaidAndNothingIsRegisteredUntilThen(string $global, string $value, string $said): void
    {
        $this->globals[$global] = $value;
        self::assertStringContainsString($said, $this->said());
        self::assertStringContainsString('type="submit" disabled', $this->said());
        self::assertSame(400, $this->register()->status);
        self::assertSame([], $this->registry->clients);
    }

    /** @return array<string, array{string, string, string}> */
    public static function missing(): array
    {
        return [
            'FHIR API' => ['rest_fhir_api', '0', 'Enable OpenEMR Standard FHIR REST API'],
            'system scopes' => ['rest_system_scopes_api', '', 'Enable OpenEMR FHIR System Scopes'],
            'site address' => ['site_addr_oath', '', 'Site Address'],
            'site address without scheme' => ['site_addr_oath', 'ehr.example', 'Site Address'],
        ];
    }

    public function testScopesThatOpenEmrDoesNotKnowAreNamed(): void
    {
        $this->registry->unknown = ['system/Claim.crus'];
        $result = $this->register();
        self::assertSame(400, $result->status);
        self::assertStringContainsString('does not know system/Claim.crus', $result->html);
    }

    public function testTheConnectionIsTestedOverTheNetwork(): void
    {
        $this->network->status = 200;
        $this->network->body = '{"rest": [{"resource": [{"type": "Claim", "interaction": [{"code": "create"}]}]}]}';
        $said = $this->text($this->post(['action' => 'test'])->html);
        self::assertSame('https://ehr.example/apis/default/fhir/metadata', $this->network->sent[0]['url']);
        self::assertStringContainsString('It answers, and takes claims.', $said);
        $this->network->body = '{"rest": [{"resource": [{"type": "Patient"}]}]}';
        self::assertStringContainsString('does not say that it takes claims', $this->text($this->post(['action' => 'test'])->html));
        $this->network->reachable = false;
        self::assertStringContainsString('no answer within 5 seconds', $this->text($this->post(['action' => 'test'])->html));
    }

    public function testWhatTheServiceLastDidIsShownEscaped(): void
    {
        $this->store->keepService('http://127.0.0.1:8711');
        $this->network->status = 200;
        $this->network->body = '{"status": "ok", "version": "0.1.0", "rest": [], "jobs": {"run": {"job": "run", "state": "done",'
            . ' "ended": "2026-12-01T17:01:00Z", "counts": {"claims": 3}, "problems": ["<script>"]}}}';
        $said = $this->text($this->post(['action' => 'test'])->html);
        self::assertStringContainsString('massage-billing 0.1.0', $said);
        self::assertStringContainsString('done 2026-12-01 09:01; claims 3; &lt;script&gt;', $said);
    }

    public function testTheServicesTokenIsNeverShownAgain(): void
    {
        $this->post(['action' => 'service', 'url' => 'http://127.0.0.1:8711', 'token' => self::TOKEN]);
        self::assertSame(self::TOKEN, $this->store->token());
        $shown = $this->get()->html . $this->post(['action' => 'test'])->html . $this->post(['action' => 'run'])->html;
        self::assertStringNotContainsString(self::TOKEN, $shown);
        self::assertStringNotContainsString(self::TOKEN, $this->everythingKept() . json_encode($this->audit->notes));
        self::assertStringContainsString('one is kept', $this->said());
    }

    public function testATokenIsNeverSentToAnotherAddressThanItWasEnteredFor(): void
    {
        $this->post(['action' => 'service', 'url' => 'http://127.0.0.1:8711', 'token' => self::TOKEN]);
        $this->post(['action' => 'service', 'url' => 'http://service.example:8711', 'token' => '']);
        self::assertSame(['http://service.example:8711', ''], [$this->store->service(), $this->store->token()]);
        self::assertSame(400, $this->post(['action' => 'run'])->status);
        self::assertSame([], $this->network->sent);
    }

    public function testASavedServiceWithoutANewTokenKeepsItsOwn(): void
    {
        $this->post(['action' => 'service', 'url' => 'http://127.0.0.1:8711', 'token' => self::TOKEN]);
        $this->post(['action' => 'service', 'url' => 'http://127.0.0.1:8711/', 'token' => '']);
        self::assertSame(self::TOKEN, $this->store->token());
    }

    public function testAnAddressThatMayNotBeAskedIsNotKept(): void
    {
        foreach (['file:///etc/passwd', 'http://169.254.169.254', 'http://ehr.example', 'http://a:b@127.0.0.1'] as $url) {
            self::assertSame(400, $this->post(['action' => 'service', 'url' => $url, 'token' => self::TOKEN])->status, $url);
        }
        foreach (['short', "sixteen characters\r\nX-Evil: yes", 'with blanks in its middle'] as $token) {
            self::assertSame(400, $this->post(['action' => 'service', 'url' => 'http://127.0.0.1', 'token' => $token])->status);
        }
        self::assertSame(['', ''], [$this->store->service(), $this->store->token()]);
    }

    public function testTheWorkbenchsAddressIsALinkAndNothingElse(): void
    {
        foreach (['https://billing.example.org', 'https://billing.example.org:8443/', 'http://127.0.0.1:8711', ''] as $url) {
            self::assertSame(303, $this->post(['action' => 'workbench', 'url' => $url])->status, $url);
            self::assertSame(rtrim($url, '/'), $this->store->workbench());
        }
        $odd = ['javascript:alert(1)', 'http://billing.example.org', 'https://a/b', 'https://a@b', 'https://"><script>', '//x'];
        foreach ($odd as $url) {
            self::assertSame(400, $this->post(['action' => 'workbench', 'url' => $url])->status, $url);
            self::assertSame('', $this->store->workbench());
        }
        self::assertSame([], $this->network->sent);
    }

    public function testTheBackgroundRunIsOffUntilItIsWantedAndGoesWithTheService(): void
    {
        $trigger = new Trigger($this->database);
        self::assertFalse($trigger->there());
        self::assertSame(400, $this->post(['action' => 'trigger', 'on' => 'yes'])->status);
        $this->post(['action' => 'service', 'url' => 'http://127.0.0.1:8711', 'token' => self::TOKEN]);
        self::assertFalse($trigger->there());
        $this->post(['action' => 'trigger', 'on' => 'yes']);
        $this->post(['action' => 'trigger', 'on' => 'yes']);
        $rows = $this->database->rows('SELECT * FROM background_services');
        self::assertCount(1, $rows);
        self::assertSame(['1', '60'], [$rows[0]['active'], $rows[0]['execute_interval']]);
        self::assertFileExists(MODULE . str_replace('/interface/modules/custom_modules/oe-module-massage-billing', '', (string) $rows[0]['require_once']));
        $this->post(['action' => 'service', 'url' => '']);
        self::assertFalse($trigger->there());
        self::assertSame('', $this->store->token());
    }

    public function testDataStaysUnlessTheClinicChoosesOtherwise(): void
    {
        self::assertFalse($this->store->removesData());
        $this->post(['action' => 'removal', 'data' => 'remove']);
        self::assertTrue($this->store->removesData());
        $this->post(['action' => 'removal', 'data' => 'keep']);
        self::assertFalse($this->store->removesData());
    }

    public function testWhatThePythonSideDidIsShown(): void
    {
        $this->database->change(
            "INSERT INTO massage_billing_resource VALUES ('a', 'Claim', 1, '2026-12-01 17:30:00', 'active', NULL, NULL, '{}'),
             ('b', 'Claim', 1, '2026-12-01 07:30:00', 'active', NULL, NULL, '{}')"
        );
        self::assertStringContainsString('<td>Claim</td><td>2026-12-01 09:30</td><td>1</td>', $this->said());
        self::assertStringContainsString('<td>Provenance</td><td>nothing yet</td><td>0</td>', $this->said());
    }

    public function testAnUnknownActionAndAStrangeDoneDoNothing(): void
    {
        self::assertSame(400, $this->post(['action' => 'drop'])->status);
        self::assertStringNotContainsString('alert(1)', $this->get(['done' => '<script>alert(1)</script>'])->html);
    }

    private function fullySetUp(): void
    {
        $this->register();
        $this->post(['action' => 'service', 'url' => 'http://127.0.0.1:8711', 'token' => self::TOKEN]);
    }

    /** @param array<string, string> $more */
    private function register(array $more = []): PageResult
    {
        $key = ['kty' => 'RSA', 'n' => str_repeat('_wAB', 128), 'e' => 'AQAB'];
        return $this->post(['action' => 'register', 'key' => 'own', 'jwks' => json_encode($key)] + $more);
    }

    private function everythingKept(): string
    {
        $kept = '';
        foreach (TestDatabase::pdo()->query('SHOW TABLES')->fetchAll(\PDO::FETCH_COLUMN) as $table) {
            $kept .= serialize($this->database->rows("SELECT * FROM `$table`"));
        }
        return $kept;
    }

    private function said(): string
    {
        return $this->text($this->get()->html);
    }

    private function text(string $html): string
    {
        return (string) preg_replace('/\s+/', ' ', $html);
    }

    /**
     * @param array<string, string> $query
     * @param list<string> $rights
     */
    private function get(array $query = [], array $rights = self::ADMINISTRATOR): PageResult
    {
        return $this->page($rights)->answer(new PageRequest(false, $query));
    }

    /**
     * @param array<string, string> $form
     * @param list<string> $rights
     */
    private function post(array $form, array $rights = self::ADMINISTRATOR): PageResult
    {
        return $this->page($rights)->answer(new PageRequest(true, [], $form + ['csrf_token' => 'right-token']));
    }

    /** @param list<string> $rights */
    private function page(array $rights): SettingsPage
    {
        $same = static fn(string $text): string => $text;
        $global = fn(string $name): string => $this->globals[$name] ?? '';
        $service = new Service($this->store, $this->network, $this->network);
        return new SettingsPage(
            new SetAccess($rights),
            new SetCsrf(),
            $this->audit,
            new Templates(MODULE . '/templates', $same, $same),
            $this->store,
            new OAuthClient($this->registry, $this->store, $this->database, $this->audit),
            new Checks($global, $this->network, $this->network),
            $service,
            $this->network,
            new Trigger($this->database),
            new Activity($this->database, $this->clock),
            new SelfCheck($this->database, SelfCheck::read()),
            new Site(
                'https://ehr.example/apis/default/fhir',
                'https://ehr.example/oauth2/default/token',
                '/module/public/settings.php',
                '/interface/smart/admin-client.php',
                '/interface/super/edit_globals.php',
                '/interface/modules/custom_modules/oe-module-massage-billing',
                'America/Boise',
                static fn(): string => '<meta charset="utf-8">'
            )
        );
    }
}
