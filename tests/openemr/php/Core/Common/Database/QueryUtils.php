<?php

declare(strict_types=1);

namespace OpenEMR\Common\Database;

use OpenEMR\Modules\MassageBilling\Tests\Support\TestDatabase;

/** Core's QueryUtils over the test's database. */
class QueryUtils
{
    private static int $affected = 0;

    /** @var list<string> every statement that was run, for tests that count them */
    public static array $statements = [];

    public static function sqlStatementThrowException($statement, $binds = [], $noLog = false)
    {
        return self::run($statement, $binds);
    }

    public static function fetchArrayFromResultSet($resultSet)
    {
        return $resultSet->fetch();
    }

    public static function affectedRows()
    {
        return self::$affected;
    }

    public static function startTransaction(): void
    {
        TestDatabase::pdo()->beginTransaction();
    }

    public static function commitTransaction(): void
    {
        TestDatabase::pdo()->commit();
    }

    public static function rollbackTransaction(): void
    {
        TestDatabase::pdo()->rollBack();
    }

    private static function run(string $sql, array|false $binds): \PDOStatement
    {
        self::$statements[] = $sql;
        $statement = TestDatabase::pdo()->prepare($sql);
        $statement->execute($binds ?: []);
        self::$affected = $statement->rowCount();
        return $statement;
    }
}
