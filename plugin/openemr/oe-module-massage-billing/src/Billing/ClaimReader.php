<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

use OpenEMR\Modules\MassageBilling\Fhir\Refused;

/**
 * Reads an active Claim, and refuses (422) what OpenEMR's fee sheet or its 837P cannot carry exactly: nothing is cut
 * short, rounded or left out.
 */
final class ClaimReader
{
    /** 837P: HI carries 12 diagnoses, loop 2400 repeats 50 times. */
    private const MOST_DIAGNOSES = 12;
    private const MOST_LINES = 50;
    /** Columns of form_misc_billing_options. */
    private const LONGEST_AUTHORIZATION = 20;
    private const LONGEST_CLAIM_NUMBER = 35;
    /** Core leaves REF*F8 out for shorter numbers (X125010837P). */
    private const SHORTEST_CLAIM_NUMBER = 4;
    /** What core's Claim::x12Clean lets through. */
    private const X12_TEXT = '/^[A-Za-z0-9!"&\'()+,\-.\/;?=@ ]+$/';

    /** @param array<string, mixed> $claim */
    public function read(string $id, array $claim): BillableClaim
    {
        $type = Json::codes(Json::child($claim, 'type'), Names::CLAIM_TYPE);
        if ($type === [] || $type[0][1] !== 'professional') {
            throw self::refuse('Claim.type', 'only professional claims become billing rows');
        }
        $diagnoses = $this->diagnoses($claim);
        $lines = (new LineReader($claim, $diagnoses))->lines();
        if ($lines === [] || count($lines) > self::MOST_LINES) {
            throw self::refuse('Claim.item', 'between 1 and ' . self::MOST_LINES . ' lines are needed');
        }
        $coverage = $this->focal($claim);
        [$prior, $options] = $this->options($claim, $coverage);
        $read = new BillableClaim(
            $id,
            Json::id($claim['patient'] ?? null, 'Patient') ?? throw self::refuse('Claim.patient', 'names no Patient'),
            Json::id($coverage['coverage'] ?? null, 'Coverage')
                ?? throw self::refuse('Claim.insurance', 'the focal insurance names no Coverage'),
            array_values(array_unique($diagnoses)),
            $lines,
            $this->total($claim, $lines),
            $options,
            $prior,
            Json::identifier($claim, Names::SID_VISIT_KEY)
        );
        if ($read->corrects() && count($read->encounters()) > 1) {
            throw self::refuse(
                'Claim.item.encounter',
                'OpenEMR bills each encounter by itself, and one payer claim number cannot correct several'
            );
        }
        return $read;
    }

    /** A refusal that names the element; the words hold no patient data. */
    public static function refuse(string $where, string $why): Refused
    {
        return new Refused(422, 'business-rule', "$where: $why.", [$where => "$where: $why."]);
    }

    /**
     * @param array<string, mixed> $claim
     * @return array<int, string> code by sequence, in the Claim's order
     */
    private function diagnoses(array $claim): array
    {
        $found = [];
        foreach (Json::children($claim, 'diagnosis') as $n => $diagnosis) {
            $where = "Claim.diagnosis[$n]";
            $codes = Json::codes(Json::child($diagnosis, 'diagnosisCodeableConcept'), Names::ICD10CM);
            if (count($codes) !== 1) {
                throw self::refuse($where, 'exactly one ICD-10-CM code is needed');
            }
            $plain = str_replace('.', '', strtoupper($codes[0][1]));
            if (!preg_match('/^[A-Z][0-9][0-9A-Z]{1,5}$/', $plain)) {
                throw self::refuse($where, 'the code is not of the form of ICD-10-CM');
            }
            $sequence = $diagnosis['sequence'] ?? null;
            if (!is_int($sequence) || isset($found[$sequence])) {
                throw self::refuse("$where.sequence", 'is missing, or used twice');
            }
            // As core's code table writes it: a dot after the third character.
            $found[$sequence] = strlen($plain) > 3 ? substr($plain, 0, 3) . '.' . substr($plain, 3) : $plain;
        }
        if ($found === [] || count(array_unique($found)) > self::MOST_DIAGNOSES) {
            throw self::refuse('Claim.diagnosis', 'between 1 and ' . self::MOST_DIAGNOSES . ' diagnoses are needed');
        }
        return $found;
    }

    /**
     * @param array<string, mixed> $claim
     * @return array<string, mixed> the insurance that is billed
     */
    private function focal(array $claim): array
    {
        $focal = array_values(array_filter(
            Json::children($claim, 'insurance'),
            static fn(array $one): bool => ($one['focal'] ?? null) === true
        ));
        return count($focal) === 1 ? $focal[0] : throw self::refuse('Claim.insurance', 'exactly one must be focal');
    }

