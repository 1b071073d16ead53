<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** The URL by which clients reach this server's FHIR. */
interface Base
{
    /** Without a slash at its end: "https://clinic.example/apis/default/fhir". */
    public function url(): string;
}
