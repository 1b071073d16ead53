<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** Reads the lines of a Claim; see ClaimReader. */
final class LineReader
{
    /** 837P SV101 carries 4 modifiers, SV107 4 pointers; billing.modifier has 12 characters, billing.justify 255. */
    private const MOST_MODIFIERS = 4;
    private const MOST_POINTERS = 4;
    private const CODE_TYPES = [Names::CPT => 'CPT4', Names::HCPCS => 'HCPCS'];
    /** Units that core's SV103, always UN, says truly. */
    private const UNIT_CODES = ['', '1', 'UN', '{unit}'];
    /** Parts of a line that the fee sheet has no place for. */
    private const NO_PLACE = ['factor', 'detail', 'udi'];

    /** @var array<int, array<string, mixed>> members by sequence */
    private readonly array $team;

    /**
     * @param array<string, mixed> $claim
     * @param array<int, string> $diagnoses code by sequence
     */
    public function __construct(private readonly array $claim, private readonly array $diagnoses)
    {
        $team = [];
        foreach (Json::children($claim, 'careTeam') as $n => $member) {
            $sequence = $member['sequence'] ?? null;
            if (!is_int($sequence) || isset($team[$sequence])) {
                throw ClaimReader::refuse("Claim.careTeam[$n].sequence", 'is missing, or used twice');
            }
            $team[$sequence] = $member;
        }
        $this->team = $team;
    }

    /** @return list<ClaimLine> in the order of their sequence numbers */
    public function lines(): array
    {
        $lines = [];
        foreach (Json::children($this->claim, 'item') as $n => $item) {
            $sequence = $item['sequence'] ?? null;
            if (!is_int($sequence) || isset($lines[$sequence])) {
                throw ClaimReader::refuse("Claim.item[$n].sequence", 'is missing, or used twice');
            }
            $lines[$sequence] = $this->line("Claim.item[$n]", $item);
        }
        ksort($lines);
        return array_values($lines);
    }

    /** Cents of a FHIR Money in US dollars; refuses anything else. */
    public static function money(mixed $money, string $where): int
    {
        if (Json::text($money, 'currency') !== 'USD') {
            throw ClaimReader::refuse($where, 'must be an amount in USD');
        }
        return Money::cents($money['value'] ?? null)
            ?? throw ClaimReader::refuse($where, 'must be dollars and whole cents, not below zero');
    }

    /** @param array<string, mixed> $item */
    private function line(string $where, array $item): ClaimLine
    {
        foreach (self::NO_PLACE as $part) {
            if (isset($item[$part])) {
                throw ClaimReader::refuse("$where.$part", "OpenEMR's fee sheet has no place for it");
            }
        }
        [$codeType, $code] = $this->code($where, $item);
        $units = $this->units($where, $item);
        return new ClaimLine(
            $where,
            Json::id(Json::children($item, 'encounter')[0] ?? null, 'Encounter')
                ?? throw ClaimReader::refuse("$where.encounter", 'an Encounter is needed: rows belong to one'),
            $this->provider($where, $item),
            $codeType,
            $code,
            $this->modifiers($where, $item),
            $units,
            $this->charge($where, $item, $units),
            $this->pointers($where, $item),
            $this->day($where, $item),
            $this->place($where, $item)
        );
    }

    /**
     * @param array<string, mixed> $item
     * @return array{string, string}
     */
    private function code(string $where, array $item): array
    {
        $codes = Json::codes(Json::child($item, 'productOrService'), ...array_keys(self::CODE_TYPES));
        if (count($codes) !== 1) {
            throw ClaimReader::refuse("$where.productOrService", 'exactly one CPT or HCPCS code is needed');
        }
        [$system, $code] = $codes[0];
        $form = $system === Names::CPT ? '/^[0-9]{4}[0-9A-Z]$/' : '/^[A-Z][0-9]{4}$/';
        if (!preg_match($form, $code)) {
            throw ClaimReader::refuse("$where.productOrService", 'the code is not of the form of its code system');
        }
        return [self::CODE_TYPES[$system], $code];
    }

    /** @param array<string, mixed> $item */
    private function units(string $where, array $item): int
    {
        $quantity = Json::child($item, 'quantity');
        $units = $quantity['value'] ?? null;
        if (is_string($units) && preg_match('/^\d{1,5}(\.0+)?$/', $units)) {
            $units = (int) $units;
        }
        if (!is_int($units) || $units < 1 || $units > 9999) {
            throw ClaimReader::refuse("$where.quantity", 'units have to be a whole number, at least 1');
        }
        if (!in_array(Json::text($quantity, 'code'), self::UNIT_CODES, true)) {
            throw ClaimReader::refuse("$where.quantity", 'OpenEMR bills units only');
        }
        return $units;
    }

