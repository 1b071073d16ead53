<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Support;

/** Core's tables, made from shared/openemr/columns.json, and the module's own from its install.sql. */
final class CoreTables
{
    public static function create(): void
    {
        $file = getenv('MB_SHARED') . '/openemr/columns.json';
        $tables = json_decode((string) file_get_contents($file), true, 8, JSON_THROW_ON_ERROR);
        foreach ($tables as $name => $columns) {
            TestDatabase::pdo()->exec(self::statement($name, $columns));
        }
        Installer::run((string) file_get_contents(MODULE . '/sql/install.sql'));
    }

    /** @param list<string> $columns "id int(11) not null PRI" */
    private static function statement(string $table, array $columns): string
    {
        $lines = [];
        $primary = [];
        foreach ($columns as $column) {
            preg_match('/^(\S+) (.*?)( not null)?( (PRI|UNI|MUL))?$/', $column, $found);
            [, $name, $type] = $found;
            $key = $found[5] ?? '';
            $lines[$name] = "`$name` $type" . (($found[3] ?? '') === '' ? ' DEFAULT NULL' : ' NOT NULL');
            if ($key === 'PRI') {
                $primary[$name] = $type;
            } elseif ($key !== '' && !preg_match('/text/', $type)) {
                $lines["key $name"] = ($key === 'UNI' ? 'UNIQUE ' : '') . "KEY `$name` (`$name`)";
            }
        }
        $first = (string) array_key_first($primary);
        $counted = count($primary) === 1 || $table === 'modules';
        if ($counted && str_contains($primary[$first] ?? '', 'int')) {
            $lines[$first] .= ' AUTO_INCREMENT';
        }
        if ($primary !== []) {
            $lines[] = 'PRIMARY KEY (`' . implode('`, `', array_keys($primary)) . '`)';
        }
        return "CREATE TABLE `$table` (" . implode(",\n", $lines) . ') ENGINE=InnoDB DEFAULT CHARSET=utf8mb4';
    }
}
