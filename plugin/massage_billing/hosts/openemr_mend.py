"""What OpenEMR says otherwise than FHIR means it, put right. Pure: resource in, resource out, the original left alone.

Everything here was seen on a running OpenEMR 8.2.0-dev (plugin/docs/host-openemr.md lists it) and adds nothing that
OpenEMR's own tables do not say: where its FHIR has lost a tie, the tie is taken up again only where it is unambiguous.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date as Date
from datetime import timedelta
from itertools import pairwise
from typing import Final

from massage_billing.fhir import names
from massage_billing.fhir.json import child, children, codings, text
from massage_billing.fhir.references import key_of
from massage_billing.hosts.visit_links import ids_at
from massage_billing.ports import JsonObject

_CONSTANT: Final = "1"
"""OpenEMR's meta.versionId of everything, whatever changes."""
_NUCC: Final = re.compile(r"[0-9]{3}[0-9A-Z]{6}X")
"""Form of a NUCC provider taxonomy code."""
_REFERRER: Final = "REF"
"""v3-ParticipationType of who referred the patient."""
_RESULTS: Final = frozenset({"laboratory", "procedure"})
"""Observation categories in which results of procedure orders come."""
_DONE: Final = "completed"
_BY_DATE: Final = {"draft": "start", "cancelled": "end"}
"""Coverage.status that OpenEMR makes of a date → the element of the period that holds the date."""


def mended(resource: JsonObject) -> JsonObject:
    """One resource by itself: no constant version, no wrongly joined encounter, taxonomies in place."""
    kind = resource.get("resourceType")
    found = _without_version(resource)
    if kind == "Procedure" and is_from_list(found):
        return {name: value for name, value in found.items() if name != "encounter"}
    if kind == "Coverage":
        return _coverage(found)
    return _role(found) if kind == "PractitionerRole" else found


def _without_version(resource: JsonObject) -> JsonObject:
    """A version that never moves would hide every change; meta.lastUpdated says more."""
    meta = resource.get("meta")
    if not isinstance(meta, dict) or meta.get("versionId") != _CONSTANT or "lastUpdated" not in meta:
        return resource
    return {**resource, "meta": {name: value for name, value in meta.items() if name != "versionId"}}


def is_from_list(procedure: JsonObject) -> bool:
    """Whether a Procedure is of the patient's surgery list: no order and no performer, but somebody who wrote it down.

    Core joins such an entry to ``form_encounter.id`` where the encounter's number is meant, so that it names no
    Encounter, or another one, of another patient even. Its link is never believed.
    """
    return "recorder" in procedure and not procedure.get("basedOn") and not procedure.get("performer")


def _role(role: JsonObject) -> JsonObject:
    """Taxonomies: OpenEMR writes them as plain strings in PractitionerRole.code, the role before the specialty."""
    codes: list[str] = []
    for concept in children(role, "code"):
        listed = concept.get("coding")
        for coding in listed if isinstance(listed, list) else ():
            if isinstance(coding, str) and _NUCC.fullmatch(coding) and coding not in codes:
                codes.insert(0, coding)
    if not codes:
        return role
    specialty = [{"coding": [{"system": names.NUCC, "code": code}]} for code in codes]
    return {**{name: value for name, value in role.items() if name != "code"}, "specialty": specialty}


# --- coverages ------------------------------------------------------------------------------------------------------


def _coverage(coverage: JsonObject) -> JsonObject:
    """A status that OpenEMR made of the dates and of today: ``draft`` before the first day, ``cancelled`` after the
    last. Of any other day it says the wrong thing, and the period says it rightly; OpenEMR has no other status.
    """
    explained = _BY_DATE.get(text(coverage, "status") or "")
    return {**coverage, "status": "active"} if explained in child(coverage, "period") else coverage


def in_turn(coverages: Sequence[JsonObject]) -> list[JsonObject]:
    """A patient's coverages, an older one ended the day before the next of the same rank began.

    OpenEMR keeps every insurance a patient had, mostly without an end; for a day it takes the one of each rank that
    began last (``getInsuranceDataByDate``: ``date <= ? … order by date DESC limit 1``). An end that is written stays.
    """
    by_rank: dict[tuple[str, object], list[tuple[Date, int]]] = {}
    for place, coverage in enumerate(coverages):
        begun = written_day(text(child(coverage, "period"), "start"))
        for patient in ids_at(coverage, "beneficiary", "Patient"):
            by_rank.setdefault((patient, coverage.get("order")), []).append((begun or Date.min, place))
    found = list(coverages)
    for ranked in by_rank.values():
        ranked.sort()
        for (begun, place), (following, _) in pairwise(ranked):
            period = child(found[place], "period")
            if begun < following and "end" not in period:
                last = (following - timedelta(days=1)).isoformat()
                found[place] = {**found[place], "period": {**period, "end": last}}
    return found


