<?php

declare(strict_types=1);

namespace OpenEMR\Common\Logging;

/** Core's logger, which a test can read. */
class SystemLogger
{
    /** @var list<string> */
    public static array $lines = [];

    public function error(\Stringable|string $message, array $context = []): void
    {
        self::$lines[] = (string) $message;
    }
}
