// The words of the program's own model of an answer; tests/fhir/test_profiles.py holds the two together.

RuleSet: Ours(kind, id)
* ^url = "https://massage-billing.org/fhir/{kind}/{id}"
* ^experimental = false

CodeSystem: BenefitKindCS
Id: benefit-kind
Title: "What a benefit tells"
Description: "One word for each thing that a payer tells of a benefit."
* insert Ours(CodeSystem, benefit-kind)
* ^caseSensitive = true
* #active "Active" "Covered."
* #inactive "Inactive" "Not in force."
* #copay "Copay" "Dollars of the patient a visit."
* #coinsurance "Coinsurance" "The patient's share."
* #deductible "Deductible" "What the patient pays first."
* #out-of-pocket "Out of pocket" "The most that the patient pays."
* #limit "Limit" "A limit of visits, units, minutes or dollars."
* #unlimited "Unlimited" "There is no limit."
* #description "Description" "Covered, with words to it."
* #not-covered "Not covered" "Not a benefit of the plan."
* #restricted "Restricted" "Only by the providers named."
* #other-payer "Other payer" "Another payer covers too, or first."
* #contact "Contact" "Somebody else has to be asked."
* #cannot-process "Cannot process" "Nothing is told of this benefit."
* #primary-care "Primary care" "The primary care provider or managed care coordinator."
* #other "Other" "Anything else."

CodeSystem: MeasureCS
Id: measure
Title: "Side of a limit"
Description: "Which side of a limit a number is."
* insert Ours(CodeSystem, measure)
* ^caseSensitive = true
* #allowed "Allowed"
* #used "Used"
* #left "Left"
* #plain "Plain" "Just a number: nothing says which side."

CodeSystem: CountUnitCS
Id: count-unit
Title: "What is counted"
Description: "What a payer's number counts."
* insert Ours(CodeSystem, count-unit)
* ^caseSensitive = true
* #visits "Visits"
* #units "Units"
* #hours "Hours"
* #minutes "Minutes"
* #days "Days"
* #months "Months"
* #no-data "Not said" "The payer gives a number and not of what."

CodeSystem: StandingCS
Id: standing
Title: "Whether a plan is in force"
Description: "Whether a plan is in force on the day, as the payer says."
* insert Ours(CodeSystem, standing)
* ^caseSensitive = true
* #in-force "In force"
* #not-in-force "Not in force"
* #no-data "Not said"

ValueSet: BenefitKindVS
Id: benefit-kind
Title: "What a benefit tells"
Description: "All kinds."
* insert Ours(ValueSet, benefit-kind)
* include codes from system BenefitKindCS

ValueSet: MeasureVS
Id: measure
Title: "Side of a limit"
Description: "All sides."
* insert Ours(ValueSet, measure)
* include codes from system MeasureCS

ValueSet: CountUnitVS
Id: count-unit
Title: "What is counted"
Description: "All units."
* insert Ours(ValueSet, count-unit)
* include codes from system CountUnitCS

ValueSet: StandingVS
Id: standing
Title: "Whether a plan is in force"
Description: "All standings."
* insert Ours(ValueSet, standing)
* include codes from system StandingCS

ValueSet: AskedPurposeVS
Id: asked-purpose
Title: "What is asked of a payer"
Description: "Everything but discovery: the coverage is known."
* insert Ours(ValueSet, asked-purpose)
* $purpose-request#validation
* $purpose-request#benefits
* $purpose-request#auth-requirements

ValueSet: AnsweredPurposeVS
Id: answered-purpose
Title: "What a payer was asked"
Description: "Everything but discovery."
* insert Ours(ValueSet, answered-purpose)
* $purpose-response#validation
* $purpose-response#benefits
* $purpose-response#auth-requirements

ValueSet: AskedServiceTypeVS
Id: asked-service-type
Title: "Service types that a massage clinic asks about"
Description: "X12 service types by code only, the one wanted most first: massage, physical therapy, physical medicine, chiropractic, the plan as a whole. The system's URI is that of HL7 Terminology."
* insert Ours(ValueSet, asked-service-type)
* ^copyright = "X12 service type codes are copyright X12. Only codes are used here; X12's names and definitions are not included."
* $x12-service#BE
* $x12-service#PT
* $x12-service#AE
* $x12-service#33
* $x12-service#30
