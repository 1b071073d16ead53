// One synthetic visit, followed through. No person here exists; the NPIs only pass their check digit.

RuleSet: ClaimBasics(key)
* identifier[claimKey].value = "{key}"
* identifier[visitKey].value = "MVEXAMPLE2VISIT34567"
* type = $claim-type#professional
* patient = Reference(Patient/example)
* billablePeriod.start = "2026-11-03"
* billablePeriod.end = "2026-11-03"
* created = "2026-11-03T22:15:00Z"
* insurer = Reference(Organization/payer)
* provider = Reference(Organization/clinic)
* priority = $priority#normal
* payee.type = $payee#provider
* payee.party = Reference(Organization/clinic)
* facility = Reference(Location/site)
* careTeam[0].sequence = 1
* careTeam[=].provider = Reference(Practitioner/therapist)
* careTeam[=].responsible = true
* careTeam[=].role.coding[0] = $care-team-role#primary
* careTeam[=].role.coding[+] = $carin-role#rendering
* diagnosis[0].sequence = 1
* diagnosis[=].diagnosisCodeableConcept = $icd10cm#M54.2
* insurance[0].sequence = 1
* insurance[=].focal = true
* insurance[=].coverage = Reference(Coverage/example)

Instance: example-claim
InstanceOf: MassageClaim
Title: "Two lines, referred and supervised"
Description: "30 minutes of manual therapy and 15 minutes of exercise, billed to a plan that wants GP."
Usage: #example
* insert ClaimBasics(MBEXAMPLE2CLAIM34567)
* extension[decisionDigest].valueString = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
* status = #active
* use = #claim
* referral = Reference(ServiceRequest/order)
* referral.type = "ServiceRequest"
* referral.identifier.value = "REF-0001"
* careTeam[+].sequence = 2
* careTeam[=].provider = Reference(Practitioner/physician)
* careTeam[=].role = $carin-role#referring
* careTeam[+].sequence = 3
* careTeam[=].provider = Reference(Practitioner/supervisor)
* careTeam[=].role = $care-team-role#supervisor
* supportingInfo[0].sequence = 1
* supportingInfo[=].category = $information#onset
* supportingInfo[=].timingDate = "2026-10-12"
* diagnosis[+].sequence = 2
* diagnosis[=].diagnosisCodeableConcept = $icd10cm#M62.838
* insurance[0].preAuthRef = "AUTH-0001"
* item[0].sequence = 1
* item[=].careTeamSequence[0] = 1
* item[=].careTeamSequence[+] = 2
* item[=].careTeamSequence[+] = 3
* item[=].diagnosisSequence[0] = 1
* item[=].diagnosisSequence[+] = 2
* item[=].informationSequence[0] = 1
* item[=].productOrService = $cpt#97140
* item[=].modifier = $hcpcs#GP
* item[=].servicedDate = "2026-11-03"
* item[=].locationCodeableConcept = $pos#11
* item[=].quantity.value = 2
* item[=].unitPrice.value = 48.50
* item[=].unitPrice.currency = #USD
* item[=].net.value = 97.00
* item[=].net.currency = #USD
* item[=].encounter = Reference(Encounter/example)
* item[+].sequence = 2
* item[=].careTeamSequence[0] = 1
* item[=].diagnosisSequence[0] = 1
* item[=].productOrService = $cpt#97110
* item[=].modifier = $hcpcs#GP
* item[=].servicedDate = "2026-11-03"
* item[=].locationCodeableConcept = $pos#11
* item[=].quantity.value = 1
* item[=].unitPrice.value = 45.25
* item[=].unitPrice.currency = #USD
* item[=].net.value = 45.25
* item[=].net.currency = #USD
* item[=].encounter = Reference(Encounter/example)
* total.value = 142.25
* total.currency = #USD

Instance: example-claim-replacement
InstanceOf: MassageClaim
Title: "Replacement of an adjudicated claim"
Description: "Frequency 7 after a motor vehicle accident, naming the payer's number of the claim before it; a second coverage is listed."
Usage: #example
* insert ClaimBasics(MBEXAMPLE3CLAIM34567)
* extension[decisionDigest].valueString = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
* extension[claimFrequency].valueCode = #7
* extension[providerNetwork].valueCode = #out-of-network
* status = #draft
* use = #claim
* related[0].claim = Reference(Claim/example-claim)
* related[=].relationship = $related#prior
* related[=].reference.value = "PAYER-ICN-0001"
* related[+].relationship = $related#associated
* related[=].reference.value = "INJURY-0001"
* insurance[+].sequence = 2
* insurance[=].focal = false
* insurance[=].coverage = Reference(Coverage/second)
* accident.date = "2026-10-12"
* accident.type = $act-code#MVA
* accident.locationAddress.state = "WA"
* item[0].sequence = 1
* item[=].careTeamSequence[0] = 1
* item[=].diagnosisSequence[0] = 1
* item[=].productOrService = $cpt#97124
* item[=].servicedDate = "2026-11-03"
* item[=].locationCodeableConcept = $pos#12
* item[=].quantity.value = 3
* item[=].unitPrice.value = 40.00
* item[=].unitPrice.currency = #USD
* item[=].net.value = 120.00
* item[=].net.currency = #USD
* item[=].encounter = Reference(Encounter/example)
* total.value = 120.00
* total.currency = #USD

