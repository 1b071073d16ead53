<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Log;

use OpenEMR\Modules\MassageBilling\Core\Database;

/**
 * What the clinic has to choose from: its own code list (core's `codes`, of active code types with fees), the visit's
 * and the patient's diagnoses, core's ICD-10 list, and its therapists. No code stands in this module.
 */
final class Choices
{
    private const TECHNIQUES = 'FROM codes c JOIN code_types t ON t.ct_id = c.code_type AND t.ct_active = 1'
        . ' AND t.ct_fee = 1 AND t.ct_external = 0 WHERE c.active = 1';
    private const PRICED = "(IFNULL(c.fee, 0) > 0 OR EXISTS (SELECT 1 FROM prices p WHERE p.pr_id = CAST(c.id AS CHAR)"
        . " AND p.pr_selector = '' AND p.pr_price > 0))";
    private const MOST = 200;

    public function __construct(private readonly Database $database)
    {
    }

    /**
     * Techniques of the fee schedule, those with a price first.
     *
     * @return list<array{type: string, code: string, text: string}>
     */
    public function techniques(): array
    {
        return $this->codes(
            'SELECT t.ct_key, c.code, c.modifier, c.code_text ' . self::TECHNIQUES
            . ' ORDER BY ' . self::PRICED . ' DESC, t.ct_seq, c.code, c.modifier LIMIT ' . self::MOST,
            []
        );
    }

    /**
     * Techniques whose code begins so, or whose words hold it.
     *
     * @return list<array{type: string, code: string, text: string}>
     */
    public function searchTechniques(string $asked): array
    {
        return $this->codes(
            'SELECT t.ct_key, c.code, c.modifier, c.code_text ' . self::TECHNIQUES
            . ' AND (c.code LIKE ? OR c.code_text LIKE ?) ORDER BY c.code LIKE ? DESC, ' . self::PRICED
            . ' DESC, t.ct_seq, c.code, c.modifier LIMIT 20',
            [self::like($asked) . '%', '%' . self::like($asked) . '%', self::like($asked) . '%']
        );
    }

    /**
     * Which of some codes the clinic has: code => its code type. A code of two types has that of core's own order.
     *
     * @param list<string> $codes
     * @return array<string, string>
     */
    public function typesOf(array $codes): array
    {
        if ($codes === []) {
            return [];
        }
        $rows = $this->database->rows(
            'SELECT t.ct_key, c.code ' . self::TECHNIQUES . ' AND c.code IN (' . self::marks($codes) . ')'
            . ' ORDER BY t.ct_seq DESC',
            $codes
        );
        $found = [];
        foreach ($rows as $row) {
            $found[strtoupper((string) $row['code'])] = (string) $row['ct_key'];
        }
        return $found;
    }

    /**
     * Diagnoses of the visit (its ICD-10 rows of the fee sheet, the problems tied to it), then those of the problem
     * list.
     *
     * @return array<string, string> code => words
     */
    public function diagnoses(Visit $visit): array
    {
        $found = [];
        $billed = $this->database->rows(
            "SELECT code, code_text FROM billing WHERE pid = ? AND encounter = ? AND code_type = 'ICD10'"
            . ' AND activity = 1 ORDER BY id',
            [$visit->pid, $visit->encounter]
        );
        foreach ($billed as $row) {
            $found[(string) $row['code']] ??= (string) $row['code_text'];
        }
        $problems = $this->database->rows(
            'SELECT l.title, l.diagnosis FROM lists l LEFT JOIN issue_encounter i ON i.list_id = l.id AND i.pid = l.pid'
            . ' AND i.encounter = ?'
            . " WHERE l.pid = ? AND (i.id IS NOT NULL OR (l.type = 'medical_problem' AND l.activity = 1"
            . ' AND (l.enddate IS NULL OR l.enddate >= ?)))'
            . ' ORDER BY i.id IS NULL, l.begdate DESC, l.id',
            [$visit->encounter, $visit->pid, $visit->day]
        );
        foreach ($problems as $row) {
            preg_match_all('/ICD10:\s*([A-Z0-9.]+)/i', (string) $row['diagnosis'], $codes);
            foreach ($codes[1] as $code) {
                $found[$code] ??= (string) $row['title'];
            }
        }
        return $found;
    }

