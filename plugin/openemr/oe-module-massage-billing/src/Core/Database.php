<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Core;

/**
 * The clinic's database, as far as the module needs it: prepared statements only.
 *
 * Statements are never written to OpenEMR's statement log, for they carry patients' data; what was done is told to
 * Audit, by id.
 */
interface Database
{
    /**
     * All rows of a SELECT.
     *
     * @param list<scalar|null> $params
     * @return list<array<string, string|int|float|null>>
     */
    public function rows(string $sql, array $params = []): array;

    /**
     * The first row of a SELECT; null where there is none.
     *
     * @param list<scalar|null> $params
     * @return array<string, string|int|float|null>|null
     */
    public function row(string $sql, array $params = []): ?array;

    /**
     * The first value of the first row; null where there is none.
     *
     * @param list<scalar|null> $params
     */
    public function value(string $sql, array $params = []): string|int|float|null;

    /**
     * Run INSERT, UPDATE, DELETE; how many rows were affected (MariaDB counts rows that changed).
     *
     * @param list<scalar|null> $params
     */
    public function change(string $sql, array $params = []): int;

    /**
     * Run an INSERT into a table with AUTO_INCREMENT; the new id.
     *
     * @param list<scalar|null> $params
     */
    public function insert(string $sql, array $params = []): int;

    /**
     * Do some work in one transaction: all of it is kept, or nothing where it throws. Nested calls join the outer one.
     *
     * @template T
     * @param callable(): T $work
     * @return T
     */
    public function transaction(callable $work): mixed;
}
