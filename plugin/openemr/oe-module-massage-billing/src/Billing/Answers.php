<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

use OpenEMR\Modules\MassageBilling\Core\Database;
use OpenEMR\Modules\MassageBilling\Fhir\DateRange;
use OpenEMR\Modules\MassageBilling\Fhir\Json as FhirJson;
use OpenEMR\Modules\MassageBilling\Fhir\Page;
use OpenEMR\Modules\MassageBilling\Fhir\Query;
use OpenEMR\Modules\MassageBilling\Fhir\Reference;
use OpenEMR\Modules\MassageBilling\Fhir\Refused;
use OpenEMR\Modules\MassageBilling\Fhir\Source;
use OpenEMR\Modules\MassageBilling\Fhir\TokenValue;

/**
 * ClaimResponses: what OpenEMR's own billing tells of a Claim of the module's, computed and read only.
 *
 * outcome `queued`: billed in OpenEMR. `complete`: the payer's answer was posted, its number of the claim is the
 * identifier. status `cancelled`: a person opened it again before any answer, so it is not sent. Core knows no
 * rejection by a clearinghouse (its 277CA and 999 stay files), so none is `error`.
 */
final class Answers implements Source
{
    /** The id of an answer is its Claim's with these bits turned: one is made of the other, without a table. */
    private const TURN = '436c61696d52';
    private const BATCH = 200;

    private readonly EvidenceRows $rows;
    private readonly Sendings $sendings;

    public function __construct(private readonly Database $database)
    {
        $this->rows = new EvidenceRows($database);
        $this->sendings = new Sendings($this->rows);
    }

    public function type(): string
    {
        return 'ClaimResponse';
    }

    public function parameters(): array
    {
        return ['_id' => 'token', '_lastUpdated' => 'date', 'patient' => 'reference', 'request' => 'reference',
            'use' => 'token', 'status' => 'token', 'outcome' => 'token'];
    }

    public function acl(): array
    {
        return ['acct', 'bill'];
    }

    public function read(string $id): ?array
    {
        $claim = self::turned($id);
        return $claim === null ? null : $this->resources([$claim])[0] ?? null;
    }

    public function search(Query $query): Page
    {
        $after = $query->cursor ?? '';
        if ($after !== '' && self::turned($after) === null) {
            throw new Refused(400, 'value', 'The place to go on from is none that was given for this search.');
        }
        if ($query->sort !== '' || $query->total || $query->count === 0) {
            return $this->all($query);
        }
        $found = [];
        foreach ($this->matching($query, $after) as $claim => $resource) {
            if (count($found) === $query->count) {
                return new Page($found, $last ?? null);
            }
            $found[] = $resource;
            $last = $claim;
        }
        return new Page($found, null, $after === '' ? count($found) : null);
    }

    /** All at once where an order or the number is asked for. */
    private function all(Query $query): Page
    {
        $found = iterator_to_array($this->matching($query, ''));
        $total = count($found);
        if ($query->sort !== '') {
            $sign = $query->sort === '_lastUpdated' ? 1 : -1;
            uasort($found, static fn(array $a, array $b): int =>
                $sign * ([$a['meta']['lastUpdated'], $a['id']] <=> [$b['meta']['lastUpdated'], $b['id']]));
        }
        if ($query->cursor !== null) {
            $place = array_search($query->cursor, array_keys($found), true);
            $found = array_slice($found, $place === false ? $total : $place + 1);
        }
        $page = array_slice($found, 0, $query->count);
        $more = $query->count > 0 && count($found) > count($page);
        return new Page(array_values($page), $more ? (string) array_key_last($page) : null, $total);
    }

    /** @return \Generator<string, array<string, mixed>> by Claim id */
    private function matching(Query $query, string $after): \Generator
    {
        $ids = self::wanted($query);
        $sinces = array_filter(array_map(
            static fn(DateRange $range): ?\DateTimeImmutable => $range->since(),
            $query->lastUpdated
        ));
        $since = $sinces === [] ? null : LocalMoment::before(max($sinces));
        do {
            $claims = $this->rows->claims($after, self::BATCH, $ids, $query->patients, $since);
            foreach ($this->resources($claims) as $resource) {
                if (self::holds($query, $resource)) {
                    yield (string) self::turned($resource['id']) => $resource;
                }
            }
            $after = $claims === [] ? $after : $claims[count($claims) - 1];
        } while (count($claims) === self::BATCH);
    }

