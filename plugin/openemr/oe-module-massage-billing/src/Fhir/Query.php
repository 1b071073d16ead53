<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** What is searched for, of one type. Everything that is set has to hold. */
final class Query
{
    /** The patient, where exactly one is asked for. */
    public readonly ?string $patient;

    /** The encounter, where exactly one is asked for. */
    public readonly ?string $encounter;

    /**
     * @param list<string>|null $ids logical ids, any of them; null: whichever
     * @param list<string>|null $patients the same of the patients (parameters `patient` and `subject`)
     * @param list<string>|null $encounters the same of the encounters (parameter `encounter`)
     * @param list<DateRange> $lastUpdated each has to hold
     * @param array<string, list<list<TokenValue>>> $tokens by parameter: of each inner list one has to hold
     * @param array<string, list<list<Reference>>> $references by parameter: of each inner list one has to hold
     * @param array<string, list<DateRange>> $dates by parameter: each has to hold
     * @param int $count how many at most; 0: only their number is asked for
     * @param string|null $cursor the `next` of the page before; null: the first page
     * @param string $sort "", "_lastUpdated" or "-_lastUpdated"
     * @param bool $total whether the number of all matches is wanted
     */
    public function __construct(
        public readonly string $type,
        public readonly ?array $ids = null,
        public readonly ?array $patients = null,
        public readonly ?array $encounters = null,
        public readonly array $lastUpdated = [],
        public readonly array $tokens = [],
        public readonly array $references = [],
        public readonly array $dates = [],
        public readonly int $count = 100,
        public readonly ?string $cursor = null,
        public readonly string $sort = '',
        public readonly bool $total = false
    ) {
        $this->patient = $patients !== null && count($patients) === 1 ? $patients[0] : null;
        $this->encounter = $encounters !== null && count($encounters) === 1 ? $encounters[0] : null;
    }

    /** The same with some properties changed. */
    public function with(mixed ...$changed): self
    {
        $all = get_object_vars($this);
        unset($all['patient'], $all['encounter']);
        return new self(...array_replace($all, $changed));
    }

    /** The same, of one patient only: what a patient's own token may see. */
    public function of(string $patient): self
    {
        $asked = $this->patients;
        return $this->with(patients: $asked === null || in_array($patient, $asked, true) ? [$patient] : []);
    }
}
