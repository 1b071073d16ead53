<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Fhir\DateRange;
use OpenEMR\Modules\MassageBilling\Fhir\Page;
use OpenEMR\Modules\MassageBilling\Fhir\Query;
use OpenEMR\Modules\MassageBilling\Fhir\Reference;
use OpenEMR\Modules\MassageBilling\Fhir\Refused;
use OpenEMR\Modules\MassageBilling\Fhir\TokenValue;

/** The conditions of a search over rows with a number, and its pages in the order of that number. */
final class Where
{
    /** @var list<string> */
    private array $parts = ['TRUE'];
    /** @var list<scalar> */
    private array $params = [];

    /** @param \Closure(\DateTimeImmutable): string $written a moment as the searched columns write it */
    public function __construct(private readonly \Closure $written)
    {
    }

    public function that(string $sql, string|int ...$params): void
    {
        $this->parts[] = $sql;
        array_push($this->params, ...array_values($params));
    }

    /** @param list<string|int>|null $values null: whichever */
    public function among(string $column, ?array $values): void
    {
        if ($values !== null) {
            $this->that($values === [] ? 'FALSE' : "$column IN (" . self::marks($values, '?') . ')', ...$values);
        }
    }

    /** @param list<string>|null $values null: whichever */
    public function uuids(string $column, ?array $values): void
    {
        if ($values !== null) {
            $known = array_values(array_filter($values, Reference::isUuid(...)));
            $marks = self::marks($known, "UNHEX(REPLACE(?, '-', ''))");
            $this->that($known === [] ? 'FALSE' : "$column IN ($marks)", ...$known);
        }
    }

    public function moment(string $sql, DateRange $range): void
    {
        if ($range->prefix === 'ne') {
            $this->that("NOT ($sql >= ? AND $sql < ?)", ($this->written)($range->start), ($this->written)($range->end));
            return;
        }
        foreach (['>=' => $range->since(), '<' => $range->before()] as $sign => $moment) {
            if ($moment !== null) {
                $this->that("$sql $sign ?", ($this->written)($moment));
            }
        }
    }

    /** @param list<TokenValue> $values any of them */
    public function code(string $code, string $type, array $values): void
    {
        $either = [];
        $params = [];
        foreach ($values as $value) {
            [$sql, $more] = self::token($code, $type, $value);
            $either[] = $sql;
            array_push($params, ...$more);
        }
        $this->that('(' . implode(' OR ', $either) . ')', ...$params);
    }

    /**
     * A code of one of core's code types, where the columns hold the code and the key of its type.
     *
     * @return array{string, list<string>}
     */
    public static function token(string $code, string $type, TokenValue $token): array
    {
        $sql = [];
        $params = [];
        if ($token->value !== null) {
            $sql[] = "$code = ?";
            $params[] = $token->value;
        }
        if ($token->system !== null) {
            $shape = [Names::CPT => Names::CPT_SHAPE, Names::HCPCS => Names::HCPCS_SHAPE][$token->system] ?? null;
            $standard = "'" . implode("', '", Names::STANDARD) . "'";
            if ($shape !== null) {
                $sql[] = "($type IN ($standard) AND $code REGEXP ?)";
                $params[] = $shape;
            } elseif (str_starts_with($token->system, Names::LOCAL)) {
                $sql[] = "($type NOT IN ($standard) AND $type = ?)";
                $params[] = rawurldecode(substr($token->system, strlen(Names::LOCAL)));
            } else {
                $sql[] = 'FALSE';
            }
        }
        return ['(' . implode(' AND ', $sql) . ')', $params];
    }

    /**
     * A page of what holds, in the order of the numbers.
     *
     * @param \Closure(array<string, string|int|float|null>): array<string, mixed> $make
     */
    public function page(
        Database $database,
        string $select,
        string $from,
        string $id,
        Query $query,
        \Closure $make
    ): Page {
        $count = static fn (self $all): int => (int) $database->value(
            "SELECT COUNT(*) FROM $from WHERE " . implode(' AND ', $all->parts),
            $all->params
        );
        if ($query->count === 0) {
            return new Page([], null, $count($this));
        }
        $part = clone $this;
        if ($query->cursor !== null) {
            if (preg_match('/^\d{1,10}$/D', $query->cursor) !== 1) {
                throw new Refused(400, 'value', 'The place to go on from is none that was given for this search.');
            }
            $part->that("$id > ?", (int) $query->cursor);
        }
        $rows = $database->rows(
            $select . $from . ' WHERE ' . implode(' AND ', $part->parts) . " ORDER BY $id LIMIT " . ($query->count + 1),
            $part->params
        );
        $more = count($rows) > $query->count;
        $rows = array_slice($rows, 0, $query->count);
        $last = end($rows);
        return new Page(
            array_map($make, $rows),
            $more && $last !== false ? (string) $last['id'] : null,
            $query->total ? $count($this) : ($more || $query->cursor !== null ? null : count($rows))
        );
    }

    /** @param list<mixed> $values */
    private static function marks(array $values, string $mark): string
    {
        return implode(', ', array_fill(0, count($values), $mark));
    }
}
