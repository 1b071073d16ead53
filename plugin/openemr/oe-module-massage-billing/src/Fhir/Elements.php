<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** Walks a resource: the values of an element, however often any part of it is repeated. */
final class Elements
{
    /**
     * Every value at a path, "item.encounter".
     *
     * @param array<string, mixed> $resource
     * @return list<mixed>
     */
    public static function at(array $resource, string $path): array
    {
        $values = [$resource];
        foreach ($path === '' ? [] : explode('.', $path) as $step) {
            $next = [];
            foreach ($values as $value) {
                $found = is_array($value) ? ($value[$step] ?? null) : null;
                if (is_array($found) && array_is_list($found)) {
                    array_push($next, ...$found);
                } elseif ($found !== null) {
                    $next[] = $found;
                }
            }
            $values = $next;
        }
        return $values;
    }

    /**
     * Every literal reference in a resource, by where it stands: "Claim.insurance[0].coverage" => "Coverage/1".
     *
     * @param array<string, mixed> $resource
     * @return array<string, string>
     */
    public static function references(array $resource, string $at): array
    {
        $found = [];
        foreach ($resource as $name => $value) {
            if ($name === 'reference' && is_string($value)) {
                $found[$at] = $value;
            } elseif (is_array($value)) {
                $found += self::references($value, is_int($name) ? "{$at}[$name]" : "$at.$name");
            }
        }
        return $found;
    }
}