    /**
     * Codes of core's ICD-10 list that can be billed, by the beginning of the code or by words.
     *
     * @return array<string, string> code => words
     */
    public function searchDiagnoses(string $asked): array
    {
        $bare = self::like(str_replace('.', '', $asked));
        $found = [];
        $rows = $this->database->rows(
            'SELECT formatted_dx_code AS code, short_desc AS words FROM icd10_dx_order_code WHERE active = 1'
            . " AND valid_for_coding = '1' AND (dx_code LIKE ? OR long_desc LIKE ?)"
            . ' ORDER BY dx_code LIKE ? DESC, formatted_dx_code LIMIT 20',
            [$bare . '%', '%' . self::like($asked) . '%', $bare . '%']
        );
        foreach ($rows as $row) {
            $found[(string) $row['code']] = (string) $row['words'];
        }
        return $found;
    }

    /**
     * Which of some diagnoses can be coded: as typed, without its dot => as it is written.
     *
     * Where core's ICD-10 list was never loaded, whatever looks like an ICD-10-CM code is one: the rulebook looks it
     * up.
     *
     * @param list<string> $codes
     * @return array<string, string>
     */
    public function diagnosesOf(array $codes): array
    {
        $bare = array_values(array_unique(array_map(self::bare(...), $codes)));
        if ($bare === []) {
            return [];
        }
        $rows = $this->database->rows(
            'SELECT dx_code, formatted_dx_code FROM icd10_dx_order_code WHERE active = 1'
            . " AND valid_for_coding = '1' AND formatted_dx_code IN (" . self::marks($bare) . ')',
            array_map(self::dotted(...), $bare)
        );
        $found = [];
        foreach ($rows as $row) {
            $found[self::bare((string) $row['formatted_dx_code'])] = (string) $row['formatted_dx_code'];
        }
        if ($found === [] && $this->database->value('SELECT 1 FROM icd10_dx_order_code LIMIT 1') === null) {
            foreach ($bare as $code) {
                if (preg_match('/^[A-TV-Z][0-9][0-9A-Z]{1,5}$/D', $code)) {
                    $found[$code] = self::dotted($code);
                }
            }
        }
        return $found;
    }

    /** "m54.50" as "M5450". */
    public static function bare(string $code): string
    {
        return strtoupper(str_replace([' ', '.'], '', $code));
    }

    /**
     * Who may have treated: active users with an NPI who are authorized; and whoever is named already.
     *
     * @param list<int> $named users.id
     * @return array<int, string> users.id => name
     */
    public function therapists(array $named = []): array
    {
        $also = $named === [] ? '' : ' OR id IN (' . self::marks($named) . ')';
        $rows = $this->database->rows(
            "SELECT id, fname, lname, suffix FROM users WHERE (active = 1 AND authorized = 1 AND npi <> ''"
            . " AND username <> '')" . $also . ' ORDER BY lname, fname, id',
            $named
        );
        $found = [];
        foreach ($rows as $row) {
            $found[(int) $row['id']] = trim(implode(' ', array_filter(
                [(string) $row['fname'], (string) $row['lname'], (string) $row['suffix']],
                static fn (string $part): bool => $part !== ''
            )));
        }
        return $found;
    }

    /**
     * Names of users, whoever they are.
     *
     * @param list<int> $ids
     * @return array<int, string>
     */
    public function names(array $ids): array
    {
        return $ids === [] ? [] : array_intersect_key($this->therapists($ids), array_flip($ids));
    }

    /**
     * @param list<scalar> $params
     * @return list<array{type: string, code: string, text: string}>
     */
    private function codes(string $sql, array $params): array
    {
        $found = [];
        foreach ($this->database->rows($sql, $params) as $row) {
            $modifier = str_replace(':', '-', (string) $row['modifier']);
            $found[] = [
                'type' => (string) $row['ct_key'],
                'code' => $row['code'] . ($modifier === '' ? '' : '-' . $modifier),
                'text' => (string) $row['code_text'],
            ];
        }
        return $found;
    }

    private static function dotted(string $bare): string
    {
        return strlen($bare) > 3 ? substr($bare, 0, 3) . '.' . substr($bare, 3) : $bare;
    }

    /** @param list<scalar> $values */
    private static function marks(array $values): string
    {
        return implode(', ', array_fill(0, count($values), '?'));
    }

    private static function like(string $text): string
    {
        return addcslashes($text, '\\%_');
    }
}
