<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Fhir\Json;
use OpenEMR\Modules\MassageBilling\Fhir\Number;
use OpenEMR\Modules\MassageBilling\Fhir\Page;
use OpenEMR\Modules\MassageBilling\Fhir\Query;
use OpenEMR\Modules\MassageBilling\Fhir\Source;

/**
 * Rows of the fee sheet (core's `billing`) as ChargeItem: what was typed, to be compared with what the record supports.
 *
 * Only services: code types with fees that are no diagnoses; a co-payment has no code type. A row that the module wrote
 * for a Claim names it in supportingInformation; what a person typed has none. A row that was taken out (activity 0) is
 * not found, and read by its id it is entered-in-error.
 *
 * lastUpdated is what core tells: when the row was written, billed or put into a file, whichever is last. Core does not
 * note when somebody changes units, fee or modifiers of a row, so a search by _lastUpdated does not find that.
 */
final class ChargeItems implements Source
{
    private const PREFIX = 'fee-';
    private const CHANGED = "GREATEST(IFNULL(b.date, '1970-01-01'), IFNULL(b.bill_date, '1970-01-01'),"
        . " IFNULL(b.process_date, '1970-01-01'))";
    private const SELECT = 'SELECT b.*, ' . self::CHANGED . ' AS changed, DATE(e.date) AS day,'
        . ' HEX(p.uuid) AS patient_uuid, HEX(e.uuid) AS encounter_uuid, HEX(t.uuid) AS provider_uuid,'
        . ' t.npi AS provider_npi, HEX(u.uuid) AS user_uuid, u.npi AS user_npi, m.claim FROM ';
    private const FROM = 'billing b JOIN code_types c ON c.ct_key = b.code_type AND c.ct_fee = 1 AND c.ct_diag = 0'
        . ' JOIN patient_data p ON p.pid = b.pid JOIN form_encounter e ON e.pid = b.pid AND e.encounter = b.encounter'
        . ' LEFT JOIN users t ON t.id = IF(IFNULL(b.provider_id, 0) > 0, b.provider_id, e.provider_id)'
        . ' LEFT JOIN users u ON u.id = b.user'
        . " LEFT JOIN massage_billing_billing_row m ON m.kind = 'cpt' AND m.row_id = b.id AND m.active = 1";

    public function __construct(private readonly Database $database, private readonly Ids $ids)
    {
    }

    public function type(): string
    {
        return 'ChargeItem';
    }

    public function parameters(): array
    {
        return [
            '_id' => 'token',
            '_lastUpdated' => 'date',
            'patient' => 'reference',
            'subject' => 'reference',
            'encounter' => 'reference',
            'context' => 'reference',
            'code' => 'token',
        ];
    }

    /** As core's fee sheet asks for it. */
    public function acl(): array
    {
        return ['acct', 'bill'];
    }

    public function read(string $id): ?array
    {
        $number = self::number($id);
        if ($number === null) {
            return null;
        }
        $this->ids->prepare();
        $row = $this->database->row(self::SELECT . self::FROM . ' WHERE b.id = ? LIMIT 1', [$number]);
        return $row === null ? null : self::resource($row);
    }

    public function search(Query $query): Page
    {
        $this->ids->prepare();
        $where = new Where(LocalTime::wall(...));
        $where->that('b.activity = 1');
        $where->among('b.id', $query->ids === null ? null : array_values(array_filter(
            array_map(self::number(...), $query->ids),
            is_int(...)
        )));
        $where->uuids('p.uuid', $query->patients);
        $where->uuids('e.uuid', $query->encounters);
        foreach ($query->references['context'] ?? [] as $targets) {
            $ids = [];
            foreach ($targets as $target) {
                if ($target->type === null || $target->type === 'Encounter') {
                    $ids[] = $target->id;
                }
            }
            $where->uuids('e.uuid', $ids);
        }
        foreach ($query->lastUpdated as $range) {
            $where->moment(self::CHANGED, $range);
        }
        foreach ($query->tokens['code'] ?? [] as $values) {
            $where->code('b.code', 'b.code_type', $values);
        }
        return $where->page($this->database, self::SELECT, self::FROM, 'b.id', $query, self::resource(...));
    }