Instance: example-procedure
InstanceOf: MassageProcedure
Title: "Manual therapy, 30 minutes"
Description: "A service with its minutes and two modifiers."
Usage: #example
* extension[treatmentMinutes].valueDuration.value = 30
* extension[treatmentMinutes].valueDuration.unit = "min"
* extension[treatmentMinutes].valueDuration.system = $ucum
* extension[treatmentMinutes].valueDuration.code = #min
* extension[modifier][0].valueCoding = $hcpcs#GP
* extension[modifier][+].valueCode = #59
* basedOn = Reference(ServiceRequest/order)
* status = #completed
* code = $cpt#97140
* subject = Reference(Patient/example)
* encounter = Reference(Encounter/example)
* performedPeriod.start = "2026-11-03T13:00:00-08:00"
* performedPeriod.end = "2026-11-03T13:30:00-08:00"
* performer.actor = Reference(Practitioner/therapist)
* reasonReference = Reference(Condition/neck)
* bodySite.text = "neck"

Instance: example-coverage
InstanceOf: MassageCoverage
Title: "Primary coverage without an end"
Description: "Member id, one payor, order 1; the open end means still in force."
Usage: #example
* status = #active
* type = $act-code#EHCPOL
* subscriberId = "MEMBER-0001"
* beneficiary = Reference(Patient/example)
* relationship = $subscriber#self
* period.start = "2026-01-01"
* payor = Reference(Organization/payer)
* order = 1

Instance: example-hold
InstanceOf: HoldTask
Title: "A visit without minutes"
Description: "Two findings, two inputs; the therapist acts first."
Usage: #example
* extension[decisionDigest].valueString = "fd61a03af4f77d870fc21e05e7e80678095c92d808cfb3b5c279ee04c74aca13"
* identifier.value = "MBEXAMPLE4CLAIM34567"
* status = #requested
* intent = #order
* code = TaskCodeCS#billing-hold
* description = "This visit cannot be billed yet: 2 things to settle."
* focus = Reference(Encounter/example)
* for = Reference(Patient/example)
* authoredOn = "2026-11-03T22:15:00Z"
* requester.type = "Device"
* requester.identifier.system = "https://massage-billing.org/fhir/sid/device"
* requester.identifier.value = "massage-billing"
* performerType[0] = RoleCS#therapist
* performerType[+] = RoleCS#"front desk"
* owner.identifier.system = "https://massage-billing.org/fhir/sid/role"
* owner.identifier.value = "therapist"
* owner.display = "Therapist"
* reasonCode.coding[0].system = "https://massage-billing.org/fhir/CodeSystem/rule"
* reasonCode.coding[=].code = #minutes-documented
* reasonCode.coding[+].system = "https://massage-billing.org/fhir/CodeSystem/rule"
* reasonCode.coding[=].code = #coverage-in-force
* restriction.period.end = "2027-05-02"
* input[0].type.coding.system = "https://massage-billing.org/fhir/CodeSystem/rule"
* input[=].type.coding.code = #minutes-documented
* input[=].valueString = "Procedure/12 carries no minutes. Write the minutes of hands-on treatment into the record."
* input[+].type.coding.system = "https://massage-billing.org/fhir/CodeSystem/rule"
* input[=].type.coding.code = #coverage-in-force
* input[=].valueString = "Coverage/5 ended before the visit. Ask for the current card."

Instance: example-provenance
InstanceOf: ClaimProvenance
Title: "Where the example claim came from"
Description: "Two Procedures and one rule row."
Usage: #example
* meta.tag[claimKey].code = #MBEXAMPLE2CLAIM34567
* target = Reference(Claim/example-claim)
* recorded = "2026-11-03T22:15:00Z"
* activity = $operation#CREATE
* agent.type = $agent-type#assembler
* agent.who.type = "Device"
* agent.who.identifier.system = "https://massage-billing.org/fhir/sid/device"
* agent.who.identifier.value = "massage-billing"
* agent.who.display = "massage-billing 0.1.0"
* entity[0].role = #source
* entity[=].what = Reference(Procedure/example-procedure)
* entity[+].role = #source
* entity[=].what = Reference(Procedure/second)
* entity[+].role = #source
* entity[=].what.identifier.system = "https://massage-billing.org/fhir/sid/rule-row"
* entity[=].what.identifier.value = "timed-units|2000-01-01"

Instance: example-encounter
InstanceOf: Encounter
Title: "A visit the plan must not hear of"
Description: "The bill-to extension on Encounter."
Usage: #example
* extension[BillTo].valueCode = #self-pay
* status = #finished
* class = $act-code#AMB
* subject = Reference(Patient/example)
* period.start = "2026-11-03T13:00:00-08:00"
* period.end = "2026-11-03T14:00:00-08:00"

Instance: example-appointment
InstanceOf: Appointment
Title: "An appointment to be billed to the plan"
Description: "The bill-to extension on Appointment."
Usage: #example
* extension[BillTo].valueCode = #plan
* status = #booked
* start = "2026-11-10T21:00:00Z"
* end = "2026-11-10T22:00:00Z"
* participant.actor = Reference(Patient/example)
* participant.status = #accepted
