<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/**
 * A JSON object whose numbers keep their spelling: 12.50 stays 12.50, which PHP's own json_decode and json_encode lose
 * (FHIR R4, datatypes.html#decimal: the precision of a decimal is part of its meaning).
 *
 * The text is checked by PHP's parser, then cut into tokens. The members of the object are kept as the tokens they were
 * written with, less white space. A member that stands twice is refused: two readers would take two different ones.
 */
final class JsonText
{
    /** How deep objects and arrays may be nested; FHIR's own resources need fewer than 20. */
    public const DEPTH = 64;

    /** A whole string, one mark, or a run of everything else: numbers and the words true, false, null. */
    private const TOKEN = '/"[^"\\\\]*+(?:\\\\.[^"\\\\]*+)*+"|[{}\[\],:]|[^\s{}\[\],:"]++/s';

    /** Whole numbers of so many characters fit into an int. */
    private const INT = 18;

    /**
     * @param array<string, mixed> $json the object; whole numbers are ints, all other numbers strings as written
     * @param array<string, string> $members the value of each member as JSON without white space
     */
    private function __construct(public readonly array $json, public readonly array $members)
    {
    }

    /** Read a text that has to be one JSON object; Refused (400) where it is none. */
    public static function parse(string $text): self
    {
        try {
            $plain = json_decode($text, true, self::DEPTH, JSON_THROW_ON_ERROR);
        } catch (\JsonException $fault) {
            throw new Refused(400, 'structure', self::explain($fault));
        }
        preg_match_all(self::TOKEN, $text, $found);
        $tokens = $found[0];
        if (!is_array($plain) || ($tokens[0] ?? '') !== '{') {
            throw new Refused(400, 'structure', 'The body has to be one JSON object.');
        }
        $members = self::members($tokens);
        $quoted = implode('', array_map(self::quoted(...), $tokens));
        return new self(json_decode($quoted, true, self::DEPTH, JSON_THROW_ON_ERROR), $members);
    }

    /**
     * The members of the outermost object; Refused where any object has a member twice.
     *
     * @param list<string> $tokens
     * @return array<string, string>
     */
    private static function members(array $tokens): array
    {
        $members = [];
        $open = []; // of each object that is not closed yet the names so far; of an array null
        $atName = false;
        $name = null;
        foreach ($tokens as $token) {
            $level = count($open);
            if ($token === '{' || $token === '[') {
                $atName = $token === '{';
                $open[] = $atName ? [] : null;
                $kept = $level > 0;
            } elseif ($token === '}' || $token === ']') {
                $atName = false;
                array_pop($open);
                $kept = $level > 1;
            } elseif ($token === ',' || $token === ':') {
                $atName = $token === ',' && $open[$level - 1] !== null;
                $kept = $level > 1;
            } elseif ($atName) {
                $atName = false;
                $said = json_decode($token);
                if (isset($open[$level - 1][$said])) {
                    throw new Refused(400, 'structure', 'A member stands twice in one JSON object.');
                }
                $open[$level - 1][$said] = true;
                $kept = $level > 1;
                if (!$kept) {
                    $name = $said;
                    $members[$name] = '';
                }
            } else {
                $kept = true;
            }
            if ($kept) {
                $members[$name] .= $token;
            }
        }
        return $members;
    }

    /** A token as PHP may read it: a number that PHP would change is made a string. */
    private static function quoted(string $token): string
    {
        if (strpbrk($token[0], '-0123456789') === false) {
            return $token;
        }
        return strlen($token) > self::INT || strpbrk($token, '.eE') !== false ? "\"$token\"" : $token;
    }

    private static function explain(\JsonException $fault): string
    {
        return match ($fault->getCode()) {
            JSON_ERROR_DEPTH => 'The body is nested too deep.',
            JSON_ERROR_UTF8, JSON_ERROR_UTF16 => 'The body is not in UTF-8.',
            default => 'The body is no JSON.',
        };
    }
}
