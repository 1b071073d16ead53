// The elements marked MS are the ones this program writes; the JSON Schema made from this profile allows no others.

RuleSet: Regex(path, expression)
* {path} ^extension[+].url = $regex
* {path} ^extension[=].valueString = "{expression}"

RuleSet: Dollars(path)
* {path}.value 1..1 MS
* {path}.value ^minValueDecimal = 0
* {path}.currency 1..1 MS
* {path}.currency = #USD (exactly)

Profile: MassageClaim
Parent: Claim
Id: massage-claim
Title: "Professional claim of a massage clinic"
Description: "One visit, billed to its primary payer. Written, never read from others."
* related obeys mb-related-prior
* obeys mb-claim-total and mb-claim-focal and mb-claim-pointers and mb-claim-distinct and mb-claim-frequency
* id MS
* meta MS
* extension contains
    DecisionDigest named decisionDigest 1..1 MS and
    ClaimFrequency named claimFrequency 0..1 MS and
    ProviderNetwork named providerNetwork 0..1 MS
* identifier 2..2 MS
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #closed
* identifier contains claimKey 1..1 MS and visitKey 1..1 MS
* identifier[claimKey].system 1..1
* identifier[claimKey].system = "https://massage-billing.org/fhir/sid/claim-key"
* identifier[claimKey].value 1..1
* insert Regex(identifier[claimKey].value, MB[A-Z2-7]{18})
* identifier[visitKey].system 1..1
* identifier[visitKey].system = "https://massage-billing.org/fhir/sid/visit-key"
* identifier[visitKey].value 1..1
* insert Regex(identifier[visitKey].value, MV[A-Z2-7]{18})
* status MS
* type MS
* type = $claim-type#professional
* use MS
* use = #claim (exactly)
* patient MS
* patient only Reference(Patient)
* billablePeriod 1..1 MS
* billablePeriod.start 1..1
* billablePeriod.end 1..1
* created MS
* insurer 1..1 MS
* insurer only Reference(Organization)
* provider MS
* provider only Reference(Organization or Practitioner or PractitionerRole)
* priority MS
* priority = $priority#normal
* related MS
  * claim MS
  * claim only Reference(Claim)
  * relationship 1..1 MS
  * relationship from RelatedClaimVS (required)
  * reference 1..1 MS
* payee 1..1 MS
  * type MS
  * type = $payee#provider
  * party MS
  * party only Reference(Organization or Practitioner or PractitionerRole)
* referral MS
* referral only Reference(ServiceRequest)
* facility MS
* facility only Reference(Location)
* careTeam 1..* MS
  * sequence MS
  * provider MS
  * provider only Reference(Practitioner or PractitionerRole or Organization)
  * responsible MS
  * role 1..1 MS
  * role from CareTeamRoleVS (required)
  * qualification MS
* supportingInfo MS
  * sequence MS
  * category MS
  * category = $information#onset
  * timing[x] 1..1 MS
  * timing[x] only date
* diagnosis 1..12 MS
  * sequence MS
  * diagnosis[x] only CodeableConcept
  * diagnosis[x] MS
  * diagnosisCodeableConcept.coding 1..1
  * diagnosisCodeableConcept.coding.system 1..1
  * diagnosisCodeableConcept.coding.system = $icd10cm
  * diagnosisCodeableConcept.coding.code 1..1
  * type MS
* insert Regex(diagnosis.diagnosisCodeableConcept.coding.code, [A-Z][0-9A-Z][0-9A-Z][.]?[0-9A-Z]*)
* insurance MS
  * sequence MS
  * focal MS
  * coverage MS
  * coverage only Reference(Coverage)
  * preAuthRef MS
* accident MS
  * date MS
  * type MS
  * location[x] MS
  * location[x] only Address
* item 1..50 MS
* item obeys mb-item-net
  * sequence MS
  * careTeamSequence 1..* MS
  * diagnosisSequence 1..4 MS
  * informationSequence MS
  * productOrService MS
  * productOrService from BilledCodeVS (preferred)
  * productOrService.coding 1..1
  * productOrService.coding.system 1..1
  * productOrService.coding.code 1..1
  * modifier 0..4 MS
  * modifier.coding 1..1
  * modifier.coding.system 1..1
  * modifier.coding.code 1..1
  * serviced[x] 1..1 MS
  * serviced[x] only date
  * location[x] 1..1 MS
  * location[x] only CodeableConcept
  * locationCodeableConcept.coding 1..1
  * locationCodeableConcept.coding.system 1..1
  * locationCodeableConcept.coding.system = $pos
  * locationCodeableConcept.coding.code 1..1
  * quantity 1..1 MS
  * quantity.value 1..1
  * quantity.value ^minValueDecimal = 1
  * unitPrice 1..1 MS
  * net 1..1 MS
  * encounter 1..* MS
  * encounter only Reference(Encounter)
* insert Regex(item.productOrService.coding.system, http://www[.]ama-assn[.]org/go/cpt|http://www[.]cms[.]gov/Medicare/Coding/HCPCSReleaseCodeSets)
* insert Regex(item.productOrService.coding.code, [0-9A-Z][0-9]{3}[0-9A-Z])
* insert Regex(item.modifier.coding.system, http://www[.]ama-assn[.]org/go/cpt|http://www[.]cms[.]gov/Medicare/Coding/HCPCSReleaseCodeSets)
* insert Regex(item.modifier.coding.code, [0-9A-Z]{2})
* insert Regex(item.locationCodeableConcept.coding.code, [0-9]{2})
* insert Regex(item.servicedDate, [[[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])]])
* insert Dollars(item.unitPrice)
* insert Dollars(item.net)
* total 1..1 MS
* insert Dollars(total)

// .sum() is not available in every engine; aggregate is. Engines differ on whether 120 = 120.0: a difference is compared.
Invariant: mb-claim-total
Description: "The total is the sum of the lines."
Severity: #error
Expression: "(total.value - item.net.value.aggregate($this + $total, 0.0)).abs() < 0.005"

Invariant: mb-item-net
Description: "A line's net is its unit price times its quantity."
Severity: #error
Expression: "(net.value - unitPrice.value * quantity.value).abs() < 0.005"

Invariant: mb-claim-focal
Description: "Exactly one insurance is the one billed."
Severity: #error
Expression: "insurance.where(focal = true).count() = 1"

Invariant: mb-claim-pointers
Description: "Every pointer of a line points at a diagnosis, care team member or supporting information of this claim."
Severity: #error
Expression: "item.diagnosisSequence.all($this in %resource.diagnosis.sequence) and item.careTeamSequence.all($this in %resource.careTeam.sequence) and item.informationSequence.all($this in %resource.supportingInfo.sequence)"

Invariant: mb-claim-distinct
Description: "No sequence number and no diagnosis appears twice."
Severity: #error
Expression: "item.sequence.isDistinct() and careTeam.sequence.isDistinct() and diagnosis.sequence.isDistinct() and insurance.sequence.isDistinct() and supportingInfo.sequence.isDistinct() and diagnosis.diagnosis.coding.code.isDistinct()"

Invariant: mb-claim-frequency
Description: "A replacement or void names the claim before it and the payer's number for that claim."
Severity: #error
Expression: "extension('https://massage-billing.org/fhir/StructureDefinition/claim-frequency').value.where($this = '7' or $this = '8').exists() implies related.where(claim.exists() and reference.value.exists()).exists()"

Invariant: mb-related-prior
Description: "A claim before this one is named by reference; what is associated is the payer's file of the injury, by its number alone."
Severity: #error
Expression: "relationship.coding.where(code = 'prior').exists() = claim.exists()"
