<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

use OpenEMR\Modules\MassageBilling\Core\Database;

/** What a Claim's references are in OpenEMR: patient, encounter, therapist, coverage, and core's own code texts. */
final class Records
{
    /** @var array<string, int> */
    private array $therapists = [];
    /** @var array<string, string> */
    private array $texts = [];

    public function __construct(private readonly Database $database)
    {
    }

    /** @return array{pid: int, pricelevel: string} */
    public function patient(string $id): array
    {
        $row = $this->byUuid('SELECT pid, pricelevel FROM patient_data WHERE uuid = ?', $id);
        if ($row === null) {
            throw ClaimReader::refuse('Claim.patient', "Patient/$id is not known here");
        }
        return ['pid' => (int) $row['pid'], 'pricelevel' => (string) $row['pricelevel']];
    }

    /**
     * The encounter, which nobody else can post to until the transaction ends.
     *
     * @return array{encounter: int, pid: int, day: string, place: string, closed: int}
     */
    public function encounter(string $id, string $where): array
    {
        $row = $this->byUuid(
            'SELECT encounter, pid, DATE(date) AS day, last_level_closed, pos_code, facility_id FROM form_encounter '
            . 'WHERE uuid = ? FOR UPDATE',
            $id
        );
        if ($row === null) {
            throw ClaimReader::refuse($where, "Encounter/$id is not known here");
        }
        $place = (int) $row['pos_code'];
        if ($place === 0) { // core: Claim::facilityPOS
            $place = (int) $this->database->value('SELECT pos_code FROM facility WHERE id = ?', [$row['facility_id']]);
        }
        return [
            'encounter' => (int) $row['encounter'],
            'pid' => (int) $row['pid'],
            'day' => (string) $row['day'],
            'place' => sprintf('%02d', $place),
            'closed' => (int) $row['last_level_closed'],
        ];
    }

    /** users.id of a rendering provider. */
    public function therapist(Provider $provider, string $where): int
    {
        $key = $provider->practitioner ?? "npi:$provider->npi";
        return $this->therapists[$key] ??= $this->findTherapist($provider, $where);
    }

    /** Whether a user's NPI has ten digits and the check digit of 45 CFR 162.406; core leaves NM1*82 out without it. */
    public function hasNpi(int $user): bool
    {
        $npi = (string) $this->database->value('SELECT npi FROM users WHERE id = ?', [$user]);
        if (!preg_match('/^\d{10}$/', $npi)) {
            return false;
        }
        $sum = 24; // of the prefix 80840
        foreach (str_split($npi) as $place => $digit) {
            $value = (int) $digit * ($place % 2 === 0 ? 2 : 1);
            $sum += $value > 9 ? $value - 9 : $value;
        }
        return $sum % 10 === 0;
    }

    /**
     * The insurance that a Coverage is, in force on a day and the one that core would bill for it
     * (core: Claim::loadPayerInfo takes the newest of each type, then the first of the row's payer).
     *
     * @return array{payer: int, type: string, place: int, of: int} insurance_companies.id, and its place among how many
     *     that Billing Manager offers
     */
    public function insurance(string $coverage, int $pid, string $day): array
    {
        $where = 'Claim.insurance.coverage';
        $own = $this->byUuid('SELECT id, pid, provider, type FROM insurance_data WHERE uuid = ?', $coverage);
        if ($own === null || (int) $own['pid'] !== $pid) {
            throw ClaimReader::refuse($where, "Coverage/$coverage is no insurance of this patient");
        }
        $rows = $this->database->rows(
            'SELECT id, type, provider FROM insurance_data WHERE pid = ? AND (date <= ? OR date IS NULL) '
            . 'AND (date_end >= ? OR date_end IS NULL) ORDER BY type ASC, date DESC',
            [$pid, $day, $day]
        );
        if (!in_array((string) $own['id'], array_map('strval', array_column($rows, 'id')), true)) {
            throw ClaimReader::refuse($where, "Coverage/$coverage is not in force on the date of service");
        }
        $newest = [];
        foreach ($rows as $row) {
            $newest[(string) $row['type']] ??= $row;
        }
        $billed = array_values(array_filter($newest, static fn(array $row): bool => (int) $row['provider'] > 0));
        foreach ($billed as $place => $row) {
            if ((int) $row['provider'] === (int) $own['provider']) {
                if ((int) $row['id'] !== (int) $own['id']) {
                    break;
                }
                return [
                    'payer' => (int) $row['provider'], 'type' => (string) $row['type'],
                    'place' => $place, 'of' => count($billed),
                ];
            }
        }
        throw ClaimReader::refuse($where, "OpenEMR would bill another insurance than Coverage/$coverage");
    }

    /** Whether OpenEMR puts rows of a code type on claims at all. */
    public function isClaimed(string $codeType): bool
    {
        return (int) $this->database->value(
            'SELECT COUNT(*) FROM code_types WHERE ct_key = ? AND ct_active = 1 AND ct_claim = 1',
            [$codeType]
        ) > 0;
    }

    /** The clinic's own text of a code, from core's tables; "" where it has none. We never write CPT text of ours. */
    public function text(string $codeType, string $code, string $modifier = ''): string
    {
        return $this->texts["$codeType|$code|$modifier"] ??= $codeType === 'ICD10'
            ? (string) $this->database->value(
                'SELECT long_desc FROM icd10_dx_order_code WHERE formatted_dx_code = ? '
                . 'ORDER BY active DESC, revision DESC LIMIT 1',
                [$code]
            )
            : (string) $this->database->value(
                'SELECT c.code_text FROM codes c JOIN code_types t ON t.ct_id = c.code_type WHERE t.ct_key = ? '
                . "AND c.code = ? AND c.modifier IN (?, '') ORDER BY c.active DESC, c.modifier = ? DESC, c.id LIMIT 1",
                [$codeType, $code, $modifier, $modifier]
            );
    }

    private function findTherapist(Provider $provider, string $where): int
    {
        if ($provider->practitioner !== null) {
            $row = $this->byUuid('SELECT id FROM users WHERE uuid = ?', $provider->practitioner);
            return $row !== null ? (int) $row['id']
                : throw ClaimReader::refuse($where, "Practitioner/$provider->practitioner is not known here");
        }
        $rows = $this->database->rows('SELECT id FROM users WHERE npi = ? AND active = 1 LIMIT 2', [$provider->npi]);
        return count($rows) === 1 ? (int) $rows[0]['id']
            : throw ClaimReader::refuse($where, 'not exactly one active user here has the rendering NPI');
    }

    /** @return array<string, string|int|float|null>|null */
    private function byUuid(string $sql, string $id): ?array
    {
        $hex = str_replace('-', '', $id);
        return preg_match('/^[0-9a-f]{32}$/', $hex) ? $this->database->row($sql, [hex2bin($hex)]) : null;
    }
}
