"""A hold becomes one Task on the host: what is wrong, what to do, who does it, until when (DESIGN 19).

Life of the Task: ``requested`` while the visit is held; ``completed`` by us once nothing holds it any more, with
``businessStatus`` "settled" so that our closing is told from a person's; ``cancelled`` by a person with a reason writes
the visit off; ``completed`` by a person while a rule still fails is opened again once, with a note.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from massage_billing.fhir import json as fj
from massage_billing.fhir import names
from massage_billing.fhir.keys import claim_key
from massage_billing.fhir.serial import Resource, decision_digest
from massage_billing.model import Decision, Finding, Visit, Who

SETTLED = "settled"
"""Task.businessStatus text of a Task that this program closed itself."""
REOPENED_NOTE = "Opened again: marked as done, but the rule still fails. See the inputs."
"""Note on a Task a person completed too early; its presence says that this was done once already."""


def build_task(visit: Visit, decision: Decision, revision: int, now: str) -> Resource:
    """The Task of a held visit; ``now`` (FHIR dateTime) stays outside the digest."""
    holds = decision.holds
    owner = (holds[0].who if holds else None) or Who.BILLER
    roles = list(dict.fromkeys(f.who or Who.BILLER for f in holds)) or [owner]
    things = "1 thing" if len(holds) == 1 else f"{len(holds)} things"
    task: Resource = {
        "resourceType": "Task",
        "meta": {"profile": [names.PROFILE_HOLD_TASK]},
        "identifier": [{"system": names.SID_CLAIM_KEY, "value": claim_key(visit.host, visit.encounter, revision)}],
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": names.CS_TASK_CODE, "code": names.TASK_HOLD}]},
        "description": f"This visit cannot be billed yet: {things} to settle.",
        "focus": {"reference": f"Encounter/{visit.encounter}"},
        "authoredOn": now,
        "lastModified": now,
        "requester": _device(),
        "performerType": [{"coding": [{"system": names.CS_ROLE, "code": role.value}]} for role in roles],
        "owner": {
            "identifier": {"system": names.SID_ROLE, "value": owner.value},
            "display": owner.value.capitalize(),
        },
        "reasonCode": {"coding": [_rule(rule) for rule in dict.fromkeys(f.rule for f in holds)]},
        "input": [{"type": {"coding": [_rule(f.rule)]}, "valueString": _advice(f)} for f in holds],
    }
    if visit.patient:
        task["for"] = {"reference": visit.patient}
    if decision.filing_limit:
        task["restriction"] = {"period": {"end": decision.filing_limit.isoformat()}}
    task["extension"] = [{"url": names.EXT_DECISION_DIGEST, "valueString": decision_digest(task)}]
    return task


def _device() -> Resource:
    return {"type": "Device", "identifier": {"system": names.SID_DEVICE, "value": names.DEVICE_NAME}}


def _rule(rule: str) -> Resource:
    return {"system": names.CS_RULE, "code": rule}


def _advice(finding: Finding) -> str:
    return f"{finding.message} {finding.fix}".strip()


@dataclass(frozen=True, slots=True)
class TaskOnHost:
    """A hold Task as it stands on the host."""

    reference: str
    """"Task/14"."""
    version: str | None
    """meta.versionId."""
    status: str
    """requested, completed, cancelled, …"""
    digest: str
    """The decision digest it carries."""
    closed_by_us: bool
    """True where this program completed it."""
    reopened: bool
    """True where it was opened again once already."""
    written_off: bool
    """A person cancelled it with a reason."""
    resource: Mapping[str, object]
    """The whole Task."""


def read_task(resource: Mapping[str, object]) -> TaskOnHost:
    """What a Task of ours says; lenient, since people edit Tasks."""
    status = fj.text(resource, "status") or ""
    reason = fj.child(resource, "statusReason")
    notes = [fj.text(note, "text") for note in fj.children(resource, "note")]
    business = fj.child(resource, "businessStatus")
    return TaskOnHost(
        reference=f"Task/{fj.text(resource, 'id')}",
        version=fj.text(fj.child(resource, "meta"), "versionId"),
        status=status,
        digest=digest_of(resource),
        closed_by_us=status == "completed" and fj.text(business, "text") == SETTLED,
        reopened=REOPENED_NOTE in notes,
        written_off=status == "cancelled" and bool(reason),
        resource=resource,
    )


def digest_of(resource: Mapping[str, object]) -> str:
    """The decision digest a Claim or Task carries; empty where it carries none."""
    for extension in fj.children(resource, "extension"):
        if fj.text(extension, "url") == names.EXT_DECISION_DIGEST:
            return fj.text(extension, "valueString") or ""
    return ""


def settle_task(task: TaskOnHost, now: str) -> Resource:
    """The Task completed by us: nothing holds the visit any more."""
    settled: Resource = {**task.resource, "status": "completed", "lastModified": now}
    settled["businessStatus"] = {"text": SETTLED}
    return settled


def withdraw_task(task: TaskOnHost, now: str) -> Resource:
    """A second Task of the same key, let in by a fault of the host: entered in error."""
    return {**task.resource, "status": "entered-in-error", "lastModified": now}


def reopen_task(task: TaskOnHost, wanted: Resource, now: str, *, by_person: bool) -> Resource:
    """The Task opened again with today's findings; a note says why where a person had closed it."""
    opened: Resource = {**wanted, "id": task.resource.get("id", ""), "lastModified": now}
    authored = task.resource.get("authoredOn")
    if authored:
        opened["authoredOn"] = authored
    notes = list(fj.children(task.resource, "note"))
    if by_person:
        notes.append({"time": now, "text": REOPENED_NOTE})
    if notes:
        opened["note"] = notes
    return opened
