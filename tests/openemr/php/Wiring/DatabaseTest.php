<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Wiring;

use OpenEMR\Modules\MassageBilling\Tests\Support\Installer;
use OpenEMR\Modules\MassageBilling\Tests\Support\ModuleTestCase;
use OpenEMR\Modules\MassageBilling\Tests\Support\TestDatabase;

final class DatabaseTest extends ModuleTestCase
{
    public function testWhatThrowsKeepsNothingOfTheOuterWorkEither(): void
    {
        try {
            $this->database->transaction(function (): void {
                $this->put('one');
                $this->database->transaction(function (): void {
                    $this->put('two');
                    throw new \RuntimeException();
                });
            });
            self::fail('It has to throw.');
        } catch (\RuntimeException) {
        }
        self::assertSame([], $this->database->rows('SELECT * FROM massage_billing_setting'));
        $this->database->transaction(fn() => $this->put('three'));
        self::assertSame('three', $this->database->value('SELECT name FROM massage_billing_setting'));
    }

    public function testInstalledAgainTheTablesAreTheSame(): void
    {
        $before = $this->schema();
        Installer::run((string) file_get_contents(MODULE . '/sql/install.sql'));
        self::assertSame($before, $this->schema());
        self::assertNotSame([], $before);
    }

    public function testInATransactionWhatOthersCommitIsSeen(): void
    {
        $this->database->transaction(function (): void {
            self::assertNull($this->database->value('SELECT name FROM massage_billing_setting'));
            $other = TestDatabase::another();
            $other->exec("INSERT INTO massage_billing_setting (name, value) VALUES ('theirs', 'x')");
            self::assertSame('theirs', $this->database->value('SELECT name FROM massage_billing_setting'));
        });
    }

    private function put(string $name): void
    {
        $this->database->change('INSERT INTO massage_billing_setting (name, value) VALUES (?, ?)', [$name, 'x']);
    }

    /** @return list<string> */
    private function schema(): array
    {
        $tables = TestDatabase::pdo()->query("SHOW TABLES LIKE 'massage\\_billing\\_%'")->fetchAll(\PDO::FETCH_COLUMN);
        $create = static fn(string $table): string =>
            TestDatabase::pdo()->query("SHOW CREATE TABLE `$table`")->fetchAll()[0]['Create Table'];
        return array_map($create, $tables);
    }
}
