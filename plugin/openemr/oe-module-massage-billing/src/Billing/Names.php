<?php

declare(strict_types=1);

namespace OpenEMR\Modules\MassageBilling\Billing;

/** URIs that this part reads and writes; the same strings as plugin/massage_billing/fhir/names.py. */
final class Names
{
    public const BASE = 'https://massage-billing.org/fhir';

    public const EXT_CLAIM_FREQUENCY = self::BASE . '/StructureDefinition/claim-frequency';
    public const SID_CLAIM_KEY = self::BASE . '/sid/claim-key';
    public const SID_VISIT_KEY = self::BASE . '/sid/visit-key';
    public const SID_CONFLICT = self::BASE . '/sid/fee-sheet-conflict';
    public const SID_DEVICE = self::BASE . '/sid/device';
    public const SID_ROLE = self::BASE . '/sid/role';
    public const CS_TASK_CODE = self::BASE . '/CodeSystem/task-code';
    public const CS_CONFLICT = self::BASE . '/CodeSystem/fee-sheet-conflict';
    public const CS_ROLE = self::BASE . '/CodeSystem/role';

    public const CPT = 'http://www.ama-assn.org/go/cpt';
    public const HCPCS = 'http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets';
    public const ICD10CM = 'http://hl7.org/fhir/sid/icd-10-cm';
    public const NPI = 'http://hl7.org/fhir/sid/us-npi';
    public const PLACE_OF_SERVICE = 'https://www.cms.gov/Medicare/Coding/place-of-service-codes/'
        . 'Place_of_Service_Code_Set';
    public const CLAIM_TYPE = 'http://terminology.hl7.org/CodeSystem/claim-type';
    public const CARE_TEAM_ROLE = 'http://terminology.hl7.org/CodeSystem/claimcareteamrole';
    public const CARIN_CARE_TEAM_ROLE = 'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBClaimCareTeamRole';
    public const RELATED_CLAIM = 'http://terminology.hl7.org/CodeSystem/ex-relatedclaimrelationship';
    public const ACT_CODE = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
}
