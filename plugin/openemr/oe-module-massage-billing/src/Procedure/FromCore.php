<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

use OpenEMR\Modules\MassageBilling\Fhir\Reference;
use OpenEMR\Modules\MassageBilling\Fhir\TokenValue;

/** Asks core for its Procedures with what core can search by, and leaves out what else was not asked for. */
final class FromCore
{
    public function __construct(private readonly CoreProcedures $core, private readonly LogRows $rows)
    {
    }

    /**
     * Each Procedure of core's that matches, with the Provenances about it, ordered by id.
     *
     * @return list<array{array<string, mixed>, list<array<string, mixed>>}>
     */
    public function find(Asked $asked): array
    {
        $params = $this->params($asked);
        if ($params === null) {
            return [];
        }
        $found = [];
        $about = [];
        foreach ($this->core->search($params) as $resource) {
            if (($resource['resourceType'] ?? '') === 'Procedure') {
                if (self::matches($resource, $asked)) {
                    $found[(string) $resource['id']] = $resource;
                }
            } else {
                $about[self::id($resource['target'][0]['reference'] ?? '')][] = $resource;
            }
        }
        ksort($found, SORT_STRING);
        return array_map(
            static fn (array $one): array => [$one, $about[(string) $one['id']] ?? []],
            array_values($found)
        );
    }

    /**
     * Parameters that core knows. It takes one value each of date and _lastUpdated: the most telling goes to core.
     *
     * @return array<string, string>|null null where core can have nothing
     */
    private function params(Asked $asked): ?array
    {
        $params = $asked->provenance ? ['_revinclude' => 'Provenance:target'] : [];
        $query = $asked->query;
        $patients = $query->patients;
        if ($query->encounters !== null) {
            $theirs = $this->rows->patientsOf(array_values(array_filter($query->encounters, Reference::isUuid(...))));
            $patients = $patients === null ? $theirs : array_values(array_intersect($patients, $theirs));
        }
        foreach (['_id' => $query->ids, 'patient' => $patients] as $name => $ids) {
            if ($ids !== null) {
                $ids = array_filter($ids, Reference::isUuid(...));
                if ($ids === []) {
                    return null;
                }
                $params[$name] = implode(',', $ids);
            }
        }
        if ($asked->dates !== []) {
            $dates = array_map(static fn (Performed $one): string => $one->written, $asked->dates);
            $params['date'] = self::telling($dates);
        }
        if ($asked->changed !== []) {
            $params['_lastUpdated'] = self::telling($asked->changed);
        }
        return $params;
    }

    /**
     * The value that leaves the least: a day itself, else what is later than one.
     *
     * @param non-empty-list<string> $values
     */
    private static function telling(array $values): string
    {
        foreach (['/^(eq)?\d/', '/^(ge|gt|sa)/'] as $form) {
            foreach ($values as $value) {
                if (preg_match($form, $value) === 1) {
                    return str_replace(' ', '+', $value);
                }
            }
        }
        return str_replace(' ', '+', $values[0]);
    }

    /** @param array<string, mixed> $procedure */
    private static function matches(array $procedure, Asked $asked): bool
    {
        $query = $asked->query;
        if ($query->encounters !== null) {
            $encounter = self::id($procedure['encounter']['reference'] ?? '');
            if (!in_array($encounter, $query->encounters, true)) {
                return false;
            }
        }
        foreach ($query->tokens as $name => $filters) {
            foreach ($filters as $values) {
                if (!self::has($procedure, $name, $values)) {
                    return false;
                }
            }
        }
        return self::isThen($procedure, $asked) && self::isChanged($procedure, $asked);
    }

    /**
     * A single date is core's own to judge; of several, core has judged one.
     *
     * @param array<string, mixed> $procedure
     */
    private static function isThen(array $procedure, Asked $asked): bool
    {
        if (count($asked->dates) < 2) {
            return true;
        }
        $written = $procedure['performedDateTime'] ?? null;
        if (!is_string($written)) {
            return false;
        }
        try {
            $at = new \DateTimeImmutable($written, LocalTime::offset());
        } catch (\Exception) {
            return false;
        }
        $low = LocalTime::wall($at);
        $high = strlen($written) > 10 ? $low : substr($low, 0, 10) . ' 23:59:59';
        foreach ($asked->dates as $date) {
            if (!$date->holds($low, $high)) {
                return false;
            }
        }
        return true;
    }

    /** @param array<string, mixed> $procedure */
    private static function isChanged(array $procedure, Asked $asked): bool
    {
        if (count($asked->changed) < 2) {
            return true;
        }
        $at = new \DateTimeImmutable((string) ($procedure['meta']['lastUpdated'] ?? ''), new \DateTimeZone('UTC'));
        foreach ($asked->query->lastUpdated as $range) {
            if (!$range->holds($at)) {
                return false;
            }
        }
        return true;
    }

    /**
     * @param array<string, mixed> $procedure
     * @param list<TokenValue> $values
     */
    private static function has(array $procedure, string $name, array $values): bool
    {
        $pairs = $name === 'status' ? [['', (string) ($procedure['status'] ?? '')]] : array_map(
            // Codes of surgery lists come with the key of their type before them: "CPT4:97124".
            static fn (array $coding): array => [
                (string) ($coding['system'] ?? ''),
                (string) preg_replace('/^[A-Za-z0-9-]+:/', '', (string) ($coding['code'] ?? '')),
            ],
            $procedure['code']['coding'] ?? []
        );
        foreach ($pairs as [$system, $code]) {
            foreach ($values as $value) {
                if ($name === 'status' ? $value->value === $code : $value->holds($system, $code)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static function id(mixed $reference): string
    {
        $parts = explode('/', is_string($reference) ? $reference : '');
        return (string) end($parts);
    }
}
