<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Fhir;

use OpenEMR\Modules\MassageBilling\Tests\Support\TestDatabase;

/** What many processes write at the same moment: nothing twice, nothing lost. */
final class ConcurrencyTest extends FhirTestCase
{
    private const KEY = 'identifier=https%3A%2F%2Fmassage-billing.org%2Ffhir%2Fsid%2Fclaim-key%7C';

    public function testTwentyEqualCreatesMakeOne(): void
    {
        $told = $this->together(array_fill(0, 20, $this->work($this->claim('K1'), self::KEY . 'K1')));
        $statuses = array_count_values(array_column($told, 'status'));
        self::assertSame([200 => 19, 201 => 1], $this->sorted($statuses), (string) json_encode($told));
        self::assertCount(1, array_unique(array_column($told, 'id')));
        self::assertSame('1', $this->rows('massage_billing_resource'));
    }

    public function testCreatesThatAreRefusedLeaveTheWayFreeForTheOthers(): void
    {
        $refused = $this->work($this->claim('K1'), self::KEY . 'K1', true);
        $taken = $this->work($this->claim('K1'), self::KEY . 'K1');
        $told = $this->together([...array_fill(0, 10, $refused), ...array_fill(0, 10, $taken)]);
        $statuses = array_count_values(array_column($told, 'status'));
        self::assertSame(1, $statuses[201] ?? 0, (string) json_encode($told));
        self::assertSame(20, array_sum(array_intersect_key($statuses, [200 => 1, 201 => 1, 409 => 1])));
        self::assertSame('1', $this->rows('massage_billing_resource'));
    }

    public function testDifferentKeysDoNotHinderEachOther(): void
    {
        $works = array_map(
            fn(int $n): array => $this->work($this->claim('K' . intdiv($n, 2)), self::KEY . 'K' . intdiv($n, 2)),
            range(0, 19)
        );
        $statuses = array_count_values(array_column($this->together($works), 'status'));
        self::assertSame([200 => 10, 201 => 10], $this->sorted($statuses));
        self::assertSame('10', $this->rows('massage_billing_resource'));
    }

    public function testOfUpdatesOfOneVersionOneIsKept(): void
    {
        $id = $this->store->create('Claim', $this->claim())->stored->id;
        $works = array_map(fn(int $n): array => [
            'update' => $id, 'condition' => null, 'refuses' => false,
            'resource' => $this->claim("K$n", ['id' => $id]),
        ], range(10, 21));
        $statuses = array_count_values(array_column($this->together($works), 'status'));
        self::assertSame([200 => 1, 412 => 11], $this->sorted($statuses));
        self::assertSame(2, $this->store->read('Claim', $id)?->version);
        self::assertSame('1', $this->rows('massage_billing_resource_history'));
        self::assertSame('1', $this->rows("massage_billing_token WHERE name = 'identifier'"));
    }

    public function testATransactionThatBeganBeforeFindsWhatAnotherCreatedMeanwhile(): void
    {
        $this->database->transaction(function (): void {
            self::assertSame('0', $this->rows('massage_billing_resource'));
            $there = $this->together([$this->work($this->claim('K1'), self::KEY . 'K1')])[0];
            $found = $this->store->create('Claim', $this->claim('K1'), self::KEY . 'K1');
            self::assertSame([false, $there['id']], [$found->new, $found->stored->id]);
        });
    }

    /**
     * @param array<string, mixed> $resource
     * @return array<string, mixed>
     */
    private function work(array $resource, string $condition, bool $refuses = false): array
    {
        return ['update' => null, 'condition' => $condition, 'refuses' => $refuses, 'resource' => $resource];
    }

    /**
     * Do these at the same moment, each in a process of its own.
     *
     * @param list<array<string, mixed>> $works
     * @return list<array{status: int, id: string}>
     */
    private function together(array $works): array
    {
        $running = [];
        foreach ($works as $work) {
            $command = [PHP_BINARY, '-d', 'display_errors=stderr', __DIR__ . '/worker.php', TestDatabase::socket()];
            $process = proc_open($command, [['pipe', 'r'], ['pipe', 'w'], STDERR], $pipes);
            self::assertIsResource($process);
            fwrite($pipes[0], json_encode($work) . "\n");
            $running[] = [$process, $pipes];
        }
        foreach ($running as [, $pipes]) {
            self::assertSame("ready\n", fgets($pipes[1]));
        }
        foreach ($running as [, $pipes]) {
            fwrite($pipes[0], "go\n");
        }
        $told = [];
        foreach ($running as [$process, $pipes]) {
            $told[] = json_decode((string) fgets($pipes[1]), true);
            array_map('fclose', $pipes);
            proc_close($process);
        }
        return $told;
    }

    /**
     * @param array<int, int> $counted
     * @return array<int, int>
     */
    private function sorted(array $counted): array
    {
        ksort($counted);
        return $counted;
    }

    private function rows(string $table): string
    {
        return (string) $this->database->value("SELECT COUNT(*) FROM $table");
    }
}
