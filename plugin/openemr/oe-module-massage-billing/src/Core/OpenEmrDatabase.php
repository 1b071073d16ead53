<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Core;

use OpenEMR\Common\Database\QueryUtils;

/** The database over core's QueryUtils, on the connection that the request already has. */
final class OpenEmrDatabase implements Database
{
    /** Else a SELECT … FOR UPDATE that finds nothing locks a gap, and two posts at once block each other. */
    private const READ_COMMITTED = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED';

    private int $depth = 0;

    public function rows(string $sql, array $params = []): array
    {
        // Core's fetchRecordsNoLog loses what the database says of a fault: a deadlock would not be known as one.
        $set = QueryUtils::sqlStatementThrowException($sql, $params, true);
        $rows = [];
        while ($row = QueryUtils::fetchArrayFromResultSet($set)) {
            $rows[] = $row;
        }
        return $rows;
    }

    public function row(string $sql, array $params = []): ?array
    {
        return $this->rows($sql, $params)[0] ?? null;
    }

    public function value(string $sql, array $params = []): string|int|float|null
    {
        $row = $this->row($sql, $params);
        return $row === null ? null : reset($row);
    }

    public function change(string $sql, array $params = []): int
    {
        QueryUtils::sqlStatementThrowException($sql, $params, true);
        return (int) QueryUtils::affectedRows();
    }

    public function insert(string $sql, array $params = []): int
    {
        QueryUtils::sqlStatementThrowException($sql, $params, true);
        return (int) $this->value('SELECT LAST_INSERT_ID()');
    }

    public function transaction(callable $work): mixed
    {
        if ($this->depth > 0) {
            return $work();
        }
        $this->depth++;
        try {
            QueryUtils::sqlStatementThrowException(self::READ_COMMITTED, [], true);
            QueryUtils::startTransaction();
        } catch (\Throwable $fault) {
            $this->depth--;
            throw $fault;
        }
        try {
            $result = $work();
            QueryUtils::commitTransaction();
            return $result;
        } catch (\Throwable $fault) {
            QueryUtils::rollbackTransaction();
            throw $fault;
        } finally {
            $this->depth--;
        }
    }
}
