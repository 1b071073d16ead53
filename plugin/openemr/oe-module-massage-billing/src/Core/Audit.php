<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Core;

/** OpenEMR's audit log. What is noted names things by id, never a patient by name. */
interface Audit
{
    /**
     * Note that something was done.
     *
     * @param string $event a short name, "massage-billing-claim"
     * @param string $what what was done, by ids: "Claim/5f0… became 2 billing rows"
     * @param int|null $pid the patient's number in OpenEMR, where the event is about one
     */
    public function note(string $event, string $what, ?int $pid = null, bool $success = true): void;
}
