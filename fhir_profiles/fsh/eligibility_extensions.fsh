// What FHIR R4 has no element for in a CoverageEligibilityResponse. The names in brackets are X12 271 elements.

RuleSet: Part(name, cardinality, type)
* extension contains {name} {cardinality}
* extension[{name}].value[x] 1..1
* extension[{name}].value[x] only {type}

Extension: BenefitDetail
Id: benefit-detail
Title: "Benefit detail"
Description: "What a benefit tells (kind), the payer's code for it (EB01), the plan it is of, places or diagnoses it is limited to (III), service types beside a code, and modifiers without a code."
Context: CoverageEligibilityResponse.insurance.item
* insert Part(kind, 1..1, code)
* extension[kind].valueCode from BenefitKindVS (required)
* insert Part(code, 0..1, string)
* insert Part(plan, 0..1, string)
* insert Part(serviceType, 0..*, string)
* insert Part(modifier, 0..*, string)
* insert Part(place, 0..*, string)

Extension: BenefitFigure
Id: benefit-figure
Title: "Benefit figure"
Description: "Beside a figure of a benefit: which side of a limit it is where allowed[x] and used[x] do not tell; what is left; a share as a fraction; what is counted (EB09, HSD01), over what and over how many of them (HSD05, HSD06)."
Context: CoverageEligibilityResponse.insurance.item.benefit
* insert Part(measure, 0..1, code)
* extension[measure].valueCode from MeasureVS (required)
* extension contains left 0..1
* extension[left].value[x] 1..1
* extension[left].value[x] only decimal or Money
* insert Part(share, 0..1, decimal)
* insert Part(unit, 0..1, code)
* extension[unit].valueCode from CountUnitVS (required)
* insert Part(period, 0..1, string)
* insert Part(periods, 0..1, integer)

Extension: BenefitDate
Id: benefit-date
Title: "Benefit date"
Description: "Dates that hold for one benefit alone, with their meaning as sent (DTP01)."
Context: CoverageEligibilityResponse.insurance.item
* insert Part(qualifier, 0..1, string)
* insert Part(period, 1..1, Period)

Extension: BenefitReference
Id: benefit-reference
Title: "Benefit reference"
Description: "A plan, group, plan network, authorization or referral number that comes with a benefit (REF01 18, 1L, 6P, N6, G1, 9F). Other numbers, a member's among them, are not written."
Context: CoverageEligibilityResponse.insurance.item
* insert Part(qualifier, 1..1, string)
* insert Part(value, 1..1, string)

Extension: NamedParty
Id: named-party
Title: "Party that the payer names"
Description: "Another payer, a provider a service is restricted to, whom to contact (2120 loop): role as sent (NM101), name, provider taxonomy, telephone numbers and addresses. Its identifiers are not written: another payer's may be the patient's member id."
Context: CoverageEligibilityResponse.insurance, CoverageEligibilityResponse.insurance.item
* insert Part(role, 1..1, string)
* insert Part(name, 0..1, string)
* insert Part(taxonomy, 0..1, string)
* insert Part(contact, 0..*, string)

Extension: AnsweredPlan
Id: answered-plan
Title: "Plan of an answer"
Description: "One plan that the payer names under the coverage, with whether it is in force on the day, and its dates."
Context: CoverageEligibilityResponse.insurance
* insert Part(standing, 1..1, code)
* extension[standing].valueCode from StandingVS (required)
* insert Part(name, 0..1, string)
* insert Part(number, 0..1, string)
* insert Part(period, 0..1, Period)

Extension: RejectionDetail
Id: rejection-detail
Title: "Rejection detail"
Description: "Beside a payer's reason for not answering: what it says is to be done (AAA04), and where in the question the fault is."
Context: CoverageEligibilityResponse.error
* insert Part(followUp, 0..1, string)
* insert Part(level, 0..1, string)
