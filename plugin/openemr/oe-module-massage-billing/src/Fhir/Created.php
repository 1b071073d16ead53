<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** What a create led to: a new resource, or the one that its condition found. */
final class Created
{
    public function __construct(public readonly Stored $stored, public readonly bool $new)
    {
    }
}
