<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Wiring;

use OpenEMR\Common\Logging\SystemLogger;
use OpenEMR\Modules\MassageBilling\Boundary;
use PHPUnit\Framework\TestCase;

final class BoundaryTest extends TestCase
{
    public function testWhatBreaksLeavesThePageAsItWasAndIsLoggedWithoutWhatItSaid(): void
    {
        SystemLogger::$lines = [];
        $this->expectOutputString('before after');
        echo 'before ';
        $given = Boundary::guard('patient card', static function (): string {
            echo 'half of a card';
            ob_start();
            echo 'and a part of a part';
            throw new \RuntimeException('Anna Muster has no coverage');
        }, 'nothing');
        echo 'after';
        self::assertSame('nothing', $given);
        self::assertCount(1, SystemLogger::$lines);
        self::assertStringContainsString('patient card', SystemLogger::$lines[0]);
        self::assertStringNotContainsString('Muster', SystemLogger::$lines[0]);
    }

    public function testWhatWorksIsShown(): void
    {
        $this->expectOutputString('a card');
        self::assertSame(7, Boundary::guard('card', static function (): int {
            echo 'a card';
            return 7;
        }));
    }
}
