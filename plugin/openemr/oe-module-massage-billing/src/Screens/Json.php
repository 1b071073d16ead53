<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

/** Reads FHIR JSON that others wrote: what is missing or of another shape is empty, never an error on a page. */
final class Json
{
    /** @return array<string, mixed> the resource; empty where the text is no JSON object */
    public static function read(mixed $text): array
    {
        $found = is_string($text) ? json_decode($text, true) : null;
        return is_array($found) ? $found : [];
    }

    /** The text at a path of keys; "" where there is none. */
    public static function text(mixed $value, string|int ...$path): string
    {
        $found = self::at($value, ...$path);
        return is_string($found) || is_int($found) || is_float($found) ? (string) $found : '';
    }

    /** @return list<array<string, mixed>> the objects of the array at a path */
    public static function objects(mixed $value, string|int ...$path): array
    {
        $found = self::at($value, ...$path);
        return is_array($found) ? array_values(array_filter($found, 'is_array')) : [];
    }

    /** The logical id of a reference such as "Appointment/9b0a…"; "" where it is of another type. */
    public static function id(mixed $reference, string $type): string
    {
        $text = self::text($reference, 'reference');
        return str_starts_with($text, "$type/") ? explode('/', $text)[1] : '';
    }

    /** Whether a coded element holds this code of this system. */
    public static function coded(mixed $concept, string $system, string $code): bool
    {
        foreach (self::objects($concept, 'coding') as $coding) {
            if (($coding['system'] ?? '') === $system && ($coding['code'] ?? '') === $code) {
                return true;
            }
        }
        return false;
    }

    /** What stands at a path of keys, of whatever type; null where there is nothing. */
    public static function at(mixed $value, string|int ...$path): mixed
    {
        foreach ($path as $key) {
            if (!is_array($value) || !array_key_exists($key, $value)) {
                return null;
            }
            $value = $value[$key];
        }
        return $value;
    }
}
