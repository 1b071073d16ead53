RuleSet: Naming(id, name, description)
* id = "{id}"
* name = "{name}"
* status = #active
* kind = #identifier
* date = "2026-11-23"
* publisher = "massage-billing"
* description = "{description}"
* uniqueId.type = #uri
* uniqueId.value = "https://massage-billing.org/fhir/sid/{id}"
* uniqueId.preferred = true

Instance: claim-key
InstanceOf: NamingSystem
Usage: #definition
* insert Naming(claim-key, ClaimKey, [[Key of one revision of one visit's claim: MB and 18 characters of A-Z2-7, a pure function of the configured host id, the Encounter and the revision. On Claim, on the hold Task, and as meta.tag on Provenance.]])

Instance: visit-key
InstanceOf: NamingSystem
Usage: #definition
* insert Naming(visit-key, VisitKey, [[Key of one visit without the revision, MV and 18 characters of A-Z2-7: finds every revision of its claim, so that a lost store is rebuilt from the host.]])

Instance: device
InstanceOf: NamingSystem
Usage: #definition
* insert Naming(device, Device, [[Names the software that wrote a resource; the only value is massage-billing.]])

Instance: role
InstanceOf: NamingSystem
Usage: #definition
* insert Naming(role, Role, [[Names the role that should act on a Task, where no person is named; the values are the codes of CodeSystem role.]])

Instance: rule-row
InstanceOf: NamingSystem
Usage: #definition
* insert Naming(rule-row, RuleRow, [[Names a row of a rule, in the form rule|row.]])

Instance: question-key
InstanceOf: NamingSystem
Usage: #definition
* insert Naming(question-key, QuestionKey, [[Key of one question about one coverage: MQ and 18 characters of A-Z2-7, a pure function of the configured host id, patient, coverage as it was known, payer and day. On the request and on the response that answers it; also the trace number sent to the payer.]])

Instance: payer-trace
InstanceOf: NamingSystem
Usage: #definition
* insert Naming(payer-trace, PayerTrace, [[The payer's own reference of its answer, as it was sent.]])

Instance: appointment-key
InstanceOf: NamingSystem
Usage: #definition
* insert Naming(appointment-key, AppointmentKey, [[Key of what has to be settled before one appointment: MA and 18 characters of A-Z2-7, a pure function of the configured host id and the Appointment.]])

Instance: outlook-key
InstanceOf: NamingSystem
Usage: #definition
* insert Naming(outlook-key, OutlookKey, [[Key of what is known before one appointment: MO and 18 characters of A-Z2-7, a pure function of the configured host id and the Appointment.]])

Instance: answer-key
InstanceOf: NamingSystem
Usage: #definition
* insert Naming(answer-key, AnswerKey, [[Key of what a payer's file says of one claim: MR and 18 characters of A-Z2-7, a pure function of what the file says and the place in it. On ClaimResponse.]])

Instance: fee-sheet-conflict
InstanceOf: NamingSystem
Usage: #definition
* insert Naming(fee-sheet-conflict, FeeSheetConflict, [[On OpenEMR, the Task of what on the fee sheet stands against one Claim: the Claim's logical id.]])
