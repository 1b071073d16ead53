<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Fhir;

/** A type that can be read and searched by FHIR and is computed from core's tables, not kept. */
interface Source
{
    /** The resource type, "ClaimResponse". */
    public function type(): string;

    /**
     * One resource by its id.
     *
     * @return array<string, mixed>|null null where there is none
     */
    public function read(string $id): ?array;

    /**
     * The resources that match. What the query holds was asked by a parameter of parameters(), or is the patient of the
     * token; what a source cannot search by it does not list there.
     */
    public function search(Query $query): Page;

    /**
     * Search parameter => its FHIR type: "token", "reference" or "date". `_id` and `_lastUpdated` are understood if
     * listed.
     *
     * @return array<string, string>
     */
    public function parameters(): array;

    /**
     * The right a user needs besides the token's scope: section and value of core's ACL.
     *
     * @return array{string, string}
     */
    public function acl(): array;
}