# --- one visit ------------------------------------------------------------------------------------------------------


def written_day(written: str | None) -> Date | None:
    """The calendar day of a date or time as it is written; None where there is none."""
    try:
        return Date.fromisoformat((written or "")[:10])
    except ValueError:
        return None


def day_of(encounter: JsonObject) -> Date | None:
    """The day an Encounter is written under."""
    return written_day(text(child(encounter, "period"), "start"))


def with_procedures(observations: Sequence[JsonObject], procedures: Iterable[JsonObject]) -> list[JsonObject]:
    """Results of procedure orders, made part of the Procedure of the same order.

    OpenEMR makes a Procedure of an order and an Observation of each of its results, and does not tie them. Both carry
    encounter, performer and the time of the order's report; where exactly one completed Procedure agrees in all three,
    the result is that one's. Where several do, none gets it: minutes are never guessed.
    """
    orders: dict[tuple[str, str, str], list[str]] = {}
    for procedure in procedures:
        key = key_of(procedure)
        if key is not None and procedure.get("basedOn") and procedure.get("status") == _DONE:
            for tie in _tie(procedure, "performer.actor", "performedDateTime"):
                orders.setdefault(tie, []).append(key)
    found = []
    for observation in observations:
        same = [] if "partOf" in observation or not _is_result(observation) else _owners(observation, orders)
        found.append({**observation, "partOf": [{"reference": same[0]}]} if len(same) == 1 else observation)
    return found


def _owners(observation: JsonObject, orders: Mapping[tuple[str, str, str], Sequence[str]]) -> list[str]:
    ties = _tie(observation, "performer", "effectiveDateTime")
    return list(dict.fromkeys(key for tie in ties for key in orders.get(tie, ())))


def _tie(resource: JsonObject, performer: str, time: str) -> list[tuple[str, str, str]]:
    when = text(resource, time)
    if when is None:
        return []
    return [
        (encounter, person, when)
        for encounter in ids_at(resource, "encounter", "Encounter")
        for person in ids_at(resource, performer, "Practitioner")
    ]


def _is_result(observation: JsonObject) -> bool:
    return any(code in _RESULTS for concept in children(observation, "category") for _, code in codings(concept))


def referred(resources: Mapping[str, JsonObject], encounter: str) -> dict[str, JsonObject]:
    """A visit's resources, its orders requested by whoever the Encounter says referred the patient.

    The requester of an OpenEMR order is the therapist who wrote it down to record the service, not the physician who
    sent the patient; that one is the Encounter's participant of type REF. An order without one loses a requester who
    performed it.
    """
    visit = resources.get(f"Encounter/{encounter}")
    if visit is None:
        return dict(resources)
    referrer = next((one["individual"] for one in children(visit, "participant") if _refers(one)), None)
    found = dict(resources)
    for key, resource in resources.items():
        if not key.startswith("ServiceRequest/") or encounter not in ids_at(resource, "encounter", "Encounter"):
            continue
        if referrer is not None:
            found[key] = {**resource, "requester": referrer}
        elif _performed_by(resources, key) & set(ids_at(resource, "requester", "Practitioner")):
            found[key] = {name: value for name, value in resource.items() if name != "requester"}
    return found


def _refers(participant: JsonObject) -> bool:
    kinds = {code for concept in children(participant, "type") for _, code in codings(concept)}
    return _REFERRER in kinds and isinstance(participant.get("individual"), dict)


def _performed_by(resources: Mapping[str, JsonObject], order: str) -> set[str]:
    """Ids of the Practitioners who performed what an order is the base of."""
    logical_id = order.partition("/")[2]
    return {
        person
        for key, resource in resources.items()
        if key.startswith("Procedure/") and logical_id in ids_at(resource, "basedOn", "ServiceRequest")
        for person in ids_at(resource, "performer.actor", "Practitioner")
    }
