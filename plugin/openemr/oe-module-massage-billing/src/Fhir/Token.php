<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** A code, a coding or an identifier as it is indexed. */
final class Token
{
    /** Longer texts are indexed by their digest, or the column would cut them off and make different ones equal. */
    private const LENGTH = 200;

    public function __construct(public readonly string $system, public readonly string $value)
    {
    }

    /**
     * What a value of an element is searched by: a code, a Coding, an Identifier, a CodeableConcept.
     *
     * @return list<self>
     */
    public static function of(mixed $value): array
    {
        if (is_string($value)) {
            return [new self('', $value)];
        }
        if (!is_array($value)) {
            return [];
        }
        if (is_array($value['coding'] ?? null)) {
            return array_merge(...array_values(array_map(self::of(...), $value['coding'])));
        }
        $said = $value['code'] ?? $value['value'] ?? null;
        $system = $value['system'] ?? '';
        return is_string($said) && is_string($system) ? [new self($system, $said)] : [];
    }

    /** A text as it stands in the index. MariaDB takes "a" and "a " for equal: what ends with a space is digested. */
    public static function key(string $text): string
    {
        $whole = mb_strlen($text, 'UTF-8') <= self::LENGTH && !str_ends_with($text, ' ');
        return $whole ? $text : 'sha256:' . hash('sha256', $text);
    }
}
