<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** The condition of a conditional create (FHIR R4, http.html#ccreate). */
final class Condition
{
    /** @param string $hash equal for conditions that ask the same, as hex */
    private function __construct(public readonly Query $query, public readonly string $hash)
    {
    }

    /** From the If-None-Exist header, "identifier=system|value&status=active", with or without a "?" before it. */
    public static function parse(string $type, string $written, string $base, \DateTimeImmutable $now): self
    {
        $pairs = Pairs::split(ltrim($written, '?'));
        $asked = array_values(array_filter($pairs, static fn(array $pair): bool => $pair[1] !== ''));
        $query = QueryParser::parse($type, $asked, Types::parameters($type), $base, $now);
        $free = [$query->ids, $query->patients, $query->encounters] === [null, null, null]
            && [...$query->tokens, ...$query->references, ...$query->dates, ...$query->lastUpdated] === [];
        if ($free || $asked !== $pairs) {
            throw new Refused(400, 'value', 'If-None-Exist has to be a search by which one resource can be found.');
        }
        sort($asked);
        return new self($query, hash('sha256', $type . '?' . Json::encode($asked)));
    }
}
