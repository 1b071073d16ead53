Profile: HoldTask
Parent: Task
Id: hold-task
Title: "Why a visit is held"
Description: "One Task a visit: one input a finding, each naming its rule, with what was found and what to do. A person who cancels it with a reason writes the visit off."
* id MS
* meta MS
* extension contains DecisionDigest named decisionDigest 1..1 MS
* identifier 1..1 MS
* identifier.system 1..1
* identifier.system = "https://massage-billing.org/fhir/sid/claim-key"
* identifier.value 1..1
* insert Regex(identifier.value, MB[A-Z2-7]{18})
* status MS
* statusReason MS
* businessStatus MS
* intent MS
* intent = #order (exactly)
* priority MS
* code 1..1 MS
* code = TaskCodeCS#billing-hold
* description MS
* focus 1..1 MS
* focus only Reference(Encounter)
* for MS
* for only Reference(Patient)
* encounter MS
* encounter only Reference(Encounter)
* authoredOn 1..1 MS
* lastModified MS
* requester MS
* performerType 1..* MS
* performerType from RoleVS (required)
* owner 1..1 MS
* reasonCode 1..1 MS
* reasonCode.coding 1..*
* reasonCode.coding.system 1..1
* reasonCode.coding.system = "https://massage-billing.org/fhir/CodeSystem/rule"
* reasonCode.coding.code 1..1
* reasonCode from https://massage-billing.org/fhir/ValueSet/hold-reason (extensible)
* note MS
* restriction MS
  * period MS
  * period.end 1..1
* input 1..* MS
  * type MS
  * type.coding 1..1
  * type.coding.system 1..1
  * type.coding.system = "https://massage-billing.org/fhir/CodeSystem/rule"
  * type.coding.code 1..1
  * value[x] MS
  * value[x] only string
* insert Regex(reasonCode.coding.code, [a-z0-9-]+)
* insert Regex(input.type.coding.code, [a-z0-9-]+)
