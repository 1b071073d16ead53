<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/**
 * What a Claim says that reaches OpenEMR's 837P only through the form "Misc Billing Options"
 * (core: src/Billing/Claim.php priorAuth, frequencyTypeCode, icnResubmissionNumber, isRelated…).
 */
final class MiscOptions
{
    private const REPLACEMENT = ['7' => 1, '8' => 2];

    /**
     * @param string $authorization prior authorization number, 837P REF*G1
     * @param string $frequency CLM05-3: 1 original, 7 replacement, 8 void
     * @param string $payerClaimNumber the payer's number of the claim that is replaced or voided, REF*F8
     * @param string $accident "" none, "employment", "auto" or "other": CLM11
     * @param string $state of an auto accident
     */
    public function __construct(
        public readonly string $authorization,
        public readonly string $frequency,
        public readonly string $payerClaimNumber,
        public readonly string $accident = '',
        public readonly string $state = ''
    ) {
    }

    /** Whether there is nothing to tell: then no form is needed. */
    public function isPlain(): bool
    {
        return $this->authorization === '' && $this->frequency === '1' && $this->accident === '';
    }

    /**
     * The form's columns, as they are written.
     *
     * @return array<string, string|int>
     */
    public function columns(): array
    {
        return [
            'prior_auth_number' => $this->authorization,
            'replacement_claim' => self::REPLACEMENT[$this->frequency] ?? 0,
            'icn_resubmission_number' => $this->payerClaimNumber,
            'employment_related' => (int) ($this->accident === 'employment'),
            'auto_accident' => (int) ($this->accident === 'auto'),
            'other_accident' => (int) ($this->accident === 'other'),
            'accident_state' => $this->state,
        ];
    }
}
