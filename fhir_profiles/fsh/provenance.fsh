Profile: ClaimProvenance
Parent: Provenance
Id: claim-provenance
Title: "Where a claim came from"
Description: "Names the Procedures a Claim bills and the rule rows that decided it. Provenance has no identifier in R4: the claim key stands in meta.tag, and the resource is created once by searching for that tag."
* obeys mb-provenance-evidence
* id MS
* meta 1..1 MS
* meta.tag 1..*
* meta.tag ^slicing.discriminator.type = #value
* meta.tag ^slicing.discriminator.path = "system"
* meta.tag ^slicing.rules = #open
* meta.tag contains claimKey 1..1 MS
* meta.tag[claimKey].system 1..1
* meta.tag[claimKey].system = "https://massage-billing.org/fhir/sid/claim-key"
* meta.tag[claimKey].code 1..1
* insert Regex(meta.tag[claimKey].code, MB[A-Z2-7]{18})
* target 1..1 MS
* target only Reference(Claim)
* occurred[x] MS
* occurred[x] only dateTime
* recorded MS
* activity 1..1 MS
* agent 1..* MS
  * type 1..1 MS
  * who MS
* entity 1..* MS
  * role MS
  * what MS

Invariant: mb-provenance-evidence
Description: "At least one Procedure and at least one rule row stand behind a claim."
Severity: #error
Expression: "entity.what.reference.where($this.matches('Procedure/')).exists() and entity.what.identifier.where(system = 'https://massage-billing.org/fhir/sid/rule-row').exists()"
