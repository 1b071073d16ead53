<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

use OpenEMR\Modules\MassageBilling\Fhir\Page;

/** A page of Procedures, and what stands beside them. */
final class Found
{
    /** @param list<array<string, mixed>> $about Provenances of the page's Procedures */
    public function __construct(public readonly Page $page, public readonly array $about = [])
    {
    }
}
