<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Procedure;

/** Core's own Procedures: its procedure orders and surgery lists. */
interface CoreProcedures
{
    /**
     * What core finds.
     *
     * @param array<string, string> $params search parameters that core knows, each once
     * @return list<array<string, mixed>> Procedures, and Provenances where core was asked for them
     */
    public function search(array $params): array;
}
