"""The URIs of our FHIR: what is ours (under ``BASE``) and what is somebody else's, each written once.

The profiles in ``fhir_profiles/`` use the same strings; ``tests/fhir/test_profiles.py`` holds the two together.
URIs of others come from their owners: CPT, HCPCS and CMS place of service from terminology.hl7.org, ICD-10-CM and NPI
from the FHIR R4 registry of code systems and identifiers.
"""

from typing import Final

BASE: Final = "https://massage-billing.org/fhir"
"""Canonical base of everything we define. Never resolved over the network: it is a name."""

# --- extensions of ours ----------------------------------------------------------------------------------------------

EXT_TREATMENT_MINUTES: Final = f"{BASE}/StructureDefinition/treatment-minutes"
"""On Procedure: valueDuration, UCUM ``min``: hands-on minutes of this one service (decision 1)."""
EXT_MODIFIER: Final = f"{BASE}/StructureDefinition/modifier"
"""On Procedure, repeated: valueCoding (CPT or HCPCS) or valueCode: a modifier, as its author recorded it."""
EXT_CLAIM_FREQUENCY: Final = f"{BASE}/StructureDefinition/claim-frequency"
"""On Claim: valueCode 1 (original), 7 (replacement), 8 (void); absent means 1 (decision 17)."""
REPLACEMENT: Final = "7"
"""Claim frequency of a replacement (X12 CLM05-3)."""
VOID: Final = "8"
"""Claim frequency of a void (X12 CLM05-3)."""
EXT_BILL_TO: Final = f"{BASE}/StructureDefinition/bill-to"
"""On Encounter and Appointment: valueCode ``self-pay`` or ``plan`` (decision 7)."""
EXT_DECISION_DIGEST: Final = f"{BASE}/StructureDefinition/decision-digest"
"""On Claim and Task: valueString, 64 hex digits: SHA-256 of what was decided (decision 16)."""

# --- profiles of ours ------------------------------------------------------------------------------------------------

PROFILE_CLAIM: Final = f"{BASE}/StructureDefinition/massage-claim"
"""The professional Claim that we write."""
PROFILE_PROCEDURE: Final = f"{BASE}/StructureDefinition/massage-procedure"
"""A service as we like to read it: one CPT (or mapped) code, minutes, performer."""
PROFILE_COVERAGE: Final = f"{BASE}/StructureDefinition/massage-coverage"
"""A coverage that can be billed: member id, one payor, dates."""
PROFILE_HOLD_TASK: Final = f"{BASE}/StructureDefinition/hold-task"
"""The Task that tells a person why a visit is held (decision 19)."""
PROFILE_PROVENANCE: Final = f"{BASE}/StructureDefinition/claim-provenance"
"""Where a Claim came from: Procedures and rule rows (decision 16)."""

# --- identifiers of ours ---------------------------------------------------------------------------------------------

SID_CLAIM_KEY: Final = f"{BASE}/sid/claim-key"
"""Claim.identifier, Task.identifier and Provenance.meta.tag: function of host id, Encounter and revision."""
SID_VISIT_KEY: Final = f"{BASE}/sid/visit-key"
"""Claim.identifier without the revision: finds every revision of one visit's Claim."""
SID_DEVICE: Final = f"{BASE}/sid/device"
"""Names this program as the agent of a Provenance; the value is ``DEVICE_NAME``."""
DEVICE_NAME: Final = "massage-billing"
"""Value of the identifier under ``SID_DEVICE``."""
SID_ROLE: Final = f"{BASE}/sid/role"
"""Names who should act as Task.owner, by role and not by person; the value is a code of ``CS_ROLE``."""
SID_RULE_ROW: Final = f"{BASE}/sid/rule-row"
"""Names a row of a rule as Provenance.entity.what; the value is ``rule|row``."""

# --- code systems of ours --------------------------------------------------------------------------------------------

CS_RULE: Final = f"{BASE}/CodeSystem/rule"
"""Rule ids of the rulebook. Task.reasonCode, Task.input.type and Provenance entities name rules with it."""
CS_SERVICE: Final = f"{BASE}/CodeSystem/service"
"""Our own short labels for the services we know; never CPT's text."""
CS_ROLE: Final = f"{BASE}/CodeSystem/role"
"""Who can settle a hold: Task.performerType; the codes are those of ``massage_billing.model.Who``."""
CS_TASK_CODE: Final = f"{BASE}/CodeSystem/task-code"
"""What kind of Task it is: Task.code."""
TASK_HOLD: Final = "billing-hold"
"""Code of ``CS_TASK_CODE``: a visit is held."""

