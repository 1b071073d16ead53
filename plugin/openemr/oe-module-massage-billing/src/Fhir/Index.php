<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** By what a resource is found: the columns and rows that are written beside it, made from its elements by Types. */
final class Index
{
    /**
     * @param list<array{string, string, string}> $tokens parameter, system, value; of a date its end and its start
     * @param list<array{string, string, string}> $references parameter, target type, target id
     */
    private function __construct(
        public readonly string $status,
        public readonly ?string $patient,
        public readonly ?string $encounter,
        public readonly array $tokens,
        public readonly array $references
    ) {
    }

    /**
     * @param array<string, mixed> $json
     * @param string|null $patient whose it is, where no element of it says so
     */
    public static function of(string $type, array $json, string $base, ?string $patient): self
    {
        $tokens = [];
        $references = [];
        foreach (Types::search($type) as $name => [$kind, $path]) {
            $values = $path === '' || in_array($name, ['_id', '_lastUpdated', 'status'], true) ? []
                : Elements::at($json, $path);
            foreach ($values as $value) {
                match ($kind) {
                    'reference' => array_push($references, ...self::reference($name, $value, $base)),
                    'date' => array_push($tokens, ...self::date($name, $value)),
                    default => array_push($tokens, ...self::token($name, $value)),
                };
            }
        }
        $own = self::first($json, [Types::patient($type)], 'Patient', $base);
        return new self(
            is_string($json['status'] ?? null) ? $json['status'] : '',
            Types::patient($type) === '' ? $patient : $own,
            self::first($json, Types::encounter($type), 'Encounter', $base),
            self::once($tokens),
            self::once($references)
        );
    }

    /** @return list<array{string, string, string}> */
    private static function token(string $name, mixed $value): array
    {
        return array_map(
            static fn(Token $one): array => [$name, Token::key($one->system), Token::key($one->value)],
            Token::of($value)
        );
    }

    /** @return list<array{string, string, string}> a date as the span it means */
    private static function date(string $name, mixed $value): array
    {
        if (!is_string($value) || !ctype_digit($value[0] ?? '')) {
            throw new Refused(400, 'value', "The value of $name is no FHIR date.");
        }
        $span = DateRange::parse($name, $value, new \DateTimeImmutable('@0'));
        return [[$name, self::moment($span->end), self::moment($span->start)]];
    }

    /** @return list<array{string, string, string}> */
    private static function reference(string $name, mixed $value, string $base): array
    {
        $literal = is_array($value) ? ($value['reference'] ?? null) : null;
        $named = is_string($literal) ? Reference::parse($literal, $base) : null;
        return $named === null ? [] : [[$name, (string) $named->type, $named->id]];
    }

    /**
     * @param array<string, mixed> $json
     * @param list<string> $paths
     */
    private static function first(array $json, array $paths, string $type, string $base): ?string
    {
        foreach ($paths as $path) {
            foreach ($path === '' ? [] : Elements::at($json, $path) as $value) {
                foreach (self::reference('', $value, $base) as [, $named, $id]) {
                    if ($named === $type) {
                        return $id;
                    }
                }
            }
        }
        return null;
    }

    /**
     * @param list<array{string, string, string}> $rows
     * @return list<array{string, string, string}>
     */
    private static function once(array $rows): array
    {
        $found = [];
        foreach ($rows as $row) {
            $found[implode("\0", $row)] = $row;
        }
        return array_values($found);
    }

    /** A moment as it stands in the index and in the database: UTC, to the millisecond. */
    public static function moment(\DateTimeImmutable $at): string
    {
        return $at->setTimezone(new \DateTimeZone('UTC'))->format('Y-m-d H:i:s.v');
    }
}
