<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Support;

use PDO;

/** The connection that the doubles of core's database classes use. */
final class TestDatabase
{
    public const NAME = 'massage_billing_test';

    private static ?PDO $pdo = null;

    private static string $socket = '';

    /** Connect, and make the database anew. */
    public static function open(string $socket): void
    {
        self::$socket = $socket;
        $pdo = self::connect('');
        $pdo->exec('DROP DATABASE IF EXISTS ' . self::NAME);
        $pdo->exec('CREATE DATABASE ' . self::NAME . ' CHARACTER SET utf8mb4');
        self::$pdo = self::connect(self::NAME);
    }

    /** Connect to the database that another process made. */
    public static function join(string $socket): void
    {
        self::$socket = $socket;
        self::$pdo = self::connect(self::NAME);
    }

    public static function pdo(): PDO
    {
        return self::$pdo ?? throw new \LogicException('No database is open.');
    }

    /** A second connection, as another request has one. */
    public static function another(): PDO
    {
        return self::connect(self::NAME);
    }

    public static function socket(): string
    {
        return self::$socket;
    }

    private static function connect(string $name): PDO
    {
        $where = 'mysql:unix_socket=' . self::$socket . ';charset=utf8mb4' . ($name === '' ? '' : ";dbname=$name");
        return new PDO($where, 'root', '', [
            PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
            PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC,
            PDO::ATTR_STRINGIFY_FETCHES => true, // as ADOdb gives them
            PDO::ATTR_EMULATE_PREPARES => false,
            PDO::MYSQL_ATTR_INIT_COMMAND => "SET sql_mode = ''",
        ]);
    }
}
