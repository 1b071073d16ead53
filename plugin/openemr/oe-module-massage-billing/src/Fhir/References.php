<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

use OpenEMR\Modules\MassageBilling\Core\Database;

/**
 * Whether what a resource points at is there, and is of the same patient. One query, however many references there are.
 *
 * What knows core's tables is CoreRows. References to elsewhere (another server's URL) are nobody's business here.
 */
final class References
{
    /** @param array<string, Source> $computed types that are no rows, by name */
    public function __construct(private readonly Database $database, private readonly array $computed = [])
    {
    }

    /**
     * The patient a resource belongs to; Refused (422) where a reference names nothing, or something of somebody else.
     *
     * @param array<string, mixed> $json
     */
    public function check(string $type, array $json, string $base): Belongs
    {
        [$named, $problems] = $this->named($type, $json, $base);
        $rows = CoreRows::find($this->database, array_values($named));
        $patient = $this->patient($type, $named, $rows);
        $whose = Types::patient($type);
        if ($patient->patient === null && in_array($whose, Types::required($type), true)) {
            $problems["$type.$whose"] = 'It has to be a Patient of this server.';
        }
        foreach ($named as $at => $reference) {
            $row = $rows["$reference->type/$reference->id"] ?? null;
            if ($row === null && !$this->computes($reference)) {
                $problems[$at] ??= "There is no $reference->type/$reference->id here.";
            } elseif (
                $row !== null && $patient->patient !== null && $reference->type !== 'Patient'
                && $row->patient !== null && $row->patient !== $patient->patient
            ) {
                $problems[$at] = "$reference->type/$reference->id is of another patient.";
            }
        }
        if ($problems !== []) {
            throw new Refused(422, 'business-rule', 'A reference names nothing that is here.', $problems);
        }
        return $patient;
    }

    /**
     * References by where they stand, and what is wrong with those that cannot name anything.
     *
     * @param array<string, mixed> $json
     * @return array{array<string, Reference>, array<string, string>}
     */
    private function named(string $type, array $json, string $base): array
    {
        $named = [];
        $problems = [];
        foreach (Elements::references($json, $type) as $at => $literal) {
            $reference = Reference::parse($literal, $base);
            if ($reference !== null) {
                $named[$at] = $reference;
            } elseif (str_starts_with($literal, '#')) {
                if (!in_array(substr($literal, 1), Elements::at($json, 'contained.id'), true)) {
                    $problems[$at] = 'Nothing is contained under this name.';
                }
            } elseif (preg_match('~^https?://~Di', $literal) !== 1) {
                $problems[$at] = 'This is no reference that can be followed here.';
            }
        }
        return [$named, $problems];
    }

    /**
     * @param array<string, Reference> $named
     * @param array<string, Belongs> $rows
     */
    private function patient(string $type, array $named, array $rows): Belongs
    {
        $element = Types::patient($type);
        if ($element !== '') {
            $reference = $named["$type.$element"] ?? null;
            return $reference?->type === 'Patient' ? ($rows["Patient/$reference->id"] ?? new Belongs()) : new Belongs();
        }
        $owners = [];
        foreach ($named as $at => $reference) {
            $row = $rows["$reference->type/$reference->id"] ?? null;
            if (str_starts_with($at, "$type.target[") && $row?->patient !== null) {
                $owners[$row->patient] = $row;
            }
        }
        return count($owners) === 1 ? reset($owners) : new Belongs();
    }

    private function computes(Reference $reference): bool
    {
        $source = $this->computed[(string) $reference->type] ?? null;
        return $source !== null && $source->read($reference->id) !== null;
    }
}
