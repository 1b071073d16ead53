<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/**
 * The SQL of a Query over the kept resources.
 *
 * Pages follow each other by key, never by offset. Ids count up with time (ResourceId), so that in their order what is
 * added while somebody pages comes last, and a change moves nothing: nothing is lost and nothing comes twice. In the
 * order of _lastUpdated a resource that is changed meanwhile moves, forward to where it comes (again).
 */
final class StoreSearch
{
    /** @var list<string> */
    private array $where = ['r.type = ?'];

    /** @var list<scalar|null> */
    private array $params;

    /** @param bool $locking read what is there now, past the snapshot of a transaction that began earlier */
    public function __construct(private readonly Query $query, private readonly bool $locking = false)
    {
        $this->params = [$query->type];
        $this->among('r.id', $query->ids);
        $this->among('r.patient', $query->patients);
        foreach ($query->lastUpdated as $range) {
            $this->updated($range);
        }
        foreach ($query->tokens as $name => $filters) {
            foreach ($filters as $values) {
                $name === 'status' ? $this->status($values) : $this->token($name, $values);
            }
        }
        if ($query->encounters !== null) {
            $this->target('encounter', array_map(
                static fn(string $id): Reference => new Reference('Encounter', $id),
                $query->encounters
            ));
        }
        foreach ($query->references as $name => $filters) {
            foreach ($filters as $targets) {
                $this->target($name, $targets);
            }
        }
        foreach ($query->dates as $name => $ranges) {
            foreach ($ranges as $range) {
                $this->date($name, $range);
            }
        }
    }

    /**
     * One row more than a page holds, so that it shows whether another page follows.
     *
     * @return array{string, list<scalar|null>}
     */
    public function page(): array
    {
        $down = $this->query->sort === '-_lastUpdated';
        $order = match ($this->query->sort) {
            '_lastUpdated' => 'r.last_updated, r.id',
            '-_lastUpdated' => 'r.last_updated DESC, r.id DESC',
            default => 'r.id',
        };
        $where = $this->where;
        $params = $this->params;
        if ($this->query->cursor !== null) {
            [$at, $id] = self::cursor($this->query->cursor, $this->query->sort);
            $sign = $down ? '<' : '>';
            $where[] = $at === null ? 'r.id > ?'
                : "(r.last_updated $sign= ? AND (r.last_updated $sign ? OR r.id $sign ?))";
            array_push($params, ...($at === null ? [$id] : [$at, $at, $id]));
        }
        $limit = $this->query->count + 1;
        $sql = 'SELECT r.id, r.version, r.last_updated, r.json FROM massage_billing_resource r WHERE '
            . implode(' AND ', $where) . " ORDER BY $order LIMIT $limit{$this->lock()}";
        return [$sql, $params];
    }

    /** @return array{string, list<scalar|null>} */
    public function total(): array
    {
        return [
            'SELECT COUNT(*) FROM massage_billing_resource r WHERE ' . implode(' AND ', $this->where),
            $this->params,
        ];
    }

    /**
     * Where the page after a row begins.
     *
     * @param array<string, string|int|float|null> $row
     */
    public static function after(array $row, string $sort): string
    {
        return $sort === '' ? (string) $row['id']
            : strtr((string) $row['last_updated'], ' ', 'T') . '/' . $row['id'];
    }

    /** @return array{string|null, string} */
    private static function cursor(string $cursor, string $sort): array
    {
        $time = '(?:(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})/)?';
        $known = preg_match("~^$time([0-9a-f-]{36})$~D", $cursor, $found, PREG_UNMATCHED_AS_NULL) === 1;
        if (!$known || ($found[1] === null) !== ($sort === '')) {
            throw new Refused(400, 'value', 'The place to go on from is none that was given for this search.');
        }
        return [$found[1] === null ? null : strtr($found[1], 'T', ' '), (string) $found[2]];
    }

    /** @param list<string>|null $values */
    private function among(string $column, ?array $values): void
    {
        if ($values !== null) {
            $this->where[] = $values === [] ? 'FALSE' : "$column IN (" . self::marks($values) . ')';
            array_push($this->params, ...$values);
        }
    }

