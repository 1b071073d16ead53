<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

use OpenEMR\Modules\MassageBilling\Core\Clock;
use OpenEMR\Modules\MassageBilling\Core\Database;

/**
 * The FHIR resources that the module keeps: whole, as they were written, with what they are found by beside them.
 *
 * Every method that writes is one transaction; called inside another one, it joins it. What is refused throws Refused.
 */
final class ResourceStore
{
    /** @var array<string, list<AfterWrite>> by type */
    private array $after = [];

    public function __construct(
        private readonly Database $database,
        private readonly Clock $clock,
        private readonly References $references,
        private readonly Base $base
    ) {
    }

    /** From now on, this has to happen with every write of its type. */
    public function afterWrite(AfterWrite $hook): void
    {
        $this->after[$hook->type()][] = $hook;
    }

    /**
     * Create a resource, or find the one that the condition matches already. Of equal conditions at the same time one
     * creates and all others find: they wait for each other on one row of massage_billing_create_key.
     *
     * @param array<string, mixed>|Document $resource
     * @param string|null $condition If-None-Exist: a search like "identifier=system|value", quoted as in a URL
     */
    public function create(string $type, array|Document $resource, ?string $condition = null): Created
    {
        $document = self::document($type, $resource);
        Checks::whole($document);
        $condition = $condition === null ? null
            : Condition::parse($type, $condition, $this->base->url(), $this->clock->now());
        return $this->database->transaction(function () use ($document, $condition): Created {
            $id = ResourceId::at($this->clock->now());
            $there = $condition === null ? null : $this->waitFor($condition, $id);
            if ($there !== null) {
                return new Created($there, false);
            }
            $belongs = $this->references->check($document->type, $document->json, $this->base->url());
            $stored = $document->stored($id, 1, $this->clock->now());
            $index = Index::of($document->type, $document->json, $this->base->url(), $belongs->patient);
            StoreRows::add($this->database, $stored, $index);
            $this->tell($stored, null);
            return new Created($stored, true);
        });
    }

    /**
     * Write a new version. What says the same as the version that is there makes none.
     *
     * @param array<string, mixed>|Document $resource
     * @param int|null $ifMatch the version it was made from; null: whichever is there
     */
    public function update(string $type, string $id, array|Document $resource, ?int $ifMatch = null): Stored
    {
        $document = self::document($type, $resource);
        if ($document->id !== $id) {
            throw new Refused(400, 'value', 'The id of the body has to be that of the URL.');
        }
        Checks::whole($document);
        return $this->database->transaction(function () use ($type, $id, $document, $ifMatch): Stored {
            $row = $this->database->row(
                'SELECT version, json FROM massage_billing_resource WHERE id = ? AND type = ? FOR UPDATE',
                [$id, $type]
            );
            if ($row === null) {
                throw new Refused(405, 'not-found', "There is no $type/$id; ids are given by this server.");
            }
            $version = (int) $row['version'];
            if ($ifMatch !== null && $ifMatch !== $version) {
                throw new Refused(412, 'conflict', "$type/$id is in version $version, not in $ifMatch.");
            }
            $before = self::fromText((string) $row['json']);
            $old = Document::parse($before->text);
            if ($old->saysTheSame($document)) {
                $this->tell($before, $before);
                return $before;
            }
            $belongs = $this->references->check($type, $document->json, $this->base->url());
            $now = $document->stored($id, $version + 1, $this->clock->now());
            $index = Index::of($type, $document->json, $this->base->url(), $belongs->patient);
            StoreRows::replace($this->database, $before, $now, $index);
            $this->tell($now, $before);
            return $now;
        });
    }

    /** The resource as it is now, or one of its earlier versions; null where there is none. */
    public function read(string $type, string $id, ?int $version = null): ?Stored
    {
        $row = $this->database->row(
            'SELECT version, json FROM massage_billing_resource WHERE id = ? AND type = ?',
            [$id, $type]
        );
        if ($row !== null && $version !== null && (int) $row['version'] !== $version) {
            $row = $this->database->row(
                'SELECT json FROM massage_billing_resource_history WHERE id = ? AND version = ?',
                [$id, $version]
            );
        }
        return $row === null ? null : self::fromText((string) $row['json']);
    }

    /** Whose a kept resource is, by its newest version; null where it is nobody's, or is not there. */
    public function patientOf(string $type, string $id): ?string
    {
        $found = $this->database->value(
            'SELECT patient FROM massage_billing_resource WHERE id = ? AND type = ?',
            [$id, $type]
        );
        return $found === null ? null : (string) $found;
    }

