<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

use OpenEMR\Modules\MassageBilling\Core\Clock;
use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Fhir\ResourceStore;

/** The Tasks, kept where all Tasks of the module are. */
final class StoredConflictTasks implements ConflictTasks
{
    private const CODE = 'fee-sheet-conflict';
    /** As the Python side marks what it closes itself (plugin/massage_billing/fhir/tasks.py SETTLED). */
    private const SETTLED = 'settled';

    /** @param \Closure(): ResourceStore $store asked for late, for the store itself calls what this is part of */
    public function __construct(
        private readonly \Closure $store,
        private readonly Database $database,
        private readonly Clock $clock
    ) {
    }

    public function open(string $claim, ?string $patient, ?string $encounter, array $conflicts): void
    {
        $task = $this->task($claim, $patient, $encounter, $conflicts);
        $id = $this->find($claim);
        if ($id === null) {
            ($this->store)()->create('Task', $task, null);
            return;
        }
        $there = ($this->store)()->read('Task', $id)?->json ?? [];
        if (Json::text($there, 'status') === 'requested' && ($there['input'] ?? null) === $task['input']) {
            return;
        }
        $task['authoredOn'] = $there['authoredOn'] ?? $task['authoredOn'];
        ($this->store)()->update('Task', $id, ['id' => $id] + $task, null);
    }

    public function settle(string $claim): void
    {
        $id = $this->find($claim);
        $task = $id === null ? null : ($this->store)()->read('Task', $id)?->json;
        if ($task === null || in_array(Json::text($task, 'status'), ['completed', 'entered-in-error'], true)) {
            return;
        }
        $task['status'] = 'completed';
        $task['businessStatus'] = ['text' => self::SETTLED];
        $task['lastModified'] = $this->now();
        ($this->store)()->update('Task', (string) $id, $task, null);
    }

    private function find(string $claim): ?string
    {
        $id = $this->database->value(
            "SELECT resource FROM massage_billing_token WHERE type = 'Task' AND name = 'identifier' AND value = ? "
            . 'AND `system` = ? LIMIT 1',
            [$claim, Names::SID_CONFLICT]
        );
        return $id === null ? null : (string) $id;
    }

    /**
     * @param non-empty-list<Conflict> $conflicts
     * @return array<string, mixed>
     */
    private function task(string $claim, ?string $patient, ?string $encounter, array $conflicts): array
    {
        $coding = static fn(string $code): array => ['system' => Names::CS_CONFLICT, 'code' => $code];
        $codes = array_values(array_unique(array_map(static fn(Conflict $one): string => $one->code, $conflicts)));
        $count = count($conflicts);
        $task = [
            'resourceType' => 'Task',
            'identifier' => [['system' => Names::SID_CONFLICT, 'value' => $claim]],
            'status' => 'requested',
            'intent' => 'order',
            'code' => ['coding' => [['system' => Names::CS_TASK_CODE, 'code' => self::CODE]]],
            'description' => 'The claim is not on the fee sheet as it should be: '
                . ($count === 1 ? '1 thing to settle.' : "$count things to settle."),
            'focus' => ['reference' => $encounter === null ? "Claim/$claim" : "Encounter/$encounter"],
            'authoredOn' => $this->now(),
            'lastModified' => $this->now(),
            'requester' => [
                'type' => 'Device', 'identifier' => ['system' => Names::SID_DEVICE, 'value' => 'massage-billing'],
            ],
            'performerType' => [['coding' => [['system' => Names::CS_ROLE, 'code' => 'biller']]]],
            'owner' => ['identifier' => ['system' => Names::SID_ROLE, 'value' => 'biller'], 'display' => 'Biller'],
            'reasonCode' => ['coding' => array_map($coding, $codes)],
            'input' => array_map(static fn(Conflict $one): array => [
                'type' => ['coding' => [$coding($one->code)]], 'valueString' => $one->text,
            ], $conflicts),
        ];
        if ($patient !== null) {
            $task['for'] = ['reference' => "Patient/$patient"];
        }
        return $task;
    }

    private function now(): string
    {
        return $this->clock->now()->format('Y-m-d\TH:i:s\Z');
    }
}
