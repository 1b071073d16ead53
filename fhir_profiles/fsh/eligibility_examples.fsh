// One synthetic question and its answer, followed through; one refusal. No person here exists.

RuleSet: Asked(key)
* identifier[questionKey].value = "{key}"
* status = #active
* purpose[0] = #validation
* purpose[+] = #benefits
* purpose[+] = #auth-requirements
* patient = Reference(Patient/example)
* servicedDate = "2026-12-01"
* insurer = Reference(Organization/payer)

Instance: example-eligibility-request
InstanceOf: MassageEligibilityRequest
Title: "Is massage covered tomorrow?"
Description: "Massage first, then physical therapy and the plan; and one code."
Usage: #example
* insert Asked(MQEXAMPLE2QUESTION34)
* created = "2026-11-30T16:00:00Z"
* provider = Reference(Organization/clinic)
* facility = Reference(Location/site)
* insurance.focal = true
* insurance.coverage = Reference(Coverage/example)
* item[0].category = $x12-service#BE
* item[+].category = $x12-service#PT
* item[+].category = $x12-service#30
* item[+].productOrService = $cpt#97124

Instance: example-eligibility-request-logical
InstanceOf: MassageEligibilityRequest
Title: "A question to a payer that the host does not know"
Description: "Payer and clinic are named by identifier."
Usage: #example
* identifier[questionKey].value = "MQEXAMPLE3QUESTION34"
* status = #active
* purpose = #validation
* patient = Reference(Patient/example)
* servicedDate = "2026-12-01"
* created = "2026-11-30T16:00:00Z"
* insurer.type = "Organization"
* insurer.identifier.value = "PAYER-1"
* insurer.display = "Example Health"
* provider.type = "Organization"
* provider.identifier.system = $npi
* provider.identifier.value = "1234567893"
* insurance.focal = true
* insurance.coverage = Reference(Coverage/example)

Instance: example-eligibility-response
InstanceOf: MassageEligibilityResponse
Title: "In force, with a copay, a limit of visits and authorization"
Description: "20 visits of massage and physical therapy together a year, 5 used; a deductible of which 120.50 is left; only by a massage therapist; another payer is known."
Usage: #example
* insert Asked(MQEXAMPLE2QUESTION34)
* identifier[payerTrace].value = "PAYER-REF-0001"
* created = "2026-11-30T16:00:03Z"
* requestor = Reference(Organization/clinic)
* request = Reference(CoverageEligibilityRequest/example-eligibility-request)
* outcome = #complete
* disposition = "Benefits are not a guarantee of payment."
* preAuthRef = "AUTH-0001"
* insurance.extension[answeredPlan].extension[standing].valueCode = #in-force
* insurance.extension[answeredPlan].extension[name].valueString = "Gold"
* insurance.extension[answeredPlan].extension[number].valueString = "G-7"
* insurance.extension[answeredPlan].extension[period].valuePeriod.start = "2026-01-01"
* insurance.extension[namedParty].extension[role].valueString = "PR"
* insurance.extension[namedParty].extension[name].valueString = "Second Health"
* insurance.extension[namedParty].extension[contact].valueString = "800-555-0100"
* insurance.coverage = Reference(Coverage/example)
* insurance.inforce = true
* insurance.benefitPeriod.start = "2026-01-01"
* insurance.item[0].extension[benefitDetail].extension[kind].valueCode = #copay
* insurance.item[=].extension[benefitDetail].extension[code].valueString = "B"
* insurance.item[=].extension[benefitDetail].extension[place].valueString = "ZZ:11"
* insurance.item[=].category = $x12-service#BE
* insurance.item[=].description = "Massage by referral only."
* insurance.item[=].network = $benefit-network#in
* insurance.item[=].unit = $benefit-unit#individual
* insurance.item[=].unit.text = "individual"
* insurance.item[=].term.text = "visit"
* insurance.item[=].benefit.extension[benefitFigure].extension[measure].valueCode = #plain
* insurance.item[=].benefit.type.coding[0] = $benefit-type#copay
* insurance.item[=].benefit.type.coding[+] = BenefitKindCS#copay
* insurance.item[=].benefit.allowedMoney.value = 25.00
* insurance.item[=].benefit.allowedMoney.currency = #USD
* insurance.item[=].authorizationRequired = true
* insurance.item[+].extension[benefitDetail].extension[kind].valueCode = #limit
* insurance.item[=].extension[benefitDetail].extension[code].valueString = "F"
* insurance.item[=].extension[benefitDetail].extension[plan].valueString = "Gold"
* insurance.item[=].extension[benefitDate].extension[qualifier].valueString = "348"
* insurance.item[=].extension[benefitDate].extension[period].valuePeriod.start = "2026-01-01"
* insurance.item[=].extension[benefitReference].extension[qualifier].valueString = "G1"
* insurance.item[=].extension[benefitReference].extension[value].valueString = "AUTH-0001"
* insurance.item[=].category.coding[0] = $x12-service#BE
* insurance.item[=].category.coding[+] = $x12-service#PT
* insurance.item[=].term = $benefit-term#annual
* insurance.item[=].term.text = "calendar-year"
* insurance.item[=].benefit.extension[benefitFigure].extension[unit].valueCode = #visits
* insurance.item[=].benefit.extension[benefitFigure].extension[period].valueString = "calendar-year"
* insurance.item[=].benefit.extension[benefitFigure].extension[periods].valueInteger = 1
* insurance.item[=].benefit.extension[benefitFigure].extension[left].valueDecimal = 15
* insurance.item[=].benefit.type.coding[0] = $benefit-type#visit
* insurance.item[=].benefit.type.coding[+] = BenefitKindCS#limit
* insurance.item[=].benefit.allowedUnsignedInt = 20
* insurance.item[=].benefit.usedUnsignedInt = 5
* insurance.item[+].extension[benefitDetail].extension[kind].valueCode = #deductible
* insurance.item[=].category = $x12-service#30
* insurance.item[=].benefit.extension[benefitFigure].extension[measure].valueCode = #left
* insurance.item[=].benefit.extension[benefitFigure].extension[left].valueMoney.value = 120.50
* insurance.item[=].benefit.extension[benefitFigure].extension[left].valueMoney.currency = #USD
* insurance.item[=].benefit.type.coding[0] = $benefit-type#deductible
* insurance.item[=].benefit.type.coding[+] = BenefitKindCS#deductible
* insurance.item[+].extension[benefitDetail].extension[kind].valueCode = #coinsurance
* insurance.item[=].extension[benefitDetail].extension[serviceType].valueString = "BE"
* insurance.item[=].extension[namedParty].extension[role].valueString = "1P"
* insurance.item[=].extension[namedParty].extension[taxonomy].valueString = "225700000X"
* insurance.item[=].productOrService = $cpt#97124
* insurance.item[=].modifier = $hcpcs#GP
* insurance.item[=].benefit.extension[benefitFigure].extension[share].valueDecimal = 0.2
* insurance.item[=].benefit.type.coding[0] = $benefit-type#copay-percent
* insurance.item[=].benefit.type.coding[+] = BenefitKindCS#coinsurance
* insurance.item[=].benefit.allowedUnsignedInt = 20
* insurance.item[+].extension[benefitDetail].extension[kind].valueCode = #not-covered
* insurance.item[=].extension[benefitDetail].extension[modifier].valueString = "59"
* insurance.item[=].category.text = "not said"
* insurance.item[=].excluded = true

