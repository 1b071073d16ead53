Profile: MassageCoverage
Parent: Coverage
Id: massage-coverage
Title: "Coverage that can be billed"
Description: "A coverage as this program needs it: member id, one payor, kind, order and dates; an open end means still in force. Agrees with US Core (us-core-15, payor at most 1)."
* obeys mb-coverage-member
* identifier MS
* status MS
* type 1..1 MS
* subscriberId MS
* beneficiary MS
* beneficiary only Reference(Patient)
* relationship 1..1 MS
* period MS
  * start MS
  * end MS
* payor 1..1 MS
* payor only Reference(Organization or Patient or RelatedPerson)
* order MS
* class MS

Invariant: mb-coverage-member
Description: "The member id stands in subscriberId or in an identifier of type MB."
Severity: #error
Expression: "subscriberId.exists() or identifier.where(type.coding.where(system = 'http://terminology.hl7.org/CodeSystem/v2-0203' and code = 'MB').exists()).exists()"
