// Who looked at what at the workbench. plugin/docs/workbench-access.md has the table of codes.

Alias: $dcm = http://dicom.nema.org/resources/ontology/DCM
Alias: $lifecycle = http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle
Alias: $source-type = http://terminology.hl7.org/CodeSystem/security-source-type
Alias: $entity-type = http://terminology.hl7.org/CodeSystem/audit-entity-type
Alias: $object-role = http://terminology.hl7.org/CodeSystem/object-role
Alias: $security-role = http://terminology.hl7.org/CodeSystem/extra-security-role-type

CodeSystem: WorkbenchActionCS
Id: workbench-action
Title: "What somebody did at the workbench"
Description: "Stands beside the codes of DICOM and ISO 21089 in AuditEvent.subtype."
* ^url = "https://massage-billing.org/fhir/CodeSystem/workbench-action"
* ^experimental = false
* ^caseSensitive = true
* #logged-in "Logged in" "At the EHR, by a one-time link, or to another host of the same workbench."
* #logged-out "Logged out"
* #refused "Refused" "Was turned away: role, id, session, or log-in."
* #listed "Listed" "Saw a list with patients in it."
* #viewed "Viewed" "Saw one visit or patient."
* #assigned "Assigned" "Gave a hold to somebody, took it back, or wrote a note beside it."
* #decided "Decided" "Answered a hold that a rule leaves to a person."
* #ran "Ran" "Had something billed, asked or let go."
* #marked "Marked" "Said what became of a claim."
* #exported "Exported" "Took out the audit trail, or a file."

Profile: WorkbenchAuditEvent
Parent: AuditEvent
Id: workbench-audit-event
Title: "Who looked at what at the workbench"
Description: "One line of the workbench's audit trail. Ids only: whoever did it and the patient are references, never names."
* id MS
* meta MS
* type MS
  * system 1..1 MS
  * code 1..1 MS
  * display MS
* subtype 2..2 MS
  * system 1..1 MS
  * code 1..1 MS
  * display MS
* action 1..1 MS
* recorded MS
* outcome 1..1 MS
* outcomeDesc MS
* agent 1..1 MS
  * type 1..1 MS
  * role 0..1 MS
    * text 1..1 MS
  * who MS
  * who only Reference(Practitioner or PractitionerRole)
  * altId MS
  * requestor MS
* source MS
  * site MS
  * observer MS
  * type 1..1 MS
* entity MS
  * what MS
  * what only Reference(Patient or Encounter)
  * type 1..1 MS
  * role MS
  * detail MS
    * type MS
    * value[x] only string
    * valueString MS

Instance: example-audit-event
InstanceOf: WorkbenchAuditEvent
Title: "A biller looked at a visit"
Description: "Practitioner/3 saw the page of a visit."
Usage: #example
* type = $dcm#110110 "Patient Record"
* subtype[0] = $lifecycle#access "Access/View Record Lifecycle Event"
* subtype[+] = WorkbenchActionCS#viewed
* action = #R
* recorded = "2026-11-30T09:15:00Z"
* outcome = #0
* agent.type = $security-role#humanuser "human user"
* agent.role.text = "biller"
* agent.who = Reference(Practitioner/3)
* agent.requestor = true
* source.site = "main"
* source.observer.type = "Device"
* source.observer.identifier.system = "https://massage-billing.org/fhir/sid/device"
* source.observer.identifier.value = "massage-billing"
* source.type = $source-type#4 "Application Server"
* entity[0].type = $entity-type#2 "System Object"
* entity[=].detail.type = "page"
* entity[=].detail.valueString = "visit"
* entity[+].what = Reference(Patient/7)
* entity[=].type = $entity-type#1 "Person"
* entity[=].role = $object-role#1 "Patient"
* entity[+].what = Reference(Encounter/e1)
* entity[=].type = $entity-type#2 "System Object"
* entity[=].role = $object-role#4 "Domain Resource"
