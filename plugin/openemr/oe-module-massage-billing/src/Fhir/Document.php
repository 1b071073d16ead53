<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** A resource as its writer gave it, before the server gives it an id and a version. */
final class Document
{
    /** What the server sets in meta, whatever the writer says. */
    private const OF_THE_SERVER = ['versionId' => true, 'lastUpdated' => true];

    /**
     * @param array<string, mixed> $json decimals are strings as written
     * @param array<string, string> $members all but resourceType, id and meta, as JSON
     * @param array<string, string> $meta what meta holds of the writer's, as JSON
     */
    private function __construct(
        public readonly string $type,
        public readonly ?string $id,
        public readonly array $json,
        private readonly array $members,
        private readonly array $meta
    ) {
    }

    /** From the body of a request; Refused (400) where it is no resource. */
    public static function parse(string $text): self
    {
        $read = JsonText::parse($text);
        $type = $read->json['resourceType'] ?? null;
        if (!is_string($type) || preg_match('/^[A-Z][A-Za-z]*$/D', $type) !== 1) {
            throw new Refused(400, 'structure', 'The body is no resource: it has no resourceType.');
        }
        $id = $read->json['id'] ?? null;
        if ($id !== null && !is_string($id)) {
            throw new Refused(400, 'value', 'The id has to be a string.', ["$type.id" => 'It is no string.']);
        }
        $meta = array_diff_key(self::meta($read, $type), self::OF_THE_SERVER);
        $members = array_diff_key($read->members, ['resourceType' => true, 'id' => true, 'meta' => true]);
        return new self($type, $id, $read->json, $members, $meta);
    }

    /**
     * From an array that PHP made; decimals have to be Numbers to keep their spelling.
     *
     * @param array<string, mixed> $resource
     */
    public static function of(array $resource): self
    {
        return self::parse(Json::encode($resource));
    }

    /** The resource as JSON, with what the server gives it. */
    public function text(string $id, int $version, \DateTimeImmutable $at): string
    {
        $meta = ['versionId' => "\"$version\"", 'lastUpdated' => '"' . Json::instant($at) . '"'] + $this->meta;
        $first = ['resourceType' => "\"$this->type\"", 'id' => "\"$id\"", 'meta' => self::object($meta)];
        return self::object($first + $this->members);
    }

    /** That version of it. */
    public function stored(string $id, int $version, \DateTimeImmutable $at): Stored
    {
        $meta = is_array($this->json['meta'] ?? null) ? $this->json['meta'] : [];
        $json = ['resourceType' => $this->type, 'id' => $id,
            'meta' => ['versionId' => (string) $version, 'lastUpdated' => Json::instant($at)] + $meta] + $this->json;
        return new Stored($this->type, $id, $version, $at, $json, $this->text($id, $version, $at));
    }

    /** Whether another says the same, apart from what the server sets. */
    public function saysTheSame(self $other): bool
    {
        return $this->type === $other->type && self::sorted($this->members) === self::sorted($other->members)
            && self::sorted($this->meta) === self::sorted($other->meta);
    }

    /**
     * @param array<string, string> $members
     * @return array<string, string>
     */
    private static function sorted(array $members): array
    {
        ksort($members, SORT_STRING);
        return $members;
    }

    /** @return array<string, string> */
    private static function meta(JsonText $read, string $type): array
    {
        $meta = $read->members['meta'] ?? '{}';
        if ($meta[0] !== '{') {
            throw new Refused(400, 'structure', 'meta has to be an object.', ["$type.meta" => 'It is no object.']);
        }
        return JsonText::parse($meta)->members;
    }

    /** @param array<string, string> $members */
    private static function object(array $members): string
    {
        $parts = [];
        foreach ($members as $name => $value) {
            $parts[] = Json::encode((string) $name) . ':' . $value;
        }
        return '{' . implode(',', $parts) . '}';
    }
}
