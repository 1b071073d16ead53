<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

use OpenEMR\Modules\MassageBilling\Boundary;
use Symfony\Component\HttpFoundation\JsonResponse;

/** The CapabilityStatement: core's own, and our types in it. */
final class Metadata
{
    /**
     * @param list<Source> $computed
     * @param array<string, array<string, string>> $more search parameters that core's types have through us, by type:
     *     ['Procedure' => ['encounter' => 'reference']]
     */
    public function __construct(private readonly array $computed = [], private readonly array $more = [])
    {
    }

    /** Core's route for metadata with ours added to what it answers; where that fails, what core answers. */
    public function over(callable $core): callable
    {
        return function (mixed ...$arguments) use ($core): mixed {
            $statement = $core(...$arguments);
            return Boundary::guard('metadata', fn(): mixed => $this->added($statement), $statement);
        };
    }

    /** A JsonResponse of the statement with ours in it; the statement itself where it is none that we know. */
    private function added(mixed $statement): mixed
    {
        $json = json_decode(Json::encode($statement), false, JsonText::DEPTH, JSON_THROW_ON_ERROR);
        $rest = $json->rest[0] ?? null;
        if (!is_object($rest) || !is_array($rest->resource ?? null)) {
            return $statement;
        }
        $rest->resource = array_values($this->merged($rest->resource));
        return JsonResponse::fromJsonString(Json::encode($json));
    }

    /**
     * @param list<object> $listed
     * @return array<string, object>
     */
    private function merged(array $listed): array
    {
        $types = [];
        foreach ($listed as $place => $one) {
            $types[(string) ($one->type ?? $place)] = $one;
        }
        foreach (Types::all() as $type) {
            $types[$type] = $this->type($types[$type] ?? null, $type, Types::parameters($type), [
                'read', 'vread', 'search-type', 'create', 'update',
            ]);
            $listed = $types[$type]->supportedProfile ?? [];
            $types[$type]->supportedProfile = array_values(array_unique([...$listed, ...Types::profiles($type)]));
            $types[$type]->versioning = 'versioned';
            $types[$type]->readHistory = true;
            $types[$type]->updateCreate = false;
            $types[$type]->conditionalCreate = true;
            $types[$type]->conditionalRead = 'not-match';
            $types[$type]->referencePolicy = ['literal', 'logical', 'enforced'];
        }
        foreach ($this->computed as $source) {
            $type = $source->type();
            $types[$type] = $this->type($types[$type] ?? null, $type, $source->parameters(), ['read', 'search-type']);
        }
        foreach ($this->more as $type => $parameters) {
            if (isset($types[$type])) {
                $types[$type] = $this->type($types[$type], $type, $parameters, []);
            }
        }
        return $types;
    }

    /**
     * @param array<string, string> $parameters
     * @param list<string> $interactions
     */
    private function type(?object $listed, string $type, array $parameters, array $interactions): object
    {
        $one = $listed ?? (object) [
            'type' => $type,
            'profile' => "http://hl7.org/fhir/StructureDefinition/$type",
        ];
        $one->interaction = self::with($one->interaction ?? [], 'code', array_map(
            static fn(string $code): object => (object) ['code' => $code],
            $interactions
        ));
        $one->searchParam = self::with($one->searchParam ?? [], 'name', array_map(
            static fn(string $name, string $kind): object => (object) ['name' => $name, 'type' => $kind],
            array_keys($parameters),
            array_values($parameters)
        ));
        return $one;
    }

    /**
     * @param list<object> $there
     * @param list<object> $ours
     * @return list<object> with those of ours whose name is not there yet
     */
    private static function with(array $there, string $name, array $ours): array
    {
        $names = array_map(static fn(object $one): string => (string) ($one->{$name} ?? ''), $there);
        $new = array_filter($ours, static fn(object $one): bool => !in_array($one->{$name}, $names, true));
        return [...$there, ...array_values($new)];
    }
}
