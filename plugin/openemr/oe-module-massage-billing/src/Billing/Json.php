<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** Reads parts of a decoded FHIR resource, whatever stands there. */
final class Json
{
    /**
     * The objects of a repeating element.
     *
     * @return list<array<string, mixed>>
     */
    public static function children(mixed $parent, string $name): array
    {
        $found = is_array($parent) ? ($parent[$name] ?? []) : [];
        return is_array($found) ? array_values(array_filter($found, 'is_array')) : [];
    }

    /** @return array<string, mixed> an object, empty where there is none */
    public static function child(mixed $parent, string $name): array
    {
        $found = is_array($parent) ? ($parent[$name] ?? []) : [];
        return is_array($found) ? $found : [];
    }

    /** A text; "" where there is none. */
    public static function text(mixed $parent, string $name): string
    {
        $found = is_array($parent) ? ($parent[$name] ?? '') : '';
        return is_string($found) ? $found : '';
    }

    /**
     * Logical id of a reference to a type: "Patient/5f…", with or without a base URL and a version; null where it is
     * none.
     */
    public static function id(mixed $reference, string $type): ?string
    {
        $text = self::text($reference, 'reference');
        $pattern = '~(?:^|/)' . $type . '/([A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]+)?$~';
        return preg_match($pattern, $text, $found) ? strtolower($found[1]) : null;
    }

    /**
     * Codes that a concept has in one of some systems.
     *
     * @param array<string, mixed> $concept
     * @return list<array{string, string}> (system, code)
     */
    public static function codes(array $concept, string ...$systems): array
    {
        $found = [];
        foreach (self::children($concept, 'coding') as $coding) {
            $system = self::text($coding, 'system');
            $code = self::text($coding, 'code');
            if ($code !== '' && in_array($system, $systems, true)) {
                $found[] = [$system, $code];
            }
        }
        return $found;
    }

    /** The value of the identifier of a system; null where there is none. */
    public static function identifier(mixed $resource, string $system): ?string
    {
        foreach (self::children($resource, 'identifier') as $identifier) {
            if (self::text($identifier, 'system') === $system && self::text($identifier, 'value') !== '') {
                return self::text($identifier, 'value');
            }
        }
        return null;
    }
}