Instance: example-eligibility-refusal
InstanceOf: MassageEligibilityResponse
Title: "The payer does not find the member"
Description: "Refused, with the reason and what to do: correct and ask again."
Usage: #example
* insert Asked(MQEXAMPLE3QUESTION34)
* created = "2026-11-30T16:00:03Z"
* request = Reference(CoverageEligibilityRequest/example-eligibility-request-logical)
* outcome = #error
* error.extension[rejectionDetail].extension[followUp].valueString = "C"
* error.extension[rejectionDetail].extension[level].valueString = "subscriber"
* error.code = $x12-reject#75
* error.code.text = "Member not found"

Instance: example-before-visit
InstanceOf: BeforeVisitTask
Title: "An appointment with two things to settle"
Description: "The coverage has ended; a referral is missing."
Usage: #example
* extension[decisionDigest].valueString = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
* identifier.value = "MAEXAMPLE2APPOINTM34"
* status = #requested
* intent = #order
* code = TaskCodeCS#before-visit
* description = "Before this visit: 2 things to settle."
* focus = Reference(Appointment/example-appointment)
* for = Reference(Patient/example)
* authoredOn = "2026-11-30T16:00:00Z"
* lastModified = "2026-11-30T16:00:00Z"
* requester.type = "Device"
* requester.identifier.system = "https://massage-billing.org/fhir/sid/device"
* requester.identifier.value = "massage-billing"
* performerType[0] = RoleCS#"front desk"
* owner.identifier.system = "https://massage-billing.org/fhir/sid/role"
* owner.identifier.value = "front desk"
* owner.display = "Front desk"
* reasonCode.coding[0].system = "https://massage-billing.org/fhir/CodeSystem/ahead-reason"
* reasonCode.coding[=].code = #coverage-ended
* reasonCode.coding[+].system = "https://massage-billing.org/fhir/CodeSystem/ahead-reason"
* reasonCode.coding[=].code = #no-member-id
* restriction.period.end = "2026-12-01"
* input[0].type.coding.system = "https://massage-billing.org/fhir/CodeSystem/ahead-reason"
* input[=].type.coding.code = #coverage-ended
* input[=].valueString = "Coverage/5 ended before the visit. Ask for the current card."
* input[+].type.coding.system = "https://massage-billing.org/fhir/CodeSystem/ahead-reason"
* input[=].type.coding.code = #no-member-id
* input[=].valueString = "Coverage/5 has no member id. Complete it."
