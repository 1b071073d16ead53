// What is known before a visit, for screens of an EHR that ask for it.

CodeSystem: OutlookCS
Id: outlook
Title: "What an outlook says"
Description: "One word for each thing that is known of a coming visit: Task.output.type of a visit-outlook."
* insert Ours(CodeSystem, outlook)
* ^caseSensitive = true
* #readiness "Readiness" "code: blocked (nothing can be billed as things stand), act (somebody does something first), unknown (it could not be found out), ready."
* #judged-on "Judged on" "date: the day of the sweep that says so."
* #to-settle "To settle" "CodeableConcept: a reason that somebody has to do something about; text says what was found and what to do."
* #told "Told" "CodeableConcept: a reason that is only told."
* #patient-pays "The patient pays" "boolean: no payer is billed."
* #payer "Payer" "string: the clinic's key of the payer."
* #coverage "Coverage" "Reference: the Coverage that would be billed."
* #standing "Standing" "code of CodeSystem standing: whether the coverage is in force, as the payer says."
* #answered-on "Answered on" "date: the day the payer was asked for what it said."
* #visits-left "Visits left" "unsignedInt: at most so many before this visit, this one included."
* #binds "What binds" "string: what gives the visits left: plan, authorization, referral, prescription, plan of care."
* #visits-left-told "Visits left, told" "string: how they were counted."
* #authorization "Authorization" "string: number of the authorization on file that serves on the day."
* #authorization-ends "Authorization ends" "date: its last day."
* #authorization-left "Authorization, visits left" "unsignedInt: how many visits are left of it."
* #clock "Clock" "date: the last day of something that ends or falls due; type.text says of what."
* #cost "Cost" "Range of US dollars: what the patient is expected to pay; no high: not known."

ValueSet: OutlookVS
Id: outlook
Title: "What an outlook says"
Description: "All words of an outlook."
* insert Ours(ValueSet, outlook)
* include codes from system OutlookCS

Profile: VisitOutlookTask
Parent: Task
Id: visit-outlook
Title: "What is known before a visit"
Description: "One Task an appointment that was looked at, ready ones too: its outputs say what is known. It asks nobody to do anything (before-visit-task does), so it is completed from the start, and says the same thing anew each day until the appointment is over. Written only to a host whose CapabilityStatement names this profile."
* id MS
* meta MS
* extension contains DecisionDigest named decisionDigest 1..1 MS
* identifier 1..1 MS
* identifier.system 1..1
* identifier.system = "https://massage-billing.org/fhir/sid/outlook-key"
* identifier.value 1..1
* insert Regex(identifier.value, MO[A-Z2-7]{18})
* status MS
* status = #completed (exactly)
* intent MS
* intent = #order (exactly)
* code 1..1 MS
* code = TaskCodeCS#visit-outlook
* description MS
* focus 1..1 MS
* focus only Reference(Appointment)
* for MS
* for only Reference(Patient)
* executionPeriod MS
* authoredOn 1..1 MS
* lastModified MS
* requester MS
* output 2..* MS
  * type MS
  * type from OutlookVS (required)
  * value[x] MS
  * value[x] only code or date or boolean or string or unsignedInt or CodeableConcept or Reference(Coverage) or Range

Instance: example-outlook
InstanceOf: VisitOutlookTask
Title: "An appointment with few visits left"
Description: "In force, two visits left by the plan, an authorization that ends in two weeks."
Usage: #example
* extension[decisionDigest].valueString = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
* identifier.value = "MOEXAMPLE2APPOINTM34"
* status = #completed
* intent = #order
* code = TaskCodeCS#visit-outlook
* description = "Before this visit: 1 thing to settle."
* focus = Reference(Appointment/example-appointment)
* for = Reference(Patient/example)
* executionPeriod.start = "2026-12-01"
* authoredOn = "2026-11-30T16:00:00Z"
* lastModified = "2026-11-30T16:00:00Z"
* requester.type = "Device"
* requester.identifier.system = "https://massage-billing.org/fhir/sid/device"
* requester.identifier.value = "massage-billing"
* output[0].type = OutlookCS#readiness
* output[=].valueCode = #act
* output[+].type = OutlookCS#judged-on
* output[=].valueDate = "2026-11-30"
* output[+].type = OutlookCS#to-settle
* output[=].valueCodeableConcept.coding.system = "https://massage-billing.org/fhir/CodeSystem/ahead-reason"
* output[=].valueCodeableConcept.coding.code = #few-visits-left
* output[=].valueCodeableConcept.text = "At most 2 left by the plan. Plan the rest with the patient."
* output[+].type = OutlookCS#told
* output[=].valueCodeableConcept.coding.system = "https://massage-billing.org/fhir/CodeSystem/ahead-reason"
* output[=].valueCodeableConcept.coding.code = #coverage-in-force
* output[=].valueCodeableConcept.text = "The payer says that the coverage is in force."
* output[+].type = OutlookCS#payer
* output[=].valueString = "acme"
* output[+].type = OutlookCS#coverage
* output[=].valueReference = Reference(Coverage/example-coverage)
* output[+].type = OutlookCS#standing
* output[=].valueCode = #in-force
* output[+].type = OutlookCS#answered-on
* output[=].valueDate = "2026-11-30"
* output[+].type = OutlookCS#visits-left
* output[=].valueUnsignedInt = 2
* output[+].type = OutlookCS#binds
* output[=].valueString = "plan"
* output[+].type = OutlookCS#visits-left-told
* output[=].valueString = "The payer says that 2 of 20 visits are left in the calendar-year, 18 used; other clinics are not seen."
* output[+].type = OutlookCS#authorization
* output[=].valueString = "AUTH-778"
* output[+].type = OutlookCS#authorization-ends
* output[=].valueDate = "2026-12-15"
* output[+].type = OutlookCS#authorization-left
* output[=].valueUnsignedInt = 4
* output[+].type = OutlookCS#clock
* output[=].type.text = "authorization ends"
* output[=].valueDate = "2026-12-15"
* output[+].type = OutlookCS#cost
* output[=].valueRange.low.value = 20.5
* output[=].valueRange.low.system = "urn:iso:std:iso:4217"
* output[=].valueRange.low.code = #USD
* output[=].valueRange.high.value = 24.5
* output[=].valueRange.high.system = "urn:iso:std:iso:4217"
* output[=].valueRange.high.code = #USD
