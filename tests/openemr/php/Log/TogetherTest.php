<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Log;

use OpenEMR\Modules\MassageBilling\Tests\Support\TestDatabase;

/** Several people save one log in the same moment: one of them does, and each of the others is told. */
final class TogetherTest extends LogTestCase
{
    /** @return iterable<string, array{int}> */
    public static function versions(): iterable
    {
        yield 'the first time' => [0];
        yield 'again' => [1];
    }

    /** @dataProvider versions */
    public function testOneOfThemSaves(int $version): void
    {
        if ($version > 0) {
            $this->save([$this->row()]);
        }
        $people = array_map(fn (int $minutes): array => $this->start($version, $minutes), range(11, 16));
        foreach ($people as [, $pipes]) {
            self::assertSame("ready\n", fgets($pipes[1]));
        }
        foreach ($people as [, $pipes]) {
            fwrite($pipes[0], "go\n");
        }
        $told = [];
        foreach ($people as [$process, $pipes]) {
            $told[] = trim((string) stream_get_contents($pipes[1]));
            proc_close($process);
        }
        sort($told);
        self::assertSame([...array_fill(0, 5, 'conflict'), 'saved'], $told);
        $log = $this->found();
        self::assertSame($version + 1, $log->version);
        self::assertCount(1, $log->standing());
        self::assertCount($version + 1, $this->store->history($log->id));
    }

    /** @return array{resource, array<int, resource>} */
    private function start(int $version, int $minutes): array
    {
        $process = proc_open(
            [
                PHP_BINARY, __DIR__ . '/worker.php', MODULE, TestDatabase::socket(), (string) $this->visit->pid,
                (string) $this->visit->encounter, (string) $version, (string) $minutes,
            ],
            [['pipe', 'r'], ['pipe', 'w'], STDERR],
            $pipes
        );
        self::assertIsResource($process);
        return [$process, $pipes];
    }
}
