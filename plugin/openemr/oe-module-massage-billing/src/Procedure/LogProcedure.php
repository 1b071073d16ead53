<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

use OpenEMR\Modules\MassageBilling\Fhir\Json;
use OpenEMR\Modules\MassageBilling\Log\LogStore;
use OpenEMR\Modules\MassageBilling\Log\Regions;
use OpenEMR\Modules\MassageBilling\Log\Row;

/**
 * A row of a treatment log as a FHIR Procedure.
 *
 * Its status is what readers act on: `completed` only once the log is signed. Minutes are said twice where times are
 * written, and never differently: a draft whose minutes and times contradict says its minutes and the day alone.
 */
final class LogProcedure
{
    public function __construct(private readonly Regions $regions)
    {
    }

    /**
     * @param array<string, string|int|float|null> $found a row of LogRows
     * @return array<string, mixed>
     */
    public function of(array $found): array
    {
        $row = LogStore::row($found);
        $minutes = $row->minutes ?? self::clocked($row);
        $code = Names::concept($row->codeType, $row->code);
        $extensions = [
            ...($minutes === null || $minutes < 1 ? [] : [['url' => Names::MINUTES, 'valueDuration' => [
                'value' => $minutes, 'unit' => 'min', 'system' => Names::UCUM, 'code' => 'min',
            ]]]),
            ...Names::modifiers($row->modifiers),
        ];
        $performer = self::practitioner($found['therapist_uuid'], $found['therapist_npi']);
        $recorder = self::practitioner($found['signer_uuid'], $found['signer_npi']);
        $whole = $minutes !== null && $minutes > 0 && isset($code['coding']) && $performer !== null;
        return array_filter([
            'resourceType' => 'Procedure',
            'id' => $row->uuid,
            'meta' => array_filter([
                'versionId' => (string) $found['version'],
                'lastUpdated' => Json::instant(
                    new \DateTimeImmutable((string) $found['updated_at'], new \DateTimeZone('UTC'))
                ),
                'profile' => $whole ? [Names::PROFILE] : null,
            ]),
            'extension' => $extensions ?: null,
            'status' => $row->status,
            'code' => $code,
            'subject' => self::reference('Patient', $found['patient_uuid']),
            'encounter' => self::reference('Encounter', $found['encounter_uuid']),
            ...self::performed($row, (string) $found['performed_on']),
            // Who wrote it down, of a Procedure that names nobody who did it, would be read as one of a surgery list.
            'recorder' => $performer === null ? null : $recorder,
            'performer' => $performer === null ? null
                : [[...self::trade((string) $found['taxonomy']), 'actor' => $performer]],
            'reasonCode' => $row->diagnosis === '' ? null
                : [['coding' => [['system' => Names::ICD10CM, 'code' => $row->diagnosis]]]],
            'bodySite' => $this->sites($row) ?: null,
        ], static fn (mixed $part): bool => $part !== null);
    }

    private static function clocked(Row $row): ?int
    {
        $clocked = $row->clocked();
        return $clocked !== null && $clocked > 0 ? $clocked : null;
    }

    /** @return array<string, mixed> */
    private static function performed(Row $row, string $day): array
    {
        if ($row->start === null || !$row->agrees() || ($row->clocked() ?? 1) < 1) {
            return ['performedDateTime' => $day];
        }
        $period = ['start' => LocalTime::fhir($row->start)];
        if ($row->end !== null) {
            $period['end'] = LocalTime::fhir($row->end);
        }
        return ['performedPeriod' => $period];
    }

    /** @return list<array<string, mixed>> */
    private function sites(Row $row): array
    {
        $sites = [];
        foreach ($this->regions->each($row->regionText) as $region) {
            $code = $row->region !== '' ? $row->region : $region['code'];
            $coding = $code === '' ? [] : ['coding' => [['system' => Names::SNOMED, 'code' => $code]]];
            $sites[] = $coding + ['text' => $region['text']];
        }
        return $sites;
    }

    /** @return array{reference: string, type: string}|null */
    private static function reference(string $type, mixed $hex): ?array
    {
        if (!is_string($hex) || strlen($hex) !== 32) {
            return null;
        }
        return ['reference' => "$type/" . LogRows::uuid($hex), 'type' => $type];
    }

    /** Core knows those as Practitioners who have an NPI. @return array{reference: string, type: string}|null */
    private static function practitioner(mixed $hex, mixed $npi): ?array
    {
        return (string) $npi === '' ? null : self::reference('Practitioner', $hex);
    }

    /**
     * As what somebody did it: the taxonomy of the user's record, which core's own Practitioner does not show.
     *
     * @return array<string, mixed>
     */
    private static function trade(string $taxonomy): array
    {
        return preg_match('/' . Names::TAXONOMY_SHAPE . '/D', $taxonomy) === 1
            ? ['function' => ['coding' => [['system' => Names::NUCC, 'code' => $taxonomy]]]]
            : [];
    }
}
