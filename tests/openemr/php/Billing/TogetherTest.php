<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Billing;

use OpenEMR\Modules\MassageBilling\Tests\Support\TestDatabase;

/** Many processes that post Claims at the same moment. */
final class TogetherTest extends BillingTestCase
{
    private const PROCESSES = 6;

    public function testClaimsOfDifferentVisitsDoNotHinderEachOther(): void
    {
        $works = [];
        for ($n = 0; $n < self::PROCESSES * 8; $n++) {
            $works[$n % self::PROCESSES][] = $this->claim(['auth' => "A-$n"]);
            $this->anotherVisit();
        }
        $told = array_merge(...$this->together($works));
        self::assertSame([201], array_values(array_unique($told)), (string) json_encode($told));
        self::assertSame('48', (string) $this->database->value("SELECT COUNT(*) FROM billing WHERE code_type = 'CPT4'"));
        self::assertSame('48', (string) $this->database->value(
            "SELECT COUNT(*) FROM massage_billing_posting WHERE state = 'posted'"
        ));
    }

    public function testRevisionsOfOneVisitLeaveOneOnTheFeeSheet(): void
    {
        $works = [];
        for ($n = 0; $n < self::PROCESSES * 6; $n++) {
            $works[$n % self::PROCESSES][] = $this->claim(['revision' => $n, 'auth' => "A-$n"]);
        }
        $told = array_merge(...$this->together($works));
        self::assertSame([], array_diff($told, [201, 409]), (string) json_encode($told));
        self::assertSame(['97124 GP 4 120.00'], $this->lines());
        self::assertSame('1', (string) $this->database->value(
            "SELECT COUNT(*) FROM massage_billing_posting WHERE state = 'posted'"
        ));
        self::assertSame('1', (string) $this->database->value(
            "SELECT COUNT(*) FROM forms WHERE deleted = 0 AND formdir = 'misc_billing_options'"
        ));
    }

    private function anotherVisit(): void
    {
        $this->patient = $this->clinic->patient();
        $this->visit = $this->clinic->encounter($this->patient['pid'], '2026-11-20 14:00:00', $this->therapist['id']);
        $this->coverage = $this->clinic->coverage($this->patient['pid']);
    }

    /**
     * @param list<list<array<string, mixed>>> $works Claims for each process
     * @return list<list<int|string>>
     */
    private function together(array $works): array
    {
        $running = [];
        foreach ($works as $claims) {
            $command = [PHP_BINARY, '-d', 'display_errors=stderr', __DIR__ . '/worker.php', TestDatabase::socket()];
            $process = proc_open($command, [['pipe', 'r'], ['pipe', 'w'], STDERR], $pipes);
            self::assertIsResource($process);
            fwrite($pipes[0], json_encode($claims) . "\n");
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
}
