<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

use OpenEMR\Modules\MassageBilling\Fhir\Query;
use OpenEMR\Modules\MassageBilling\Fhir\QueryParser;

/**
 * A search for Procedures, read.
 *
 * What core knows is known (patient, date, _id, _lastUpdated, _revinclude, and _sort, _offset, which have no effect in
 * core either); encounter, code, status, subject and _cursor are new. Parameters that only shape the answer (_elements,
 * _summary, _contained) are left aside: everything comes. Any other is refused: core finds nothing then, and says so to
 * nobody.
 */
final class Asked
{
    /** Search parameters that ours have: name => FHIR type. */
    public const PARAMETERS = [
        '_id' => 'token',
        '_lastUpdated' => 'date',
        'patient' => 'reference',
        'subject' => 'reference',
        'encounter' => 'reference',
        'code' => 'token',
        'status' => 'token',
        'date' => 'date',
    ];

    private const SHAPE = ['_sort', '_offset', '_elements', '_contained', '_containedType', '_pretty'];

    /** Rows of a page where no number is asked for. */
    private const MOST = 1000;

    /**
     * @param list<Performed> $dates each has to hold
     * @param list<string> $changed values of _lastUpdated as they were written
     * @param bool $isCounted whether the client asked for a number a page
     * @param bool $provenance whether Provenances are wanted too
     * @param list<array{string, string}> $pairs what a next link brings along
     */
    private function __construct(
        public readonly Query $query,
        public readonly array $dates,
        public readonly array $changed,
        public readonly bool $isCounted,
        public readonly bool $provenance,
        public readonly array $pairs,
    ) {
    }

    /** @param list<array{string, string}> $pairs */
    public static function read(array $pairs, string $base, \DateTimeImmutable $now): self
    {
        $dates = [];
        $changed = [];
        $plain = [];
        $provenance = false;
        $isCounted = false;
        foreach ($pairs as [$name, $value]) {
            if ($name === 'date') {
                $dates[] = Performed::parse($value, $now);
            } elseif ($name === '_revinclude' && $value === 'Provenance:target') {
                $provenance = true;
            } elseif (!in_array($name, self::SHAPE, true) && !self::isSummary($name, $value)) {
                $plain[] = [$name, $value];
                $isCounted = $isCounted || $name === '_count' || $name === '_summary';
                if ($name === '_lastUpdated') {
                    $changed[] = $value;
                }
            }
        }
        $known = array_diff_key(self::PARAMETERS, ['date' => '']);
        $query = QueryParser::parse('Procedure', $plain, $known, $base, $now);
        return new self(
            $isCounted ? $query : $query->with(count: self::MOST),
            $dates,
            $changed,
            $isCounted,
            $provenance,
            array_values(array_filter($pairs, static fn (array $pair): bool => $pair[0] !== '_cursor')),
        );
    }

    /** The same, of one patient only. */
    public function of(string $patient): self
    {
        return new self(
            $this->query->of($patient),
            $this->dates,
            $this->changed,
            $this->isCounted,
            $this->provenance,
            $this->pairs,
        );
    }

    private static function isSummary(string $name, string $value): bool
    {
        return $name === '_summary' && in_array($value, ['true', 'text', 'data'], true);
    }
}
