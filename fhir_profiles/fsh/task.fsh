// What all our Tasks have in common; key is the pattern of the identifier, reasons the code system of what is found.
RuleSet: OurTask(sid, key, reasons)
* id MS
* meta MS
* extension contains DecisionDigest named decisionDigest 1..1 MS
* identifier 1..1 MS
* identifier.system 1..1
* identifier.system = "https://massage-billing.org/fhir/sid/{sid}"
* identifier.value 1..1
* insert Regex(identifier.value, {key})
* status MS
* statusReason MS
* businessStatus MS
* intent MS
* intent = #order (exactly)
* priority MS
* code 1..1 MS
* description MS
* focus 1..1 MS
* for MS
* for only Reference(Patient)
* authoredOn 1..1 MS
* lastModified MS
* requester MS
* performerType 1..* MS
* performerType from RoleVS (required)
* owner 1..1 MS
* reasonCode 1..1 MS
* reasonCode.coding 1..*
* reasonCode.coding.system 1..1
* reasonCode.coding.system = "https://massage-billing.org/fhir/CodeSystem/{reasons}"
* reasonCode.coding.code 1..1
* note MS
* restriction MS
  * period MS
  * period.end 1..1
* input 1..* MS
  * type MS
  * type.coding 1..1
  * type.coding.system 1..1
  * type.coding.system = "https://massage-billing.org/fhir/CodeSystem/{reasons}"
  * type.coding.code 1..1
  * value[x] MS
  * value[x] only string
* insert Regex(reasonCode.coding.code, [a-z0-9-]+)
* insert Regex(input.type.coding.code, [a-z0-9-]+)

Profile: HoldTask
Parent: Task
Id: hold-task
Title: "Why a visit is held"
Description: "One Task a visit: one input a finding, each naming its rule, with what was found and what to do. A person who cancels it with a reason writes the visit off."
* insert OurTask(claim-key, MB[A-Z2-7]{18}, rule)
* code = TaskCodeCS#billing-hold
* focus only Reference(Encounter)
* encounter MS
* encounter only Reference(Encounter)
* reasonCode from https://massage-billing.org/fhir/ValueSet/hold-reason (extensible)

Profile: BeforeVisitTask
Parent: Task
Id: before-visit-task
Title: "What to settle before a visit"
Description: "One Task an appointment: one input for each thing that was found, with what to do. A person who cancels it with a reason accepts things as they are."
* insert OurTask(appointment-key, MA[A-Z2-7]{18}, ahead-reason)
* code = TaskCodeCS#before-visit
* focus only Reference(Appointment)
* reasonCode from https://massage-billing.org/fhir/ValueSet/ahead-reason (extensible)
