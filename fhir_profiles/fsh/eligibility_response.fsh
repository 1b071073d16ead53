Profile: MassageEligibilityResponse
Parent: CoverageEligibilityResponse
Id: massage-eligibility-response
Title: "What a payer answered of a coverage"
Description: "Written beside the question it answers, in one transaction, under the same key. One item is one benefit: the payer's words in description, its figures in FHIR's elements, and in our extensions what R4 has no element for. inforce is absent where the payer did not say. What the payer sent word for word stays with the program that asked."
* obeys mb-eligibility-refused
* id MS
* meta MS
* identifier 1..2 MS
* insert QuestionKey
* identifier contains payerTrace 0..1 MS
* identifier[payerTrace].system 1..1
* identifier[payerTrace].system = "https://massage-billing.org/fhir/sid/payer-trace"
* identifier[payerTrace].value 1..1
* status MS
* purpose MS
* purpose from AnsweredPurposeVS (required)
* patient MS
* patient only Reference(Patient)
* serviced[x] 1..1 MS
* serviced[x] only date
* insert Regex(servicedDate, [[[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])]])
* created MS
* requestor MS
* requestor only Reference(Organization or Practitioner or PractitionerRole)
* request MS
* request only Reference(CoverageEligibilityRequest)
* outcome MS
* disposition MS
* insurer MS
* insurer only Reference(Organization)
* insurance 0..1 MS
  * extension contains
      AnsweredPlan named answeredPlan 0..* MS and
      NamedParty named namedParty 0..* MS
  * coverage MS
  * coverage only Reference(Coverage)
  * inforce MS
  * benefitPeriod MS
  * item MS
    * extension contains
        BenefitDetail named benefitDetail 1..1 MS and
        BenefitDate named benefitDate 0..* MS and
        BenefitReference named benefitReference 0..* MS and
        NamedParty named namedParty 0..* MS
    * category MS
    * productOrService MS
    * modifier MS
    * excluded MS
    * description MS
    * network MS
    * unit MS
    * term MS
    * benefit MS
      * extension contains BenefitFigure named benefitFigure 1..1 MS
      * type MS
      * type.coding 1..*
      * allowed[x] MS
      * used[x] MS
    * authorizationRequired MS
* preAuthRef MS
* error MS
  * extension contains RejectionDetail named rejectionDetail 0..1 MS
  * code MS

Invariant: mb-eligibility-refused
Description: "A refusal says why, or at least claims no benefits."
Severity: #error
Expression: "outcome = 'error' implies (error.exists() or insurance.item.empty())"
