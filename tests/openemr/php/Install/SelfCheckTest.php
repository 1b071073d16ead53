<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Install;

use OpenEMR\Modules\MassageBilling\Install\SelfCheck;
use OpenEMR\Modules\MassageBilling\Tests\Support\ModuleTestCase;
use OpenEMR\Modules\MassageBilling\Tests\Support\TestDatabase;

final class SelfCheckTest extends ModuleTestCase
{
    protected function setUp(): void
    {
        TestDatabase::pdo()->exec(
            'CREATE TABLE IF NOT EXISTS version (v_major int, v_minor int, v_patch int, v_tag varchar(31))'
        );
        parent::setUp();
        $this->clinic->add('version', ['v_major' => 8, 'v_minor' => 2, 'v_patch' => 0, 'v_tag' => '-dev']);
    }

    public function testWhereEverythingIsThereNothingIsSaid(): void
    {
        $needed = [
            'classes' => [\DateTimeImmutable::class => ['methods' => ['modify' => 1], 'constants' => ['ATOM' => DATE_ATOM]]],
            'functions' => ['strlen'], 'tables' => ['billing' => ['id', 'BILLED']],
        ];
        self::assertSame([], $this->check($needed)->problems());
        self::assertNull($this->check($needed)->refusal());
    }

    /**
     * @dataProvider lacking
     * @param array<string, mixed> $needed
     */
    public function testWhatIsMissingIsNamedAndRefused(array $needed, string $named): void
    {
        self::assertSame([$named], $this->check($needed)->problems());
        self::assertStringContainsString($named, (string) $this->check($needed)->refusal());
        self::assertStringContainsString('8.2.0-dev', (string) $this->check($needed)->refusal());
    }

    /** @return array<string, array{array<string, mixed>, string}> */
    public static function lacking(): array
    {
        $class = \DateTimeImmutable::class;
        return [
            'an older PHP' => [['php' => '99.0.0'], 'PHP 99.0.0 (here ' . PHP_VERSION . ')'],
            'an extension' => [['extensions' => ['teleport']], 'PHP extension teleport'],
            'a class' => [['classes' => ['OpenEMR\\Moved' => []]], 'OpenEMR\\Moved'],
            'a method' => [['classes' => [$class => ['methods' => ['modulate' => 0]]]], "$class::modulate with 0 arguments"],
            'a method that wants more' => [['classes' => [$class => ['methods' => ['modify' => 0]]]], "$class::modify with 0 arguments"],
            'a method that takes less' => [['classes' => [$class => ['methods' => ['modify' => 2]]]], "$class::modify with 2 arguments"],
            'a constant of another value' => [['classes' => [$class => ['constants' => ['ATOM' => 'x']]]], "$class::ATOM"],
            'a function' => [['functions' => ['xyzzy']], 'xyzzy()'],
            'a table' => [['tables' => ['billings' => ['id']]], 'table billings'],
            'a column' => [['tables' => ['billing' => ['id', 'paid_in_gold']]], 'column billing.paid_in_gold'],
        ];
    }

    public function testManyProblemsAreCountedAndNotAllRead(): void
    {
        $refusal = (string) $this->check(['functions' => array_map(static fn(int $n): string => "xyzzy$n", range(1, 9))])->refusal();
        self::assertStringContainsString('xyzzy6(); and 3 more.', $refusal);
        self::assertStringNotContainsString('xyzzy7', $refusal);
    }

    public function testOnlyReleasesItWasRunOnCountAsTried(): void
    {
        self::assertTrue($this->check(['tried' => ['8.2.0-dev']])->tried());
        self::assertFalse($this->check(['tried' => ['8.2.0']])->tried());
    }

    public function testEveryClassOfCoresThatTheModuleUsesIsInTheList(): void
    {
        $listed = array_keys(SelfCheck::read()['classes']);
        $used = [];
        foreach ($this->sources() as $text) {
            preg_match_all('/^use ((?:OpenEMR|Symfony|Twig|Psr)\\\\[\w\\\\]+);/m', $text, $found);
            $used = [...$used, ...$found[1]];
        }
        $used = array_filter(array_unique($used), static fn(string $class): bool =>
            !str_starts_with($class, 'OpenEMR\\Modules\\'));
        sort($used);
        self::assertSame([], array_values(array_diff($used, $listed)), 'core-interface.json lacks these');
        self::assertSame([], array_values(array_diff($listed, $used, ['OpenEMR\\Core\\ModulesClassLoader'])), 'and these are used no more');
    }

    public function testEveryTableOfCoresThatTheModuleNamesIsInTheList(): void
    {
        $listed = array_keys(SelfCheck::read()['tables']);
        $named = [];
        foreach ($this->sources() as $text) {
            preg_match_all('/\b(?:FROM|JOIN|INSERT INTO)\s+`?([a-z]\w+)|\bUPDATE\s+`?([a-z]\w+)`?\s+SET/', $text, $found);
            $named = [...$named, ...array_filter([...$found[1], ...$found[2]], static fn(string $table): bool =>
                $table !== '' && $table !== 'information_schema' && !str_starts_with($table, 'massage_billing_'))];
        }
        self::assertSame([], array_values(array_diff(array_unique($named), $listed)), 'core-interface.json lacks these');
    }

    public function testTheListIsTrueOfTheCoreThatWasSeen(): void
    {
        $shared = getenv('MB_SHARED') . '/openemr';
        $core = json_decode((string) file_get_contents("$shared/signatures.json"), true);
        foreach (SelfCheck::read()['classes'] as $class => $used) {
            if (!isset($core[$class])) {
                continue;
            }
            foreach ($used['methods'] ?? [] as $method => $arguments) {
                $signature = $core[$class]['methods'][$method] ?? null;
                if ($signature === null && $core[$class]['extends'] !== null) {
                    continue; // its parent's
                }
                self::assertIsString($signature, "$class::$method");
                $all = substr_count($signature, '$');
                self::assertLessThanOrEqual($all, $arguments, "$class::$method");
                self::assertGreaterThanOrEqual($all - substr_count($signature, '= ?'), $arguments, "$class::$method");
            }
            foreach ($used['constants'] ?? [] as $constant => $value) {
                self::assertSame($value, $core[$class]['constants'][$constant] ?? null, "$class::$constant");
            }
        }
        $columns = json_decode((string) file_get_contents("$shared/columns.json"), true);
        foreach (SelfCheck::read()['tables'] as $table => $needed) {
            $there = array_map(static fn(string $line): string => explode(' ', $line)[0], $columns[$table] ?? []);
            self::assertSame([], isset($columns[$table]) ? array_values(array_diff($needed, $there)) : [], $table);
        }
    }

    /** @return iterable<string> */
    private function sources(): iterable
    {
        $folder = new \RecursiveDirectoryIterator(MODULE, \FilesystemIterator::SKIP_DOTS);
        foreach (new \RecursiveIteratorIterator($folder) as $path) {
            if ($path->getExtension() === 'php') {
                yield (string) file_get_contents((string) $path);
            }
        }
    }

    /** @param array<string, mixed> $needed */
    private function check(array $needed): SelfCheck
    {
        $nothing = ['tried' => [], 'php' => '8.1.0', 'extensions' => [], 'functions' => [], 'classes' => [], 'tables' => ['billing' => ['id']]];
        return new SelfCheck($this->database, $needed + $nothing);
    }
}
