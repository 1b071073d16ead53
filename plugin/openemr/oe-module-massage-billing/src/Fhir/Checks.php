<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** Whether a resource has what FHIR R4 requires of its type. Profiles are the writer's business. */
final class Checks
{
    /** Refused (400) where an element is missing, or status is no code of the type. */
    public static function whole(Document $document): void
    {
        $type = $document->type;
        $missing = [];
        foreach (Types::required($type) as $element) {
            if (in_array($document->json[$element] ?? null, [null, '', []], true)) {
                $missing["$type.$element"] = 'It is required.';
            }
        }
        if ($missing !== []) {
            throw new Refused(400, 'required', "A $type has to have what is missing here.", $missing);
        }
        $codes = Types::statuses($type);
        if ($codes !== [] && !in_array($document->json['status'], $codes, true)) {
            $at = ["$type.status" => 'It is unknown.'];
            throw new Refused(400, 'code-invalid', "This is no status of a $type.", $at);
        }
    }
}