    /**
     * The Claims that are asked for by `_id` and `request`; null: any.
     *
     * @return list<string>|null
     */
    private static function wanted(Query $query): ?array
    {
        $wanted = $query->ids === null ? null
            : array_values(array_filter(array_map([self::class, 'turned'], $query->ids)));
        foreach ($query->references['request'] ?? [] as $targets) {
            $named = array_values(array_map(
                static fn(Reference $one): string => strtolower($one->id),
                array_filter($targets, static fn(Reference $one): bool => in_array($one->type, ['Claim', null], true))
            ));
            $wanted = $wanted === null ? $named : array_values(array_intersect($wanted, $named));
        }
        return $wanted;
    }

    /** @param array<string, mixed> $resource */
    private static function holds(Query $query, array $resource): bool
    {
        $updated = new \DateTimeImmutable($resource['meta']['lastUpdated']);
        foreach ($query->lastUpdated as $range) {
            if (!$range->holds($updated)) {
                return false;
            }
        }
        foreach ($query->tokens as $name => $filters) {
            foreach ($filters as $values) {
                $codes = array_map(static fn(TokenValue $one): ?string => $one->value, $values);
                if (!in_array($resource[$name] ?? null, $codes, true)) {
                    return false;
                }
            }
        }
        return true;
    }

    /**
     * @param list<string> $claims
     * @return list<array<string, mixed>> in the order of the Claims
     */
    private function resources(array $claims): array
    {
        $evidence = $this->sendings->of($claims);
        $ledger = [];
        foreach ($this->stored(array_keys($evidence)) as $id => $json) {
            $ledger[$id] = $this->resource($evidence[$id], $json);
        }
        return array_values(array_filter(array_map(
            static fn(string $claim): ?array => $ledger[$claim] ?? null,
            $claims
        )));
    }

    /**
     * @param list<string> $claims
     * @return array<string, array<string, mixed>> by id
     */
    private function stored(array $claims): array
    {
        if ($claims === []) {
            return [];
        }
        $marks = implode(', ', array_fill(0, count($claims), '?'));
        $rows = $this->database->rows(
            "SELECT id, json FROM massage_billing_resource WHERE type = 'Claim' AND id IN ($marks)",
            $claims
        );
        $found = [];
        foreach ($rows as $row) {
            $found[(string) $row['id']] = (array) json_decode((string) $row['json'], true);
        }
        return $found;
    }

    /**
     * @param array<string, mixed> $claim
     * @return array<string, mixed>
     */
    private function resource(Evidence $evidence, array $claim): array
    {
        [$status, $outcome, $disposition] = match ($evidence->state) {
            Evidence::SENT => ['active', 'queued', 'Billed in OpenEMR.'],
            Evidence::ANSWERED => ['active', 'complete', $evidence->isDenied
                ? 'A denial of the payer was posted in OpenEMR.' : 'An answer of the payer was posted in OpenEMR.'],
            default => ['cancelled', 'queued', 'Opened again in OpenEMR.'],
        };
        $changed = LocalMoment::of($evidence->changed ?: 'now');
        $answer = [
            'resourceType' => 'ClaimResponse',
            'id' => self::turned($evidence->claim),
            'meta' => ['lastUpdated' => FhirJson::instant($changed)],
            'status' => $status,
            'type' => $claim['type'] ?? null,
            'use' => 'claim',
            'patient' => $claim['patient'] ?? null,
            'created' => FhirJson::instant($evidence->billed === '' ? $changed : LocalMoment::of($evidence->billed)),
            'insurer' => $claim['insurer'] ?? null,
            'request' => ['reference' => "Claim/$evidence->claim"],
            'outcome' => $outcome,
            'disposition' => $disposition,
        ];
        if ($evidence->number !== null) {
            $answer['identifier'] = [['value' => $evidence->number]];
        }
        return array_filter($answer, static fn(mixed $part): bool => $part !== null);
    }

    /** The Claim's id of an answer's, and the other way round; null for what is no uuid. */
    private static function turned(string $id): ?string
    {
        if (!preg_match('/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/', $id)) {
            return null;
        }
        return substr($id, 0, 24) . bin2hex((string) hex2bin(substr($id, 24)) ^ (string) hex2bin(self::TURN));
    }
}
