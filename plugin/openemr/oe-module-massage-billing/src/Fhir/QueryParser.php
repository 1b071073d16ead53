<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** Reads the parameters of a search (FHIR R4, search.html) into a Query. A parameter that is not known is refused. */
final class QueryParser
{
    private const COUNT = 100;
    private const MOST = 1000;

    /** Values that one parameter may list. */
    private const VALUES = 1000;

    /** @var list<string> */
    private array $unknown = [];

    /** @var array<string, mixed> */
    private array $read = [];

    /** @param array<string, string> $parameters search parameter => "token", "reference" or "date" */
    private function __construct(
        private readonly string $type,
        private readonly array $parameters,
        private readonly string $base,
        private readonly \DateTimeImmutable $now
    ) {
    }

    /**
     * @param list<array{string, string}> $pairs names and values, unquoted, in their order
     * @param array<string, string> $parameters what the type can be searched by
     * @param list<string>|null $unknown where it is given, parameters that are not known come there and are left out
     */
    public static function parse(
        string $type,
        array $pairs,
        array $parameters,
        string $base,
        \DateTimeImmutable $now,
        ?array &$unknown = null
    ): Query {
        $parser = new self($type, $parameters, $base, $now);
        $lenient = func_num_args() > 5;
        foreach ($pairs as [$name, $value]) {
            $parser->one($name, $value);
        }
        $unknown = $parser->unknown;
        if (!$lenient) {
            self::refuse($type, $unknown);
        }
        return new Query($type, ...$parser->read);
    }

    /**
     * Refused (400) where there are parameters that are not known.
     *
     * @param list<string> $unknown
     */
    public static function refuse(string $type, array $unknown): void
    {
        if ($unknown !== []) {
            $names = implode(', ', array_map(static fn(string $one): string => "`$one`", $unknown));
            throw new Refused(400, 'not-supported', "$type is not searched by $names here.");
        }
    }

    private function one(string $written, string $value): void
    {
        [$name, $modifier] = array_pad(explode(':', $written, 2), 2, null);
        if ($this->control($name, $modifier, $value)) {
            return;
        }
        $kind = $this->parameters[$name] ?? null;
        $fits = $modifier === null || ($kind === 'reference' && preg_match('/^[A-Z][A-Za-z]+$/D', $modifier) === 1);
        if ($kind === null || !$fits) {
            $this->unknown[] = $written;
            return;
        }
        if ($value === '') {
            throw new Refused(400, 'value', "The value of $name is empty.");
        }
        match (true) {
            $name === '_id' => $this->among('ids', array_map(Reference::id(...), $this->values($name, $value))),
            $name === '_lastUpdated' => $this->read['lastUpdated'][] = $this->date($name, $value),
            $kind === 'date' => $this->read['dates'][$name][] = $this->date($name, $value),
            $kind === 'reference' => $this->reference($name, $modifier, $value),
            default => $this->read['tokens'][$name][] = array_map(
                self::token(...),
                $this->values($name, $value)
            ),
        };
    }

    /** Parameters that say how the answer looks. Whether it was one. */
    private function control(string $name, ?string $modifier, string $value): bool
    {
        if ($modifier !== null) {
            return false;
        }
        switch ($name) {
            case '_count':
                $this->read['count'] = $this->count($value);
                return true;
            case '_cursor':
                $this->read['cursor'] = $value;
                return true;
            case '_sort':
                return $this->sort($value);
            case '_total':
                $this->read['total'] = $value === 'accurate' || $value === 'estimate';
                return in_array($value, ['none', 'accurate', 'estimate'], true);
            case '_summary':
                if ($value === 'count') {
                    $this->read['count'] = 0;
                }
                return $value === 'count' || $value === 'false';
            case '_format':
                return preg_match('~^(json|(application|text)/(fhir ?\+? ?)?json.*)$~D', $value) === 1;
            case '_pretty':
                return true;
        }
        return false;
    }

    private function count(string $value): int
    {
        if (preg_match('/^[0-9]{1,9}$/D', $value) !== 1) {
            throw new Refused(400, 'value', 'The value of _count is no number.');
        }
        return min((int) $value, self::MOST);
    }

    private function sort(string $value): bool
    {
        $known = in_array($value, ['_lastUpdated', '-_lastUpdated'], true)
            && isset($this->parameters['_lastUpdated']);
        if ($known) {
            $this->read['sort'] = $value;
        }
        return $known;
    }

    private function reference(string $name, ?string $type, string $value): void
    {
        $found = [];
        foreach ($this->values($name, $value) as $one) {
            $named = Reference::parse($one, $this->base);
            if ($named === null && preg_match('/^[A-Za-z0-9.:_-]{1,64}$/D', $one) === 1) {
                $named = new Reference($type, Reference::id($one));
            }
            if ($named !== null && ($type === null || $named->type === $type)) {
                $found[] = $named;
            } // a reference to elsewhere, or of another type, matches nothing here
        }
        $only = ['patient' => 'Patient', 'subject' => 'Patient', 'encounter' => 'Encounter'][$name] ?? null;
        if ($only === null) {
            $this->read['references'][$name][] = $found;
            return;
        }
        $ids = [];
        foreach ($found as $one) {
            if ($one->type === null || $one->type === $only) {
                $ids[] = $one->id;
            }
        }
        $this->among($only === 'Patient' ? 'patients' : 'encounters', $ids);
    }

    /** @param list<string> $ids of a parameter that is given again, what is in both */
    private function among(string $name, array $ids): void
    {
        $before = $this->read[$name] ?? null;
        $this->read[$name] = $before === null ? array_values(array_unique($ids))
            : array_values(array_intersect($before, $ids));
    }

    private function date(string $name, string $value): DateRange
    {
        if (str_contains($value, ',')) {
            throw new Refused(400, 'not-supported', "$name takes one date; give it again for a second one.");
        }
        return DateRange::parse($name, $value, $this->now);
    }

    /** @return list<string> the values between commas, still escaped */
    private function values(string $name, string $value): array
    {
        $values = preg_split('/(?<!\\\\)(?:\\\\\\\\)*\K,/', $value) ?: [];
        if (count($values) > self::VALUES) {
            throw new Refused(400, 'too-costly', "$name lists more than " . self::VALUES . ' values.');
        }
        return $values;
    }

    private static function token(string $value): TokenValue
    {
        $parts = preg_split('/(?<!\\\\)(?:\\\\\\\\)*\K\|/', $value, 2) ?: [''];
        $plain = array_map(self::unescaped(...), $parts);
        if (count($plain) === 1) {
            return new TokenValue(null, $plain[0]);
        }
        if ($plain === ['', '']) {
            throw new Refused(400, 'value', 'A token has neither a system nor a value.');
        }
        return new TokenValue($plain[0], $plain[1] === '' ? null : $plain[1]);
    }

    private static function unescaped(string $value): string
    {
        return (string) preg_replace('/\\\\([\\\\,|$])/', '$1', $value);
    }
}
