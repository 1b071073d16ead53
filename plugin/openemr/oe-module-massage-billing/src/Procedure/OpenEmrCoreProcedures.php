<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

use OpenEMR\Modules\MassageBilling\Fhir\Refused;
use OpenEMR\Services\FHIR\FhirProcedureService;

/** Over core's FhirProcedureService, as its own controller uses it. */
final class OpenEmrCoreProcedures implements CoreProcedures
{
    public function search(array $params): array
    {
        $result = (new FhirProcedureService())->getAll($params);
        if ($result->hasErrors()) {
            throw new Refused(400, 'value', 'A value of the search is none that OpenEMR can search for.');
        }
        $found = [];
        foreach ($result->getData() as $resource) {
            $found[] = json_decode((string) json_encode($resource), true);
        }
        return $found;
    }
}