    /**
     * @param array<string, mixed> $claim
     * @param array<string, mixed> $insurance
     * @return array{string|null, MiscOptions}
     */
    private function options(array $claim, array $insurance): array
    {
        $frequency = $this->frequency($claim);
        [$prior, $number] = $frequency === '1' ? [null, ''] : $this->prior($claim);
        [$accident, $state] = $this->accident($claim);
        return [$prior, new MiscOptions($this->authorization($insurance), $frequency, $number, $accident, $state)];
    }

    /** @param array<string, mixed> $claim */
    private function frequency(array $claim): string
    {
        $found = [];
        foreach (Json::children($claim, 'extension') as $extension) {
            if (Json::text($extension, 'url') === Names::EXT_CLAIM_FREQUENCY) {
                $found[] = Json::text($extension, 'valueCode');
            }
        }
        $frequency = $found[0] ?? '1';
        if (count($found) > 1 || !in_array($frequency, ['1', '7', '8'], true)) {
            throw self::refuse('Claim.extension(claim-frequency)', 'must be one of 1, 7, 8');
        }
        return $frequency;
    }

    /**
     * @param array<string, mixed> $claim
     * @return array{string, string} the Claim before it, and the payer's number of that
     */
    private function prior(array $claim): array
    {
        $related = array_values(array_filter(
            Json::children($claim, 'related'),
            static fn(array $one): bool => isset($one['claim'])
        ));
        $prior = count($related) === 1 ? Json::id($related[0]['claim'], 'Claim') : null;
        if ($prior === null) {
            throw self::refuse('Claim.related', 'a claim with frequency 7 or 8 names exactly one Claim before it');
        }
        $number = trim(Json::text(Json::child($related[0], 'reference'), 'value'));
        $long = strlen($number);
        if ($long < self::SHORTEST_CLAIM_NUMBER || $long > self::LONGEST_CLAIM_NUMBER) {
            $range = self::SHORTEST_CLAIM_NUMBER . ' to ' . self::LONGEST_CLAIM_NUMBER;
            throw self::refuse('Claim.related.reference', "the payer's claim number has to have $range characters");
        }
        if (!preg_match(self::X12_TEXT, $number)) {
            throw self::refuse('Claim.related.reference', 'has a character that X12 does not allow');
        }
        return [$prior, $number];
    }

    /** @param array<string, mixed> $insurance */
    private function authorization(array $insurance): string
    {
        $numbers = is_array($insurance['preAuthRef'] ?? null) ? array_values($insurance['preAuthRef']) : [];
        if ($numbers === []) {
            return '';
        }
        if (count($numbers) > 1 || !is_string($numbers[0])) {
            throw self::refuse('Claim.insurance.preAuthRef', 'OpenEMR carries one authorization number a claim');
        }
        $number = trim($numbers[0]);
        if ($number === '' || strlen($number) > self::LONGEST_AUTHORIZATION) {
            $most = self::LONGEST_AUTHORIZATION;
            throw self::refuse('Claim.insurance.preAuthRef', "OpenEMR carries 1 to $most characters");
        }
        if (!preg_match(self::X12_TEXT, $number)) {
            throw self::refuse('Claim.insurance.preAuthRef', 'has a character that X12 does not allow');
        }
        return $number;
    }

    /**
     * @param array<string, mixed> $claim
     * @return array{string, string} "employment", "auto", "other" or "", and the state of an auto accident
     */
    private function accident(array $claim): array
    {
        $accident = Json::child($claim, 'accident');
        if ($accident === []) {
            return ['', ''];
        }
        $code = Json::codes(Json::child($accident, 'type'), Names::ACT_CODE)[0][1] ?? '';
        // HL7 v3 ActCode, children of ActIncidentCode: MVA motor vehicle accident, WPA workplace accident.
        $kind = ['MVA' => 'auto', 'WPA' => 'employment'][$code] ?? 'other';
        $state = strtoupper(Json::text(Json::child($accident, 'locationAddress'), 'state'));
        return [$kind, $kind === 'auto' && preg_match('/^[A-Z]{2}$/', $state) ? $state : ''];
    }

    /**
     * @param array<string, mixed> $claim
     * @param list<ClaimLine> $lines
     */
    private function total(array $claim, array $lines): int
    {
        $total = LineReader::money($claim['total'] ?? null, 'Claim.total');
        $sum = array_sum(array_map(static fn(ClaimLine $line): int => $line->cents, $lines));
        if ($total !== $sum) {
            throw self::refuse('Claim.total', 'is not the sum of the lines');
        }
        if ($total === 0) {
            throw self::refuse('Claim.total', 'a claim without charges cannot be billed');
        }
        return $total;
    }
}
