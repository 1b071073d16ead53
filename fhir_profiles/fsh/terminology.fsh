// Code systems and value sets of ours, but for rule, hold-reason and ahead-reason: ./build makes those from the rule
// files, straight into built/. Those of eligibility are in eligibility_terminology.fsh.

CodeSystem: ServiceCS
Id: service
Title: "Services, by our own short labels"
Description: "Our own names for the services of a massage clinic. They stand beside CPT numbers and are not the AMA's text. A clinic's own local codes are mapped the same way: see ConceptMap local-to-cpt and README.md."
* ^url = "https://massage-billing.org/fhir/CodeSystem/service"
* ^experimental = false
* ^caseSensitive = true
* #massage "Massage"
* #manual-therapy "Manual therapy"
* #neuromuscular "Neuromuscular work"
* #exercise "Exercise"
* #hot-cold-pack "Hot or cold pack"

CodeSystem: RoleCS
Id: role
Title: "Who settles a hold"
Description: "The people of a clinic who can clear a hold; the same words as the program's own."
* ^url = "https://massage-billing.org/fhir/CodeSystem/role"
* ^experimental = false
* ^caseSensitive = true
* #therapist "Therapist" "Completes or corrects the record of what was done."
* #"front desk" "Front desk" "Corrects coverage, registration and appointments."
* #biller "Biller" "Answers billing questions, payers.yaml and the fee schedule."
* #owner "Owner" "Decides what only the clinic's owner may decide."
* #integrator "Integrator" "Repairs the connection to the EHR or the settings."

CodeSystem: TaskCodeCS
Id: task-code
Title: "Kinds of Task"
Description: "What a Task of ours asks for."
* ^url = "https://massage-billing.org/fhir/CodeSystem/task-code"
* ^experimental = false
* ^caseSensitive = true
* #billing-hold "Billing hold" "A visit cannot be billed until a person has fixed what the inputs name."
* #before-visit "Before the visit" "Before an appointment a person has to settle what the inputs name."
* #visit-outlook "Visit outlook" "Nothing to do: the outputs say what is known of a coming visit."
* #fee-sheet-conflict "Fee sheet conflict" "On OpenEMR: a claim is not on the fee sheet as it should be, until a person has settled what the inputs name."

CodeSystem: FeeSheetConflictCS
Id: fee-sheet-conflict
Title: "Fee sheet conflict"
Description: "On OpenEMR, what on the fee sheet stands against a claim. Task.reasonCode and Task.input.type of the module's Tasks."
* ^url = "https://massage-billing.org/fhir/CodeSystem/fee-sheet-conflict"
* ^experimental = false
* ^caseSensitive = true
* #typed-row "Typed row" "A row that somebody entered by hand."
* #other-claim "Other claim" "A row of another Claim of the module's."
* #changed-row "Changed row" "A row of the module's that somebody changed by hand."
* #deleted-row "Deleted row" "A row of the module's that somebody deleted."
* #left-row "Left row" "A changed row that stays although its claim was withdrawn."
* #misc-form "Misc billing options" "The form says something else than the claim."
* #deleted-form "Deleted form" "A form of the module's that somebody deleted."
* #place-of-service "Place of service" "The encounter has another place of service than the claim."
* #therapist-npi "NPI of a therapist" "The user who treated has no valid NPI, so that OpenEMR would leave the provider off the claim."

CodeSystem: ClaimFrequencyCS
Id: claim-frequency
Title: "Claim frequency"
Description: "Whether a claim is the first of its kind: the values of X12 837P CLM05-3 that this program writes."
* ^url = "https://massage-billing.org/fhir/CodeSystem/claim-frequency"
* ^experimental = false
* ^caseSensitive = true
* #1 "Original"
* #7 "Replacement"
* #8 "Void"

CodeSystem: ProviderNetworkCS
Id: provider-network
Title: "Provider network"
Description: "Whether who treated is in the payer's network."
* ^url = "https://massage-billing.org/fhir/CodeSystem/provider-network"
* ^experimental = false
* ^caseSensitive = true
* #in-network "In network" "Every therapist of the claim, and the clinic where it is listed."
* #out-of-network "Out of network" "Every therapist of the claim, or the clinic itself."
* #mixed "Mixed" "One therapist of the claim is in the network and another is not."

CodeSystem: BillToCS
Id: bill-to
Title: "Who is billed"
Description: "The patient's wish for one visit, 45 CFR 164.522(a)(1)(vi)."
* ^url = "https://massage-billing.org/fhir/CodeSystem/bill-to"
* ^experimental = false
* ^caseSensitive = true
* #self-pay "Self-pay" "The patient pays; the plan is told nothing and asked nothing."
* #plan "Plan" "The plan is billed."

ValueSet: RoleVS
Id: role
Title: "Who settles a hold"
Description: "All roles."
* ^url = "https://massage-billing.org/fhir/ValueSet/role"
* ^experimental = false
* include codes from system RoleCS

ValueSet: TaskCodeVS
Id: task-code
Title: "Kinds of Task"
Description: "All kinds of Task."
* ^url = "https://massage-billing.org/fhir/ValueSet/task-code"
* ^experimental = false
* include codes from system TaskCodeCS

ValueSet: ClaimFrequencyVS
Id: claim-frequency
Title: "Claim frequency"
Description: "Original, replacement, void."
* ^url = "https://massage-billing.org/fhir/ValueSet/claim-frequency"
* ^experimental = false
* include codes from system ClaimFrequencyCS

ValueSet: ProviderNetworkVS
Id: provider-network
Title: "Provider network"
Description: "In network, out of network, mixed."
* ^url = "https://massage-billing.org/fhir/ValueSet/provider-network"
* ^experimental = false
* include codes from system ProviderNetworkCS

ValueSet: BillToVS
Id: bill-to
Title: "Who is billed"
Description: "The patient, or the plan."
* ^url = "https://massage-billing.org/fhir/ValueSet/bill-to"
* ^experimental = false
* include codes from system BillToCS

ValueSet: BilledCodeVS
Id: billed-code
Title: "Billed codes, by number"
Description: "The CPT numbers that the rulebook knows. Numbers only: no descriptor of the AMA is part of this value set."
* ^url = "https://massage-billing.org/fhir/ValueSet/billed-code"
* ^experimental = false
* ^copyright = "CPT is a registered trademark of the American Medical Association (AMA). Only code numbers are used here; the descriptors are the AMA's and are not included."
* $cpt#97010
* $cpt#97110
* $cpt#97112
* $cpt#97124
* $cpt#97140

ValueSet: CareTeamRoleVS
Id: care-team-role
Title: "Roles in the care team of a claim"
Description: "Who did it (rendering), who ordered it (referring), who supervised (supervisor), who is responsible (primary). Base FHIR lacks rendering and referring; those are CARIN Blue Button's."
* ^url = "https://massage-billing.org/fhir/ValueSet/care-team-role"
* ^experimental = false
* $care-team-role#primary
* $care-team-role#supervisor
* $carin-role#rendering
* $carin-role#referring

ValueSet: RelatedClaimVS
Id: related-claim
Title: "How what is related concerns a claim"
Description: "The claim before it (prior), which it replaces or voids; or the payer's file of the injury (associated), by its number."
* ^url = "https://massage-billing.org/fhir/ValueSet/related-claim"
* ^experimental = false
* $related#prior
* $related#associated
