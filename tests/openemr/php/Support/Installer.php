<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Support;

/** Runs a module's SQL file as core's sqlUpgrade does, as far as its directives are used here. */
final class Installer
{
    public static function run(string $sql): void
    {
        $skip = false;
        $statement = '';
        foreach (explode("\n", $sql) as $line) {
            if (preg_match('/^\s*(--|$)/', $line)) {
                continue;
            }
            if (preg_match('/^#(If\w+)\s+(.*)$/', $line, $found)) {
                $skip = !self::holds($found[1], preg_split('/\s+/', trim($found[2])) ?: []);
            } elseif (str_starts_with($line, '#EndIf')) {
                $skip = false;
            } elseif (!$skip) {
                $statement .= $line . "\n";
                if (str_ends_with(rtrim($line), ';')) {
                    TestDatabase::pdo()->exec($statement);
                    $statement = '';
                }
            }
        }
        if (trim($statement) !== '') {
            throw new \LogicException('A statement has no end.');
        }
    }

    /** @param list<string> $words */
    private static function holds(string $directive, array $words): bool
    {
        return match ($directive) {
            'IfNotTable' => !self::finds('TABLES', ['TABLE_NAME' => $words[0]]),
            'IfTable' => self::finds('TABLES', ['TABLE_NAME' => $words[0]]),
            'IfMissingColumn' => self::finds('TABLES', ['TABLE_NAME' => $words[0]])
                && !self::finds('COLUMNS', ['TABLE_NAME' => $words[0], 'COLUMN_NAME' => $words[1]]),
            'IfColumn' => self::finds('COLUMNS', ['TABLE_NAME' => $words[0], 'COLUMN_NAME' => $words[1]]),
            'IfNotIndex' => !self::finds('STATISTICS', ['TABLE_NAME' => $words[0], 'INDEX_NAME' => $words[1]]),
            'IfIndex' => self::finds('STATISTICS', ['TABLE_NAME' => $words[0], 'INDEX_NAME' => $words[1]]),
            default => throw new \LogicException("The tests do not know #$directive."),
        };
    }

    /** @param array<string, string> $what */
    private static function finds(string $view, array $what): bool
    {
        $where = implode(' AND ', array_map(static fn(string $name): string => "$name = ?", array_keys($what)));
        $asked = TestDatabase::pdo()->prepare(
            "SELECT 1 FROM information_schema.$view WHERE TABLE_SCHEMA = ? AND $where LIMIT 1"
        );
        $asked->execute([TestDatabase::NAME, ...array_values($what)]);
        return $asked->fetch() !== false;
    }
}
