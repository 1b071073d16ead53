<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Install;

use OpenEMR\Modules\MassageBilling\Install\Lifecycle;
use OpenEMR\Modules\MassageBilling\Install\SelfCheck;
use OpenEMR\Modules\MassageBilling\Install\SqlFiles;
use OpenEMR\Modules\MassageBilling\Settings\JwkSet;
use OpenEMR\Modules\MassageBilling\Settings\OAuthClient;
use OpenEMR\Modules\MassageBilling\Settings\Store;
use OpenEMR\Modules\MassageBilling\Settings\Trigger;
use OpenEMR\Modules\MassageBilling\Tests\Screens\SetService;
use OpenEMR\Modules\MassageBilling\Tests\Settings\SetRegistry;
use OpenEMR\Modules\MassageBilling\Tests\Support\Installer;
use OpenEMR\Modules\MassageBilling\Tests\Support\ModuleTestCase;
use OpenEMR\Modules\MassageBilling\Tests\Support\TestDatabase;

/** Install, upgrade, enable, disable, remove: what is there afterwards. */
final class LifecycleTest extends ModuleTestCase
{
    private const PATH = '/interface/modules/custom_modules/oe-module-massage-billing';

    private SetRegistry $registry;
    private Store $store;
    private Trigger $trigger;

    protected function setUp(): void
    {
        $pdo = TestDatabase::pdo();
        $pdo->exec('CREATE TABLE IF NOT EXISTS version (v_major int, v_minor int, v_patch int, v_tag varchar(31))');
        $pdo->exec('CREATE TABLE IF NOT EXISTS module_acl_sections (section_id int, section_name varchar(255),
            parent_section int, section_identifier varchar(50), module_id int)');
        parent::setUp();
        $this->clinic->add('version', ['v_major' => 8, 'v_minor' => 2, 'v_patch' => 0, 'v_tag' => '-dev']);
        $this->registry = new SetRegistry();
        $this->store = new Store($this->database, new SetService());
        $this->trigger = new Trigger($this->database);
    }

    protected function tearDown(): void
    {
        $this->install(); // whatever a test took away
    }

    public function testInstalledTwiceTheSchemaIsTheSame(): void
    {
        $once = $this->schema();
        $this->install();
        $this->install();
        self::assertSame($once, $this->schema());
        self::assertGreaterThan(10, count($once));
    }

    public function testAnUpgradeOfThePreviousVersionGivesTheSchemaOfANewInstallationAndKeepsWhatIsThere(): void
    {
        $new = $this->schema();
        $this->goBack();
        self::assertNotEquals($new, $this->schema());
        $this->database->insert(
            "INSERT INTO massage_billing_log_row (uuid, log, seq, pid, encounter, performed_on, updated_at)
             VALUES ('x', 1, 1, 1, 1, '2026-11-01', '2026-11-01 10:00:00')"
        );
        $this->runUpgrades();
        self::assertEquals($new, $this->schema());
        self::assertSame('1', $this->database->value('SELECT version FROM massage_billing_log_row'));
        $this->runUpgrades();
        self::assertEquals($new, $this->schema());
    }

    public function testInstalledOverTablesOfThePreviousVersionTheyAreBroughtUpToDate(): void
    {
        $new = $this->schema();
        $this->goBack();
        $this->install();
        self::assertEquals($new, $this->schema());
    }

    public function testEveryUpgradeFileLeadsToThisVersion(): void
    {
        $version = str_replace('.', '_', (new SelfCheck($this->database, SelfCheck::read()))->version());
        $files = glob(MODULE . '/sql/*_upgrade.sql') ?: [];
        self::assertNotSame([], $files);
        foreach ($files as $file) {
            self::assertMatchesRegularExpression('/^\d+_\d+_\d+-to-\d+_\d+_\d+_upgrade\.sql$/', basename($file));
        }
        self::assertStringContainsString("-to-{$version}_upgrade", basename((string) end($files)));
    }

    public function testEnabledAndDisabledTenTimesNothingIsDoubled(): void
    {
        $schema = $this->schema();
        $this->store->keepTrigger(true);
        for ($time = 0; $time < 10; $time++) {
            self::assertSame('Success', $this->lifecycle()->enabled());
            self::assertCount(1, $this->database->rows('SELECT * FROM background_services'));
            $this->lifecycle()->disabled();
            self::assertSame([], $this->database->rows('SELECT * FROM background_services'));
        }
        self::assertSame($schema, $this->schema());
        self::assertCount(1, $this->database->rows('SELECT * FROM massage_billing_setting'));
    }

    public function testWithoutTheClinicsWishThereIsNoJob(): void
    {
        $this->lifecycle()->enabled();
        self::assertSame([], $this->database->rows('SELECT * FROM background_services'));
    }

    public function testDisabledTheClinicsWishIsRemembered(): void
    {
        $this->store->keepTrigger(true);
        $this->lifecycle()->enabled();
        $this->lifecycle()->disabled();
        $this->lifecycle()->enabled();
        self::assertTrue($this->trigger->there());
    }

    public function testRemovedTheDataStaysAndNothingWorksOn(): void
    {
        $this->setUpEverything();
        $schema = $this->schema();
        $this->lifecycle()->unregistered(19);
        self::assertSame($schema, $this->schema());
        self::assertSame('kept', $this->database->value('SELECT note FROM massage_billing_log'));
        self::assertFalse($this->registry->clients['client-1']['client']->enabled);
        self::assertSame([], $this->database->rows('SELECT * FROM background_services'));
        self::assertSame([], $this->database->rows('SELECT * FROM module_acl_sections WHERE module_id = 19'));
        self::assertCount(1, $this->database->rows('SELECT * FROM module_acl_sections'));
    }

