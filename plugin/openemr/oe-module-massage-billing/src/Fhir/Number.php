<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** A decimal that Json writes as it is spelled here: new Number('12.50') becomes 12.50. For amounts of money. */
final class Number implements \JsonSerializable
{
    /** Stands before and after the digits while json_encode has the array; noncharacters never come in a text. */
    public const MARK = "\u{FDD0}";

    public function __construct(public readonly string $spelling)
    {
        if (preg_match('/^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/D', $spelling) !== 1) {
            throw new \InvalidArgumentException('This is no decimal.');
        }
    }

    public function jsonSerialize(): string
    {
        return self::MARK . $this->spelling . self::MARK;
    }

    /** A JSON text with the marked strings turned into the numbers they stand for. */
    public static function spelled(string $text): string
    {
        return (string) preg_replace('/"' . self::MARK . '([-0-9.]+)' . self::MARK . '"/u', '$1', $text);
    }
}
