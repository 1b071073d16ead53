"""What every Task of ours has in common: a visit that is held, an appointment with something to settle first.

Life of a Task: ``requested`` while there is something to do; ``completed`` by us once there is not, with
``businessStatus`` "settled" so that our closing is told from a person's; ``cancelled`` by a person with a reason is
that person's decision; ``completed`` by a person while the thing still fails is opened again once, with a note.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date

from massage_billing.fhir import json as fj
from massage_billing.fhir import names
from massage_billing.fhir.serial import Resource, decision_digest
from massage_billing.model import Who

SETTLED = "settled"
"""Task.businessStatus text of a Task that this program closed itself."""
REOPENED_NOTE = "Opened again: marked as done, but the rule still fails. See the inputs."
"""Note on a Task a person completed too early; its presence says that this was done once already."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is the same in every Task of one kind."""

    profile: str
    """Canonical of its profile."""
    identifier_system: str
    """System of its key."""
    code: str
    """Code of ``names.CS_TASK_CODE``."""
    reason_system: str
    """Code system of its reasons and inputs."""


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to settle: one input."""

    code: str
    """Rule or reason, a code of ``Kind.reason_system``."""
    advice: str
    """What was found and what to do, without patient data."""
    who: Who
    """Who does it."""


def build(
    kind: Kind,
    key: str,
    description: str,
    focus: str,
    patient: str | None,
    points: Sequence[Point],
    last_day: Date | None,
    now: str,
) -> Resource:
    """A Task of these points, the first of whose ``who`` owns it; ``now`` (FHIR dateTime) stays outside the digest."""
    owner = points[0].who if points else Who.BILLER
    roles = list(dict.fromkeys(point.who for point in points)) or [owner]
    task: Resource = {
        "resourceType": "Task",
        "meta": {"profile": [kind.profile]},
        "identifier": [{"system": kind.identifier_system, "value": key}],
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": names.CS_TASK_CODE, "code": kind.code}]},
        "description": description,
        "focus": {"reference": focus},
        "authoredOn": now,
        "lastModified": now,
        "requester": {"type": "Device", "identifier": {"system": names.SID_DEVICE, "value": names.DEVICE_NAME}},
        "performerType": [{"coding": [{"system": names.CS_ROLE, "code": role.value}]} for role in roles],
        "owner": {
            "identifier": {"system": names.SID_ROLE, "value": owner.value},
            "display": owner.value.capitalize(),
        },
        "reasonCode": {"coding": [_coding(kind, code) for code in dict.fromkeys(point.code for point in points)]},
        "input": [{"type": {"coding": [_coding(kind, one.code)]}, "valueString": one.advice} for one in points],
    }
    if patient:
        task["for"] = {"reference": patient}
    if last_day:
        task["restriction"] = {"period": {"end": last_day.isoformat()}}
    task["extension"] = [{"url": names.EXT_DECISION_DIGEST, "valueString": decision_digest(task)}]
    return task


def _coding(kind: Kind, code: str) -> Resource:
    return {"system": kind.reason_system, "code": code}


def things(count: int) -> str:
    """ "1 thing", "2 things"."""
    return "1 thing" if count == 1 else f"{count} things"


@dataclass(frozen=True, slots=True)
class TaskOnHost:
    """A Task of ours as it stands on the host."""

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
    """The Task completed by us: there is nothing left to do."""
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