    public function testRemovedWithItsDataNothingIsLeft(): void
    {
        $this->setUpEverything();
        $this->store->keepRemoval(true);
        $billed = $this->clinic->add('billing', ['pid' => 1, 'encounter' => 1, 'code' => '97124']);
        $this->lifecycle()->unregistered(19);
        self::assertSame([], $this->schema());
        self::assertSame([], $this->registry->clients);
        self::assertSame([], $this->database->rows('SELECT * FROM background_services'));
        self::assertSame('97124', $this->database->value('SELECT code FROM billing WHERE id = ?', [$billed]));
        $said = array_column($this->audit->notes, 'what');
        self::assertContains('removed; its data was removed', $said);
    }

    public function testRemovedBeforeItWasInstalledNothingFails(): void
    {
        $this->drop();
        $this->lifecycle()->unregistered(19);
        self::assertSame([], $this->schema());
    }

    public function testRemovedAndInstalledAgainItFindsItsData(): void
    {
        $this->setUpEverything();
        $this->lifecycle()->unregistered(19);
        $this->install();
        $this->lifecycle()->enabled();
        self::assertSame('kept', $this->database->value('SELECT note FROM massage_billing_log'));
        self::assertTrue($this->trigger->there());
        self::assertSame('client-1', $this->store->client());
    }

    public function testUninstallTakesAwayEveryTableThatInstallMakes(): void
    {
        preg_match_all('/CREATE TABLE `(\w+)`/', (string) file_get_contents(MODULE . '/sql/install.sql'), $made);
        preg_match_all('/DROP TABLE IF EXISTS `(\w+)`/', (string) file_get_contents(MODULE . '/sql/uninstall.sql'), $dropped);
        self::assertEqualsCanonicalizing($made[1], $dropped[1]);
        foreach ($dropped[1] as $table) {
            self::assertStringStartsWith('massage_billing_', $table);
        }
    }

    public function testOnAReleaseThatWasNotTriedItWorksAndSaysSo(): void
    {
        $this->database->change("UPDATE version SET v_major = 9, v_tag = ''");
        self::assertStringContainsString('was not tried on this release of OpenEMR (9.2.0)', $this->lifecycle()->enabled());
    }

    private function setUpEverything(): void
    {
        $this->database->insert(
            "INSERT INTO massage_billing_log (pid, encounter, note, created_by, created_at, updated_at)
             VALUES (1, 1, 'kept', 1, '2026-11-01 10:00:00', '2026-11-01 10:00:00')"
        );
        $this->database->change("INSERT INTO module_acl_sections VALUES (19, 'Massage billing', 0, 'x', 19), (3, 'Other', 0, 'y', 3)");
        $key = ['kty' => 'RSA', 'n' => str_repeat('_wAB', 128), 'e' => 'AQAB'];
        $this->client()->register(JwkSet::read((string) json_encode($key)), false);
        $this->registry->set('client-1', true);
        $this->store->keepTrigger(true);
        $this->lifecycle()->enabled();
    }

    private function goBack(): void
    {
        foreach (require __DIR__ . '/fixtures/0_0_9.php' as $statement) {
            TestDatabase::pdo()->exec($statement);
        }
    }

    private function drop(): void
    {
        $this->files()->run(MODULE . '/sql', 'uninstall.sql');
    }

    /** As the module manager installs: install.sql, then the listener. */
    private function install(): void
    {
        $this->files()->run(MODULE . '/sql', 'install.sql');
        $this->lifecycle()->installed();
    }

    /** As the module manager upgrades: the files alone. */
    private function runUpgrades(): void
    {
        foreach (glob(MODULE . '/sql/*_upgrade.sql') ?: [] as $file) {
            $this->files()->run(MODULE . '/sql', basename($file));
        }
    }

    /** @return array<string, string> our tables as the database would make them, whatever the order of their keys */
    private function schema(): array
    {
        $found = [];
        foreach (TestDatabase::pdo()->query("SHOW TABLES LIKE 'massage\\_billing\\_%'")->fetchAll(\PDO::FETCH_COLUMN) as $table) {
            $made = TestDatabase::pdo()->query("SHOW CREATE TABLE `$table`")->fetch()['Create Table'];
            $lines = array_map(static fn(string $line): string => rtrim($line, ','), explode("\n", $made));
            $lines = (array) preg_replace('/ AUTO_INCREMENT=\d+/', '', $lines);
            sort($lines);
            $found[$table] = implode("\n", $lines);
        }
        return $found;
    }

    private function client(): OAuthClient
    {
        return new OAuthClient($this->registry, $this->store, $this->database, $this->audit);
    }

    private function files(): SqlFiles
    {
        return new class implements SqlFiles {
            public function run(string $folder, string $file): void
            {
                Installer::run((string) file_get_contents("$folder/$file"));
            }
        };
    }

    private function lifecycle(): Lifecycle
    {
        return new Lifecycle(
            $this->database,
            new SelfCheck($this->database, SelfCheck::read()),
            $this->files(),
            $this->store,
            $this->client(),
            $this->trigger,
            $this->audit,
            MODULE,
            self::PATH
        );
    }
}
