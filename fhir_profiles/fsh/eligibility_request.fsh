RuleSet: QuestionKey
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #closed
* identifier contains questionKey 1..1 MS
* identifier[questionKey].system 1..1
* identifier[questionKey].system = "https://massage-billing.org/fhir/sid/question-key"
* identifier[questionKey].value 1..1
* insert Regex(identifier[questionKey].value, MQ[A-Z2-7]{18})

Profile: MassageEligibilityRequest
Parent: CoverageEligibilityRequest
Id: massage-eligibility-request
Title: "Question about a coverage"
Description: "One question about one coverage for one day. It holds references and codes only: names, birth date and member id are the host's. Its identifier is a pure function of host, patient, coverage, payer and day, so that it is written once."
* id MS
* meta MS
* identifier 1..1 MS
* insert QuestionKey
* status MS
* purpose MS
* purpose from AskedPurposeVS (required)
* patient MS
* patient only Reference(Patient)
* serviced[x] 1..1 MS
* serviced[x] only date
* insert Regex(servicedDate, [[[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])]])
* created MS
* provider MS
* provider only Reference(Organization or Practitioner or PractitionerRole)
* insurer MS
* insurer only Reference(Organization)
* facility MS
* facility only Reference(Location)
* insurance 1..1 MS
  * focal 1..1 MS
  * focal = true (exactly)
  * coverage MS
  * coverage only Reference(Coverage)
* item MS
* item obeys mb-eligibility-item
  * category MS
  * category from AskedServiceTypeVS (preferred)
  * category.coding 1..1
  * category.coding.system 1..1
  * category.coding.system = $x12-service
  * category.coding.code 1..1
  * productOrService MS
  * productOrService.coding 1..1
  * productOrService.coding.system 1..1
  * productOrService.coding.code 1..1
* insert Regex(item.category.coding.code, [A-Z0-9]{1\,2})
* insert Regex(item.productOrService.coding.system, http://www[.]ama-assn[.]org/go/cpt|http://www[.]cms[.]gov/Medicare/Coding/HCPCSReleaseCodeSets)
* insert Regex(item.productOrService.coding.code, [0-9A-Z][0-9]{3}[0-9A-Z])

Invariant: mb-eligibility-item
Description: "An item asks about a service type or about a code."
Severity: #error
Expression: "category.exists() xor productOrService.exists()"
