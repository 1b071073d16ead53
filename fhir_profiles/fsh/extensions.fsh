Extension: TreatmentMinutes
Id: treatment-minutes
Title: "Treatment minutes"
Description: "Hands-on minutes of this one service as the therapist documented them. Whole minutes; pre- and post-treatment time is not counted. Minutes are never inferred."
Context: Procedure
* value[x] 1..1
* value[x] only Duration
* valueDuration.value 1..1
* valueDuration.value ^minValueDecimal = 0
* valueDuration.system 1..1
* valueDuration.system = $ucum
* valueDuration.code 1..1
* valueDuration.code = #min

Extension: RecordedModifier
Id: modifier
Title: "Modifier"
Description: "A CPT or HCPCS modifier of the code, as the person who recorded the service put it: two letters or digits, one extension for each, in their order. FHIR R4 has no element for it. Codings of two characters beside the number in Procedure.code are read in the same way."
Context: Procedure, ChargeItem
* value[x] 1..1
* value[x] only code or Coding
* valueCode ^extension[+].url = $regex
* valueCode ^extension[=].valueString = "[0-9A-Z]{2}"
* valueCoding.code 1..1

Extension: ClaimFrequency
Id: claim-frequency
Title: "Claim frequency"
Description: "1 original, 7 replacement, 8 void, as X12 837P CLM05-3. Absent means original."
Context: Claim
* value[x] 1..1
* value[x] only code
* valueCode from ClaimFrequencyVS (required)

Extension: ProviderNetwork
Id: provider-network
Title: "Provider network"
Description: "As what the claim is billed: by the enrolments on file, whoever treated is in the payer's network on the date of service or out of it. Absent where no enrolment is on file. FHIR R4 has no element for it on Claim, and X12 837P no segment: it is for people, and for comparing what was paid."
Context: Claim
* value[x] 1..1
* value[x] only code
* valueCode from ProviderNetworkVS (required)

Extension: BillTo
Id: bill-to
Title: "Bill to"
Description: "The patient's wish for this visit. self-pay: no Claim, no eligibility question, nothing that names the visit to a payer (45 CFR 164.522(a)(1)(vi))."
Context: Encounter, Appointment
* value[x] 1..1
* value[x] only code
* valueCode from BillToVS (required)

Extension: DecisionDigest
Id: decision-digest
Title: "Decision digest"
Description: "SHA-256, as 64 lower-case hex digits, of what was decided; created and meta stay outside it. Two resources with the same digest say the same."
Context: Claim, Task
* value[x] 1..1
* value[x] only string
* valueString ^extension[+].url = $regex
* valueString ^extension[=].valueString = "[0-9a-f]{64}"
