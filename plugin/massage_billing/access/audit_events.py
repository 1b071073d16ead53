"""Who looked at what and did what, as FHIR R4 AuditEvents. Pure. Ids only, no names.

Source: FHIR R4 AuditEvent; its type and subtype come from DICOM (PS3.16 CID 400, 401) and ISO 21089 (record lifecycle),
as the value sets audit-event-type and audit-event-sub-type list them; what was done, to the letter, stands beside them
as a code of our own (CodeSystem workbench-action).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Final

import orjson

from massage_billing.fhir.names import BASE, SID_DEVICE
from massage_billing.ports import JsonObject
from massage_billing.ports.access import Action, Event

PROFILE: Final = f"{BASE}/StructureDefinition/workbench-audit-event"
"""What the resources hold themselves to."""
ACTIONS: Final = f"{BASE}/CodeSystem/workbench-action"
"""Our own codes: the values of ``ports.access.Action``."""
_DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_ISO: Final = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
_TERMS: Final = "http://terminology.hl7.org/CodeSystem/"
_NAMESPACE: Final = uuid.UUID("b7f2a5d8-7a3c-5c1e-9d0e-5a1f6a0c8e42")
_REFERABLE: Final = ("Practitioner/", "PractitionerRole/")
"""R4's agent.who may be one of these; a Person is named by identifier."""


@dataclass(frozen=True, slots=True)
class _Kind:
    type: tuple[str, str, str]
    subtype: tuple[str, str, str]
    action: str


_LOGIN: Final = (_DICOM, "110114", "User Authentication")
_RECORD: Final = (_DICOM, "110110", "Patient Record")
_ACCESS: Final = (_ISO, "access", "Access/View Record Lifecycle Event")
_AMEND: Final = (_ISO, "amend", "Amend (Update) Record Lifecycle Event")
_KINDS: Final[Mapping[Action, _Kind]] = {
    Action.LOGGED_IN: _Kind(_LOGIN, (_DICOM, "110122", "Login"), "E"),
    Action.LOGGED_OUT: _Kind(_LOGIN, (_DICOM, "110123", "Logout"), "E"),
    Action.REFUSED: _Kind((_DICOM, "110113", "Security Alert"), (_DICOM, "110132", "Use of Restricted Function"), "E"),
    Action.LISTED: _Kind((_DICOM, "110112", "Query"), _ACCESS, "E"),
    Action.VIEWED: _Kind(_RECORD, _ACCESS, "R"),
    Action.ASSIGNED: _Kind(_RECORD, _AMEND, "U"),
    Action.DECIDED: _Kind(_RECORD, (_ISO, "attest", "Attest Record Lifecycle Event"), "U"),
    Action.RAN: _Kind(
        (_DICOM, "110100", "Application Activity"), (_ISO, "originate", "Originate/Retain Record Lifecycle Event"), "E"
    ),
    Action.MARKED: _Kind(_RECORD, _AMEND, "U"),
    Action.EXPORTED: _Kind((_DICOM, "110106", "Export"), (_ISO, "extract", "Extract Record Lifecycle Event"), "R"),
}


def audit_event(event: Event) -> JsonObject:
    """One line as an AuditEvent. The same line is the same id, however often it is taken out."""
    kind = _KINDS[event.action]
    resource: dict[str, object] = {
        "resourceType": "AuditEvent",
        "id": id_of(event),
        "meta": {"profile": [PROFILE]},
        "type": _coding(*kind.type),
        "subtype": [_coding(*kind.subtype), {"system": ACTIONS, "code": event.action.value}],
        "action": kind.action,
        "recorded": event.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "outcome": "0" if event.ok else "4",
        "agent": [_agent(event)],
        "source": {
            **({"site": event.host} if event.host else {}),
            "observer": {"type": "Device", "identifier": {"system": SID_DEVICE, "value": "massage-billing"}},
            "type": [_coding(f"{_TERMS}security-source-type", "4", "Application Server")],
        },
    }
    if not event.ok and event.detail:
        resource["outcomeDesc"] = event.detail
    entities = list(_entities(event))
    if entities:
        resource["entity"] = entities
    return resource


def id_of(event: Event) -> str:
    """The AuditEvent's id: made of host, number and time."""
    return str(uuid.uuid5(_NAMESPACE, f"{event.host}\x1f{event.number}\x1f{event.at.isoformat()}"))


def _agent(event: Event) -> JsonObject:
    agent: dict[str, object] = {
        "type": {"coding": [_coding(f"{_TERMS}extra-security-role-type", "humanuser", "human user")]},
        "requestor": True,
    }
    if event.who.startswith(_REFERABLE):
        agent["who"] = {"reference": event.who}
    elif event.who:
        agent["who"] = {"identifier": {"value": event.who}}
        agent["altId"] = event.who
    if event.role:
        agent["role"] = [{"text": event.role}]
    return agent


def _entities(event: Event) -> Iterator[JsonObject]:
    """The page, with what was said of it; the patient; the visit."""
    details = [{"type": "page", "valueString": event.page}] if event.page else []
    if event.detail:
        details.append({"type": "detail", "valueString": event.detail})
    if details:
        yield {
            "type": _coding(f"{_TERMS}audit-entity-type", "2", "System Object"),
            "detail": details,
        }
    if event.patient:
        yield {
            "what": {"reference": event.patient},
            "type": _coding(f"{_TERMS}audit-entity-type", "1", "Person"),
            "role": _coding(f"{_TERMS}object-role", "1", "Patient"),
        }
    if event.encounter:
        yield {
            "what": {"reference": f"Encounter/{event.encounter}"},
            "type": _coding(f"{_TERMS}audit-entity-type", "2", "System Object"),
            "role": _coding(f"{_TERMS}object-role", "4", "Domain Resource"),
        }


def _coding(system: str, code: str, display: str) -> dict[str, object]:
    return {"system": system, "code": code, "display": display}


def as_ndjson(events: Iterable[Event]) -> Iterator[bytes]:
    """A line each; memory stays flat."""
    for event in events:
        yield orjson.dumps(audit_event(event), option=orjson.OPT_APPEND_NEWLINE)


def as_bundle(events: Iterable[Event]) -> Iterator[bytes]:
    """One Bundle (collection), written as it comes; memory stays flat."""
    yield b'{"resourceType":"Bundle","type":"collection"'
    mark = b',"entry":['
    for event in events:
        resource = audit_event(event)
        yield mark + orjson.dumps({"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource})
        mark = b","
    yield b"]}\n" if mark == b"," else b"}\n"