    /**
     * @param array<string, string|int|float|null> $row
     * @return array<string, mixed>
     */
    private static function resource(array $row): array
    {
        $patient = self::reference('Patient', $row['patient_uuid']);
        $performer = self::practitioner($row['provider_uuid'], $row['provider_npi']);
        return array_filter([
            'resourceType' => 'ChargeItem',
            'id' => self::PREFIX . $row['id'],
            'meta' => ['lastUpdated' => Json::instant(
                new \DateTimeImmutable((string) $row['changed'], LocalTime::offset())
            )],
            'extension' => Names::modifiers(
                preg_split('/[^0-9A-Z]+/', strtoupper((string) $row['modifier']), -1, PREG_SPLIT_NO_EMPTY) ?: []
            ) ?: null,
            'status' => match (true) {
                (int) $row['activity'] !== 1 => 'entered-in-error',
                (int) $row['billed'] === 1 => 'billed',
                default => 'billable',
            },
            'code' => Names::concept((string) $row['code_type'], (string) $row['code'])
                ?? ['text' => (string) $row['code_type']],
            'subject' => $patient,
            'context' => self::reference('Encounter', $row['encounter_uuid']),
            'occurrenceDateTime' => (string) $row['day'] ?: null,
            'performer' => $performer === null ? null : [['actor' => $performer]],
            'quantity' => $row['units'] === null ? null : ['value' => (int) $row['units']],
            // FHIR: the total price of the charge; core's fee is the line's total too.
            'priceOverride' => $row['fee'] === null ? null
                : ['value' => new Number(self::money((string) $row['fee'])), 'currency' => 'USD'],
            'enterer' => self::practitioner($row['user_uuid'], $row['user_npi']),
            'enteredDate' => $row['date'] === null ? null : LocalTime::fhir((string) $row['date']),
            'reason' => self::reasons((string) $row['justify']) ?: null,
            'supportingInformation' => $row['claim'] === null ? null
                : [['reference' => 'Claim/' . $row['claim'], 'type' => 'Claim']],
        ], static fn (mixed $part): bool => $part !== null);
    }

    /**
     * The diagnoses that justify a row: "ICD10|M54.50:ICD10|M54.2:".
     *
     * @return list<array<string, mixed>>
     */
    private static function reasons(string $justify): array
    {
        $reasons = [];
        foreach (explode(':', $justify) as $part) {
            [$type, $code] = array_pad(explode('|', $part, 2), 2, '');
            if ($type === 'ICD10' && $code !== '') {
                $reasons[] = ['coding' => [['system' => Names::ICD10CM, 'code' => $code]]];
            }
        }
        return $reasons;
    }

    /** "120.00" of what a driver gives, "120" or "120.00". */
    private static function money(string $fee): string
    {
        if (preg_match('/^-?\d+(\.\d{1,2})?$/D', $fee) !== 1) {
            throw new \UnexpectedValueException('A fee is no amount of money.');
        }
        [$whole, $cents] = array_pad(explode('.', $fee), 2, '');
        return $whole . '.' . str_pad($cents, 2, '0');
    }

    private static function number(string $id): ?int
    {
        return preg_match('/^' . self::PREFIX . '([1-9]\d{0,9})$/D', $id, $found) === 1 ? (int) $found[1] : null;
    }

    /** @return array{reference: string, type: string}|null */
    private static function reference(string $type, mixed $hex): ?array
    {
        return is_string($hex) && strlen($hex) === 32
            ? ['reference' => "$type/" . LogRows::uuid($hex), 'type' => $type] : null;
    }

    /** @return array{reference: string, type: string}|null */
    private static function practitioner(mixed $hex, mixed $npi): ?array
    {
        return (string) $npi === '' ? null : self::reference('Practitioner', $hex);
    }
}
