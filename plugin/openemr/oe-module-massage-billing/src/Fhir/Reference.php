<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** A type and an id on this server, as a literal reference or a search value names them. */
final class Reference
{
    private const FORM = '~^([A-Z][A-Za-z]+)/([A-Za-z0-9.:_-]{1,64})(/_history/[A-Za-z0-9.-]{1,64})?$~D';

    /** @param string|null $type null only where a search value left it out */
    public function __construct(public readonly ?string $type, public readonly string $id)
    {
    }

    /** From "Claim/12", with a version or this server's base too; null where it names nothing on this server. */
    public static function parse(string $literal, string $base): ?self
    {
        if ($base !== '' && str_starts_with($literal, "$base/")) {
            $literal = substr($literal, strlen($base) + 1);
        }
        if (preg_match(self::FORM, $literal, $found) === 1) {
            return new self($found[1], self::id($found[2]));
        }
        return null;
    }

    /** An id as it is compared: a UUID in small letters, for core's are kept as bytes. */
    public static function id(string $id): string
    {
        return self::isUuid($id) ? strtolower($id) : $id;
    }

    public static function isUuid(string $id): bool
    {
        return preg_match('/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/Di', $id) === 1;
    }
}
