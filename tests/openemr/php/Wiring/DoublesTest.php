<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Wiring;

use PHPUnit\Framework\TestCase;

/** The doubles of core's classes have no method and no parameter that core's own class does not have. */
final class DoublesTest extends TestCase
{
    /** @return iterable<string, array{class-string, array<string, mixed>}> */
    public static function doubles(): iterable
    {
        $file = getenv('MB_SHARED') . '/openemr/signatures.json';
        $known = json_decode((string) file_get_contents($file), true, 64, JSON_THROW_ON_ERROR);
        $folder = new \RecursiveDirectoryIterator(__DIR__ . '/../Core', \FilesystemIterator::SKIP_DOTS);
        foreach (new \RecursiveIteratorIterator($folder) as $path) {
            $name = str_replace('/', '\\', substr((string) $path, strlen(__DIR__ . '/../Core/'), -4));
            if (isset($known["OpenEMR\\$name"])) {
                yield $name => ["OpenEMR\\$name", $known["OpenEMR\\$name"]];
            }
        }
    }

    /**
     * @dataProvider doubles
     * @param class-string $class
     * @param array<string, mixed> $core
     */
    public function testTheDoubleIsLikeCore(string $class, array $core): void
    {
        $double = new \ReflectionClass($class);
        foreach ($double->getMethods(\ReflectionMethod::IS_PUBLIC) as $method) {
            if ($method->class !== $class || $method->isConstructor()) {
                continue;
            }
            $signature = $core['methods'][$method->getName()] ?? null;
            self::assertIsString($signature, "core has no {$method->getName()}");
            self::assertSame(str_starts_with($signature, 'static'), $method->isStatic(), $method->getName());
            self::assertSame(self::parameters($signature), self::names($method), $method->getName());
        }
        foreach ($double->getReflectionConstants() as $constant) {
            if ($constant->isPublic() && $constant->getDeclaringClass()->name === $class) {
                self::assertSame($core['constants'][$constant->getName()] ?? null, $constant->getValue());
            }
        }
        self::assertNotSame([], $double->getMethods());
    }

    /** @return list<string> */
    private static function parameters(string $signature): array
    {
        preg_match_all('/\$(\w+)/', $signature, $found);
        return $found[1];
    }

    /** @return list<string> */
    private static function names(\ReflectionMethod $method): array
    {
        return array_map(static fn(\ReflectionParameter $one): string => $one->getName(), $method->getParameters());
    }
}