VS_HOLD_REASON: Final = f"{BASE}/ValueSet/hold-reason"
"""The rules that can hold a visit."""
VS_BILLED_CODE: Final = f"{BASE}/ValueSet/billed-code"
"""The CPT numbers that the rulebook knows, by number only."""

CM_SNOMED_CPT: Final = f"{BASE}/ConceptMap/snomed-to-cpt"
"""SNOMED CT procedures to CPT numbers; only rows whose source could be named."""
CM_LOCAL_CPT: Final = f"{BASE}/ConceptMap/local-to-cpt"
"""Local service codes to CPT numbers: ours, and the form for a clinic's own."""
CM_PLACE_OF_SERVICE: Final = f"{BASE}/ConceptMap/place-of-service"
"""Location types of other systems to CMS place-of-service numbers."""

# --- code systems of others ------------------------------------------------------------------------------------------

CPT: Final = "http://www.ama-assn.org/go/cpt"
"""Current Procedural Terminology. Numbers only: the descriptors belong to the AMA."""
HCPCS: Final = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
"""HCPCS Level II; its modifiers (GP, 59 …) too."""
ICD10CM: Final = "http://hl7.org/fhir/sid/icd-10-cm"
"""ICD-10-CM diagnoses."""
SNOMED: Final = "http://snomed.info/sct"
"""SNOMED CT."""
UCUM: Final = "http://unitsofmeasure.org"
"""Units of measure; minutes are ``min``."""
PLACE_OF_SERVICE: Final = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
"""CMS place of service, two digits."""
NUCC: Final = "http://nucc.org/provider-taxonomy"
"""Provider taxonomy; 225700000X is Massage Therapist."""
CARC: Final = "https://x12.org/codes/claim-adjustment-reason-codes"
"""Claim adjustment reason codes."""
RARC: Final = "https://x12.org/codes/remittance-advice-remark-codes"
"""Remittance advice remark codes."""
V3_ROLE_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
"""HL7 v3 RoleCode: what Location.type is usually coded with."""

_THO: Final = "http://terminology.hl7.org/CodeSystem"
CLAIM_TYPE: Final = f"{_THO}/claim-type"
"""Claim.type: ``professional``."""
CARE_TEAM_ROLE: Final = f"{_THO}/claimcareteamrole"
"""Claim.careTeam.role in base FHIR (``primary``, ``supervisor``)."""
CARIN_CARE_TEAM_ROLE: Final = "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBClaimCareTeamRole"
"""Claim.careTeam.role that base FHIR lacks: ``rendering``, ``referring`` (CARIN Blue Button)."""
INFORMATION_CATEGORY: Final = f"{_THO}/claiminformationcategory"
"""Claim.supportingInfo.category: ``onset``."""
PROCESS_PRIORITY: Final = f"{_THO}/processpriority"
"""Claim.priority: ``normal``."""
PAYEE_TYPE: Final = f"{_THO}/payeetype"
"""Claim.payee.type: ``provider``."""
DIAGNOSIS_TYPE: Final = f"{_THO}/ex-diagnosistype"
"""Claim.diagnosis.type: ``principal``."""
RELATED_CLAIM: Final = f"{_THO}/ex-relatedclaimrelationship"
"""Claim.related.relationship: ``prior``."""
ACT_CODE: Final = f"{_THO}/v3-ActCode"
"""HL7 v3 ActCode: accident types (``MVA``, ``WPA``)."""
DATA_OPERATION: Final = f"{_THO}/v3-DataOperation"
"""Provenance.activity: ``CREATE``, ``UPDATE``."""
PROVENANCE_AGENT: Final = f"{_THO}/provenance-participant-type"
"""Provenance.agent.type: ``assembler``."""
IDENTIFIER_TYPE: Final = f"{_THO}/v2-0203"
"""Identifier.type: ``MB`` (member number), ``NPI``."""

# --- identifier systems of others ------------------------------------------------------------------------------------

NPI: Final = "http://hl7.org/fhir/sid/us-npi"
"""National Provider Identifier."""
TIN: Final = "urn:oid:2.16.840.1.113883.4.4"
"""US employer identification number (EIN)."""
