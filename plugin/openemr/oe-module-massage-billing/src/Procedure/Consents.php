<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Fhir\Json;
use OpenEMR\Modules\MassageBilling\Fhir\Page;
use OpenEMR\Modules\MassageBilling\Fhir\Query;
use OpenEMR\Modules\MassageBilling\Fhir\Source;
use OpenEMR\Modules\MassageBilling\Log\TreatmentLog;

/**
 * The patient's wish that the plan is not told of a visit (45 CFR 164.522(a)(1)(vi)), ticked in its treatment log, as a
 * Consent that denies for that visit alone. It is active from the moment it is saved, signed or not; one that was taken
 * back is inactive.
 */
final class Consents implements Source
{
    private const PREFIX = 'log-';
    private const POLICY = 'http://terminology.hl7.org/CodeSystem/consentpolicycodes';
    private const SCOPE = 'http://terminology.hl7.org/CodeSystem/consentscope';
    private const SELECT = 'SELECT l.id, l.version, l.bill_to, l.updated_at, DATE(e.date) AS day,'
        . ' HEX(p.uuid) AS patient_uuid, HEX(e.uuid) AS encounter_uuid FROM ';
    private const FROM = 'massage_billing_log l JOIN patient_data p ON p.pid = l.pid'
        . ' JOIN form_encounter e ON e.pid = l.pid AND e.encounter = l.encounter';

    public function __construct(private readonly Database $database, private readonly Ids $ids)
    {
    }

    public function type(): string
    {
        return 'Consent';
    }

    public function parameters(): array
    {
        return [
            '_id' => 'token',
            '_lastUpdated' => 'date',
            'patient' => 'reference',
            'encounter' => 'reference',
            'status' => 'token',
        ];
    }

    /** Whoever bills has to obey it. */
    public function acl(): array
    {
        return ['acct', 'bill'];
    }

    public function read(string $id): ?array
    {
        $number = self::number($id);
        $this->ids->prepare();
        $row = $number === null ? null : $this->database->row(
            self::SELECT . self::FROM . " WHERE l.bill_to <> '' AND l.id = ? LIMIT 1",
            [$number]
        );
        return $row === null ? null : self::resource($row);
    }

    public function search(Query $query): Page
    {
        $this->ids->prepare();
        $where = new Where(static fn (\DateTimeImmutable $at): string => $at->format('Y-m-d H:i:s.v'));
        $where->that("l.bill_to <> ''");
        $where->among('l.id', $query->ids === null ? null : array_values(array_filter(
            array_map(self::number(...), $query->ids),
            is_int(...)
        )));
        $where->uuids('p.uuid', $query->patients);
        $where->uuids('e.uuid', $query->encounters);
        foreach ($query->lastUpdated as $range) {
            $where->moment('l.updated_at', $range);
        }
        foreach ($query->tokens['status'] ?? [] as $values) {
            $kinds = [];
            foreach ($values as $value) {
                $kinds[] = match ($value->value) {
                    'active' => TreatmentLog::SELF_PAY,
                    'inactive' => TreatmentLog::PLAN,
                    default => 'none',
                };
            }
            $where->among('l.bill_to', $kinds);
        }
        return $where->page($this->database, self::SELECT, self::FROM, 'l.id', $query, self::resource(...));
    }

    /**
     * @param array<string, string|int|float|null> $row
     * @return array<string, mixed>
     */
    private static function resource(array $row): array
    {
        $at = Json::instant(new \DateTimeImmutable((string) $row['updated_at'], new \DateTimeZone('UTC')));
        $encounter = LogRows::uuid((string) $row['encounter_uuid']);
        return [
            'resourceType' => 'Consent',
            'id' => self::PREFIX . $row['id'],
            'meta' => ['versionId' => (string) $row['version'], 'lastUpdated' => $at],
            'status' => $row['bill_to'] === TreatmentLog::SELF_PAY ? 'active' : 'inactive',
            'scope' => ['coding' => [['system' => self::SCOPE, 'code' => 'patient-privacy']]],
            'category' => [['coding' => [['system' => 'http://loinc.org', 'code' => '59284-0']]]],
            'patient' => ['reference' => 'Patient/' . LogRows::uuid((string) $row['patient_uuid']), 'type' => 'Patient'],
            'dateTime' => $at,
            'policyRule' => ['coding' => [['system' => self::POLICY, 'code' => 'hipaa-self-pay']]],
            'provision' => [
                'type' => 'deny',
                'period' => ['start' => (string) $row['day'], 'end' => (string) $row['day']],
                'data' => [[
                    'meaning' => 'related',
                    'reference' => ['reference' => "Encounter/$encounter", 'type' => 'Encounter'],
                ]],
            ],
        ];
    }

    private static function number(string $id): ?int
    {
        return preg_match('/^' . self::PREFIX . '([1-9]\d{0,9})$/D', $id, $found) === 1 ? (int) $found[1] : null;
    }
}