    private function updated(DateRange $range): void
    {
        if ($range->prefix === 'ne') {
            $this->where[] = 'NOT (r.last_updated >= ? AND r.last_updated < ?)';
            array_push($this->params, Index::moment($range->start), Index::moment($range->end));
            return;
        }
        foreach (['>=' => $range->since(), '<' => $range->before()] as $sign => $moment) {
            if ($moment !== null) {
                $this->where[] = "r.last_updated $sign ?";
                $this->params[] = Index::moment($moment);
            }
        }
    }

    /** @param list<TokenValue> $values a code, whose system nobody writes: what is given of it is not looked at */
    private function status(array $values): void
    {
        $this->among('r.status', array_values(array_filter(array_map(
            static fn(TokenValue $one): ?string => $one->value,
            $values
        ), is_string(...))));
    }

    /** @param list<TokenValue> $values */
    private function token(string $name, array $values): void
    {
        $code = (Types::search($this->query->type)[$name][0] ?? '') === 'code';
        $either = [];
        $params = [];
        foreach ($values as $one) {
            $parts = [];
            if ($one->value !== null) {
                $parts[] = 't.value = ?';
                $params[] = Token::key($one->value);
            }
            if ($one->system !== null && !$code) {
                $parts[] = 't.system = ?';
                $params[] = Token::key($one->system);
            }
            $either[] = $parts === [] ? 'FALSE' : implode(' AND ', $parts);
        }
        $this->indexed('massage_billing_token', $name, $either, $params);
    }

    /** @param list<Reference> $targets */
    private function target(string $name, array $targets): void
    {
        $either = [];
        $params = [];
        $by = [];
        foreach ($targets as $one) {
            $by[(string) $one->type][] = $one->id;
        }
        foreach ($by as $type => $ids) {
            $either[] = 't.target_id IN (' . self::marks($ids) . ')' . ($type === '' ? '' : ' AND t.target_type = ?');
            array_push($params, ...$ids, ...($type === '' ? [] : [$type]));
        }
        $this->indexed('massage_billing_reference', $name, $either, $params);
    }

    /** An element's date means a span of time too: value is its first moment, system the first after it. */
    private function date(string $name, DateRange $range): void
    {
        $start = Index::moment($range->start);
        $end = Index::moment($range->end);
        $within = '(t.value >= ? AND t.system <= ?)';
        [$sql, $params] = match ($range->prefix) {
            'ne' => ["NOT $within", [$start, $end]],
            'gt' => ['t.system > ?', [$end]],
            'lt' => ['t.value < ?', [$start]],
            'ge' => ["(t.system > ? OR $within)", [$end, $start, $end]],
            'le' => ["(t.value < ? OR $within)", [$start, $start, $end]],
            'sa' => ['t.value >= ?', [$end]],
            'eb' => ['t.system <= ?', [$start]],
            'ap' => ['(t.value < ? AND t.system > ?)', [$end, $start]],
            default => [$within, [$start, $end]],
        };
        $this->indexed('massage_billing_token', $name, [$sql], $params);
    }

    /**
     * @param list<string> $either conditions of which one has to hold
     * @param list<scalar> $params
     */
    private function indexed(string $table, string $name, array $either, array $params): void
    {
        if ($either === []) {
            $this->where[] = 'FALSE';
            return;
        }
        $conditions = implode(' OR ', array_map(static fn(string $one): string => "($one)", $either));
        $this->where[] = "r.id IN (SELECT t.resource FROM $table t WHERE t.type = ? AND t.name = ?"
            . " AND ($conditions){$this->lock()})";
        array_push($this->params, $this->query->type, $name, ...$params);
    }

    /** MariaDB locks the rows of a subquery only where it says so itself. */
    private function lock(): string
    {
        return $this->locking ? ' LOCK IN SHARE MODE' : '';
    }

    /** @param list<string> $values */
    private static function marks(array $values): string
    {
        return implode(', ', array_fill(0, count($values), '?'));
    }
}