    /** The number in OpenEMR of the patient that a kept resource belongs to. */
    public function pidOf(Stored $stored): ?int
    {
        $found = $this->database->value(
            'SELECT p.pid FROM massage_billing_resource r'
            . " JOIN patient_data p ON p.uuid = UNHEX(REPLACE(r.patient, '-', '')) WHERE r.id = ?",
            [$stored->id]
        );
        return $found === null ? null : (int) $found;
    }

    /** One page; the resources come as JSON text. */
    public function search(Query $query): Page
    {
        $search = new StoreSearch($query);
        $total = $query->total || $query->count === 0 ? (int) $this->database->value(...$search->total()) : null;
        if ($query->count === 0) {
            return new Page([], null, $total);
        }
        $rows = $this->database->rows(...$search->page());
        $more = count($rows) > $query->count;
        $rows = array_slice($rows, 0, $query->count);
        return new Page(
            array_map(static fn(array $row): string => (string) $row['json'], $rows),
            $more ? StoreSearch::after($rows[count($rows) - 1], $query->sort) : null,
            $total ?? ($more || $query->cursor !== null ? null : count($rows))
        );
    }

    /**
     * The first resources that a search finds: find('Task', ['patient' => $uuid, 'status' => 'requested,ready']).
     *
     * @param array<string, string> $parameters
     * @return list<Stored>
     */
    public function find(string $type, array $parameters): array
    {
        $pairs = array_map(null, array_keys($parameters), array_values($parameters));
        $known = Types::parameters($type);
        $query = QueryParser::parse($type, $pairs, $known, $this->base->url(), $this->clock->now());
        return array_map(self::fromText(...), $this->search($query)->resources);
    }

    /** What a condition finds, once nobody else is at work on the same condition: its lock is kept until the commit. */
    private function waitFor(Condition $condition, string $new): ?Stored
    {
        $this->database->change(
            'INSERT INTO massage_billing_create_key (type, hash, resource) VALUES (?, UNHEX(?), ?)'
            . ' ON DUPLICATE KEY UPDATE resource = resource',
            [$condition->query->type, $condition->hash, $new]
        );
        $found = $this->matching($condition->query, false);
        if ($found === []) {
            $found = $this->createdMeanwhile($condition, $new);
        }
        if (count($found) > 1) {
            throw new Refused(412, 'multiple-matches', 'The condition of If-None-Exist matches several resources.');
        }
        return $found[0] ?? null;
    }

    /**
     * What the same condition created before, read past the snapshot of an outer transaction that began earlier.
     *
     * @return list<Stored>
     */
    private function createdMeanwhile(Condition $condition, string $new): array
    {
        $known = (string) $this->database->value(
            'SELECT resource FROM massage_billing_create_key WHERE type = ? AND hash = UNHEX(?) FOR UPDATE',
            [$condition->query->type, $condition->hash]
        );
        if ($known === $new) {
            return [];
        }
        $found = $this->matching($condition->query->with(ids: [$known]), true);
        if ($found === []) {
            $this->database->change(
                'UPDATE massage_billing_create_key SET resource = ? WHERE type = ? AND hash = UNHEX(?)',
                [$new, $condition->query->type, $condition->hash]
            );
        }
        return $found;
    }

    /** @return list<Stored> two at most */
    private function matching(Query $query, bool $locking): array
    {
        [$sql, $params] = (new StoreSearch($query->with(count: 1, cursor: null, sort: ''), $locking))->page();
        $rows = $this->database->rows($sql, $params);
        return array_map(static fn(array $row): Stored => self::fromText((string) $row['json']), $rows);
    }

    private function tell(Stored $now, ?Stored $before): void
    {
        foreach ($this->after[$now->type] ?? [] as $hook) {
            $hook->written($now, $before);
        }
    }

    /** @param array<string, mixed>|Document $resource */
    private static function document(string $type, array|Document $resource): Document
    {
        $document = is_array($resource) ? Document::of($resource) : $resource;
        if ($document->type !== $type || !Types::knows($type)) {
            throw new Refused(400, 'invalid', "The body has to be a $type.");
        }
        return $document;
    }

    private static function fromText(string $text): Stored
    {
        $json = JsonText::parse($text)->json;
        $at = new \DateTimeImmutable($json['meta']['lastUpdated']);
        return new Stored($json['resourceType'], $json['id'], (int) $json['meta']['versionId'], $at, $json, $text);
    }
}
