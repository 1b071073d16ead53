<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/**
 * The parameters of a URL or a form, each as often as it was given. (PHP's own $_GET keeps the last of several, and
 * writes "_" where a name has a ".".)
 */
final class Pairs
{
    /** @return list<array{string, string}> */
    public static function split(string $query): array
    {
        $pairs = [];
        foreach (explode('&', $query) as $part) {
            if ($part !== '') {
                [$name, $value] = array_pad(explode('=', $part, 2), 2, '');
                $pairs[] = [self::text($name), self::text($value)];
            }
        }
        return $pairs;
    }

    /** @param list<array{string, string}> $pairs */
    public static function join(array $pairs): string
    {
        return implode('&', array_map(
            static fn(array $pair): string => rawurlencode($pair[0]) . '=' . rawurlencode($pair[1]),
            $pairs
        ));
    }

    private static function text(string $quoted): string
    {
        $text = urldecode($quoted);
        if (preg_match('//u', $text) !== 1) {
            throw new Refused(400, 'value', 'The parameters are not in UTF-8.');
        }
        return $text;
    }
}
