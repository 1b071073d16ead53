<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

use OpenEMR\Modules\MassageBilling\Core\Database;

/**
 * Which rows stand behind the ids of FHIR resources on this server, and whose they are.
 *
 * Read from core's FHIR services (src/Services/FHIR of 8.2): what each type's `_id` is searched in. A Location is a
 * mapped uuid (uuid_mapping); every type that is not listed here has its uuid in uuid_registry.
 */
final class CoreRows
{
    /** Type => places: a table, its column with the uuid, and what gives the patient's number. */
    private const PLACES = [
        'Patient' => [['patient_data', 'uuid', 'pid']],
        'Encounter' => [['form_encounter', 'uuid', 'pid']],
        'Coverage' => [['insurance_data', 'uuid', 'pid']],
        'Practitioner' => [['users', 'uuid', 'NULL']],
        'Organization' => [
            ['facility', 'uuid', 'NULL'],
            ['insurance_companies', 'uuid', 'NULL'],
            ['procedure_providers', 'uuid', 'NULL'],
        ],
        'Location' => [["uuid_mapping WHERE resource = 'Location' AND", 'uuid', 'NULL']],
        'Procedure' => [
            ['procedure_order', 'uuid', 'patient_id'],
            ["lists WHERE type = 'surgery' AND", 'uuid', 'pid'],
            ['massage_billing_log_row', 'uuid', 'pid'],
        ],
        'ServiceRequest' => [['procedure_order', 'uuid', 'patient_id']],
        'Appointment' => [['openemr_postcalendar_events', 'uuid', 'pc_pid']],
    ];

    /** Tables of ours, whose uuids are text. */
    private const AS_TEXT = ['massage_billing_log_row'];

    private const ELSEWHERE = [['uuid_registry', 'uuid', 'NULL']];

    /**
     * Those of the references that there are, as "Type/id" => whose.
     *
     * @param list<Reference> $references
     * @return array<string, Belongs>
     */
    public static function find(Database $database, array $references): array
    {
        $ids = [];
        foreach ($references as $one) {
            if (Reference::isUuid($one->id)) {
                $ids[(string) $one->type][$one->id] = true;
            }
        }
        $parts = [];
        $params = [];
        foreach ($ids as $type => $wanted) {
            foreach (self::statements($type, array_keys($wanted)) as [$sql, $more]) {
                $parts[] = $sql;
                array_push($params, ...$more);
            }
        }
        if ($parts === []) {
            return [];
        }
        $found = [];
        $sql = 'SELECT f.type, f.id, f.pid, LOWER(HEX(p.uuid)) AS patient FROM (' . implode(' UNION ALL ', $parts)
            . ') f LEFT JOIN patient_data p ON p.pid = f.pid';
        foreach ($database->rows($sql, $params) as $row) {
            $owner = new Belongs(
                $row['patient'] === null ? null : self::hyphenated((string) $row['patient']),
                (int) $row['pid'] ?: null
            );
            $found[$row['type'] . '/' . self::hyphenated((string) $row['id'])] = $owner;
        }
        return $found;
    }

    /**
     * @param list<string> $ids
     * @return list<array{string, list<string>}>
     */
    private static function statements(string $type, array $ids): array
    {
        if (Types::knows($type)) {
            $marks = implode(', ', array_fill(0, count($ids), '?'));
            return [[
                'SELECT r.type AS type, r.id AS id, o.pid AS pid FROM massage_billing_resource r'
                . " LEFT JOIN patient_data o ON o.uuid = UNHEX(REPLACE(r.patient, '-', ''))"
                . " WHERE r.type = ? AND r.id IN ($marks)",
                [$type, ...$ids],
            ]];
        }
        $statements = [];
        foreach (self::PLACES[$type] ?? self::ELSEWHERE as [$table, $column, $pid]) {
            $text = in_array($table, self::AS_TEXT, true);
            $id = $text ? $column : "LOWER(HEX($column))";
            $mark = $text ? '?' : "UNHEX(REPLACE(?, '-', ''))";
            $marks = implode(', ', array_fill(0, count($ids), $mark));
            $where = str_contains($table, ' WHERE ') ? $table : "$table WHERE";
            $sql = "SELECT ? AS type, $id AS id, $pid AS pid FROM $where $column IN ($marks)";
            $statements[] = [$sql, [$type, ...$ids]];
        }
        return $statements;
    }

    private static function hyphenated(string $hex): string
    {
        return strlen($hex) !== 32 ? strtolower($hex)
            : strtolower(vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split($hex, 4)));
    }
}