    /** @param array<string, mixed> $item */
    private function charge(string $where, array $item, int $units): int
    {
        $net = self::money($item['net'] ?? null, "$where.net");
        // The fee sheet shows fee / units as the price and saves price times units: that has to come out even.
        $price = self::money($item['unitPrice'] ?? null, "$where.unitPrice");
        if ($price * $units !== $net) {
            throw ClaimReader::refuse("$where.net", 'is not unitPrice times quantity');
        }
        return $net;
    }

    /**
     * @param array<string, mixed> $item
     * @return list<string>
     */
    private function modifiers(string $where, array $item): array
    {
        $modifiers = [];
        foreach (Json::children($item, 'modifier') as $concept) {
            $codes = Json::codes($concept, Names::CPT, Names::HCPCS);
            if (count($codes) !== 1 || !preg_match('/^[0-9A-Z]{2}$/', $codes[0][1])) {
                throw ClaimReader::refuse("$where.modifier", 'each needs one CPT or HCPCS modifier of 2 characters');
            }
            $modifiers[] = $codes[0][1];
        }
        if (count($modifiers) > self::MOST_MODIFIERS || count(array_unique($modifiers)) !== count($modifiers)) {
            $most = self::MOST_MODIFIERS;
            throw ClaimReader::refuse("$where.modifier", "OpenEMR carries at most $most, each once");
        }
        return $modifiers;
    }

    /**
     * @param array<string, mixed> $item
     * @return non-empty-list<string>
     */
    private function pointers(string $where, array $item): array
    {
        $codes = [];
        foreach (is_array($item['diagnosisSequence'] ?? null) ? $item['diagnosisSequence'] : [] as $pointer) {
            $codes[] = is_int($pointer) && isset($this->diagnoses[$pointer])
                ? $this->diagnoses[$pointer]
                : throw ClaimReader::refuse("$where.diagnosisSequence", 'points at no diagnosis of the claim');
        }
        $codes = array_values(array_unique($codes));
        if ($codes === [] || count($codes) > self::MOST_POINTERS) {
            $most = self::MOST_POINTERS;
            throw ClaimReader::refuse("$where.diagnosisSequence", "between 1 and $most diagnoses are needed");
        }
        return $codes;
    }

    /** @param array<string, mixed> $item */
    private function day(string $where, array $item): string
    {
        $period = Json::child($item, 'servicedPeriod');
        $start = substr(Json::text($item, 'servicedDate') ?: Json::text($period, 'start'), 0, 10);
        $end = substr(Json::text($period, 'end'), 0, 10) ?: $start;
        if (!preg_match('/^\d{4}-\d\d-\d\d$/', $start) || $end !== $start) {
            throw ClaimReader::refuse("$where.serviced", 'one date of service is needed');
        }
        return $start;
    }

    /** @param array<string, mixed> $item */
    private function place(string $where, array $item): ?string
    {
        $concept = Json::child($item, 'locationCodeableConcept');
        $places = Json::codes($concept, Names::PLACE_OF_SERVICE);
        if (count($places) > 1) {
            throw ClaimReader::refuse("$where.location", 'one place of service is needed');
        }
        return $places[0][1] ?? null;
    }

    /** @param array<string, mixed> $item */
    private function provider(string $where, array $item): Provider
    {
        $members = [];
        foreach (is_array($item['careTeamSequence'] ?? null) ? $item['careTeamSequence'] : [] as $sequence) {
            $members[] = is_int($sequence) && isset($this->team[$sequence])
                ? $this->team[$sequence]
                : throw ClaimReader::refuse("$where.careTeamSequence", 'points at no member of the care team');
        }
        $rendering = array_values(array_filter($members, static fn(array $member): bool =>
            in_array('rendering', array_column(
                Json::codes(Json::child($member, 'role'), Names::CARIN_CARE_TEAM_ROLE),
                1
            ), true)));
        if (count($rendering) !== 1) {
            throw ClaimReader::refuse("$where.careTeamSequence", 'exactly one rendering provider is needed');
        }
        $named = Json::child($rendering[0], 'provider');
        $practitioner = Json::id($named, 'Practitioner');
        $identifier = Json::child($named, 'identifier');
        $npi = Json::text($identifier, 'system') === Names::NPI ? Json::text($identifier, 'value') : '';
        if ($practitioner === null && $npi === '') {
            $why = 'the rendering provider is no Practitioner, and has no NPI';
            throw ClaimReader::refuse("$where.careTeamSequence", $why);
        }
        return new Provider($practitioner, $npi === '' ? null : $npi);
    }
}
