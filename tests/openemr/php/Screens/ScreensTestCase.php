<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Tests\Screens;

use OpenEMR\Modules\MassageBilling\Screens\Names;
use OpenEMR\Modules\MassageBilling\Screens\Templates;
use OpenEMR\Modules\MassageBilling\Screens\Words;
use OpenEMR\Modules\MassageBilling\Tests\Support\ModuleTestCase;

/** What the screens' tests share: resources of the Python side in the tables, as the FHIR store keeps them. */
abstract class ScreensTestCase extends ModuleTestCase
{
    /** Today of the tests' clock, in the tests' zone. */
    protected const TODAY = '2026-12-01';

    protected function templates(): Templates
    {
        return new Templates(MODULE . '/templates', static fn(string $text): string => $text, static fn(string $day): string => $day);
    }

    protected function words(): Words
    {
        return new Words(static fn(string $text): string => $text, static fn(string $day): string => $day);
    }

    /** @return array{eid: int, uuid: string} a calendar row */
    protected function appointment(int $pid, string $day = self::TODAY, string $time = '09:00:00'): array
    {
        $uuid = $this->clinic->uuid();
        $eid = $this->clinic->add('openemr_postcalendar_events', [
            'uuid' => $uuid, 'pc_pid' => (string) $pid, 'pc_eventDate' => $day, 'pc_startTime' => $time,
            'pc_endTime' => '10:00:00', 'pc_duration' => 3600, 'pc_apptstatus' => '-', 'pc_aid' => '1', 'pc_catid' => 5,
            'pc_title' => 'Massage',
        ]);
        return ['eid' => $eid, 'uuid' => $uuid];
    }

    /**
     * Keep a resource, and index it as the store does.
     *
     * @param array<string, mixed> $json
     */
    protected function keep(array $json, string $updated = '2026-12-01 17:00:00.000'): string
    {
        $json['id'] ??= $this->clinic->uuid();
        $encounter = $json['focus']['reference'] ?? $json['item'][0]['encounter'][0]['reference'] ?? '';
        $patient = $json['for']['reference'] ?? $json['patient']['reference'] ?? '';
        $this->database->change(
            'INSERT INTO massage_billing_resource VALUES (?, ?, 1, ?, ?, ?, ?, ?)',
            [
                $json['id'], $json['resourceType'], $updated, $json['status'] ?? '',
                str_starts_with($patient, 'Patient/') ? substr($patient, 8) : null,
                str_starts_with($encounter, 'Encounter/') ? substr($encounter, 10) : null, json_encode($json),
            ]
        );
        foreach ($json['identifier'] ?? [] as $identifier) {
            $this->database->change(
                'INSERT INTO massage_billing_token VALUES (?, ?, ?, ?, ?)',
                [$json['id'], $json['resourceType'], 'identifier', $identifier['system'], $identifier['value']]
            );
        }
        if (isset($json['focus'])) {
            [$type, $id] = explode('/', $json['focus']['reference']);
            $this->database->change(
                'INSERT INTO massage_billing_reference VALUES (?, ?, ?, ?, ?)',
                [$json['id'], $json['resourceType'], 'focus', $type, $id]
            );
        }
        return $json['id'];
    }

    /**
     * @param array<string, list<array<string, mixed>>> $said outputs by code
     * @return array<string, mixed>
     */
    protected function outlook(string $appointment, string $patient, array $said = [], string $day = self::TODAY): array
    {
        $said += ['readiness' => [['valueCode' => 'act']], 'judged-on' => [['valueDate' => self::TODAY]]];
        $output = [];
        foreach ($said as $code => $values) {
            foreach ($values as $value) {
                $type = ['coding' => [['system' => Names::OUTLOOK, 'code' => $code]]];
                if (isset($value['what'])) {
                    $type['text'] = $value['what'];
                    unset($value['what']);
                }
                $output[] = ['type' => $type] + $value;
            }
        }
        return [
            'resourceType' => 'Task', 'status' => 'completed', 'intent' => 'order',
            'identifier' => [['system' => Names::OUTLOOK_KEY, 'value' => 'MA' . md5($appointment)]],
            'code' => ['coding' => [['system' => Names::TASK_CODE, 'code' => Names::VISIT_OUTLOOK]]],
            'focus' => ['reference' => "Appointment/$appointment"],
            'for' => ['reference' => "Patient/$patient"],
            'executionPeriod' => ['start' => $day],
            'output' => $output,
        ];
    }

    /**
     * @param list<array{string, string}> $reasons code and text
     * @return array<string, mixed>
     */
    protected function hold(string $encounter, string $patient, array $reasons, string $status = 'requested'): array
    {
        return [
            'resourceType' => 'Task', 'status' => $status, 'intent' => 'order',
            'identifier' => [['system' => Names::CLAIM_KEY, 'value' => 'MB' . md5($encounter)]],
            'code' => ['coding' => [['system' => Names::TASK_CODE, 'code' => Names::BILLING_HOLD]]],
            'description' => 'This visit cannot be billed yet: 1 thing to settle.',
            'focus' => ['reference' => "Encounter/$encounter"],
            'for' => ['reference' => "Patient/$patient"],
            'owner' => ['display' => 'Therapist'],
            'restriction' => ['period' => ['end' => '2027-05-02']],
            'input' => array_map(static fn(array $reason): array => [
                'type' => ['coding' => [['system' => Names::BASE . '/CodeSystem/rule', 'code' => $reason[0]]]],
                'valueString' => $reason[1],
            ], $reasons),
        ];
    }

    /** @return array<string, mixed> */
    protected function text(string $code, string $text): array
    {
        return ['valueCodeableConcept' => ['coding' => [['system' => Names::BASE . '/CodeSystem/ahead-reason', 'code' => $code]], 'text' => $text]];
    }
}
