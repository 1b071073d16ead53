<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Screens;

/** URIs of ours that the screens read; the same strings as plugin/massage_billing/fhir/names.py (a test compares). */
final class Names
{
    public const BASE = 'https://massage-billing.org/fhir';
    /** Identifies what is known ahead of one appointment: one Task each. */
    public const OUTLOOK_KEY = self::BASE . '/sid/outlook-key';
    /** Identifies the Task of a visit that is held. */
    public const CLAIM_KEY = self::BASE . '/sid/claim-key';
    /** What the outputs of an outlook are called. */
    public const OUTLOOK = self::BASE . '/CodeSystem/outlook';
    public const TASK_CODE = self::BASE . '/CodeSystem/task-code';
    public const VISIT_OUTLOOK = 'visit-outlook';
    public const BILLING_HOLD = 'billing-hold';
    public const CONFLICT = 'fee-sheet-conflict';
    /** Identifies the Task of a claim that the fee sheet stands against, by the claim's id. */
    public const CONFLICT_KEY = self::BASE . '/sid/fee-sheet-conflict';
}
