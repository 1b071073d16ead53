"""What a CDS client asks, read strictly: ids that are ids, resources of the type that was asked for, nothing else.

A request that is none is refused with what is wrong with it, by field, never by value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from massage_billing.fhir.json import child, children, text
from massage_billing.hooks.services import Service
from massage_billing.ports import JsonObject
from massage_billing.ports.booking import Prefetched

MOST: Final = 20
"""Appointments of one request that are looked at."""
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
_TYPES: Final = {"patientId": "Patient", "encounterId": "Encounter"}
_STAFF: Final = ("Practitioner/", "PractitionerRole/")
_NAME: Final = re.compile(r"[\x21-\x7e]{1,200}")


class NotAsked(ValueError):
    """It is no request of CDS Hooks; says by field what is wrong."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of a CDS service."""

    user: str
    """"Practitioner/3"."""
    patient: str
    """Logical id of the Patient."""
    server: str | None
    """The FHIR server that the client names, without a slash at the end."""
    encounter: str | None = None
    """Logical id of the Encounter."""
    appointments: tuple[JsonObject, ...] = ()
    """What is about to be booked, each with an id of its own."""
    given: Prefetched | None = None
    """What was looked up beforehand, by the search it answers."""

    @property
    def of_staff(self) -> bool:
        """Whether somebody of the clinic asks, and not the patient or a relative."""
        return self.user.startswith(_STAFF)


def read(body: bytes, service: Service) -> Asked:
    """A request to a service; NotAsked where it is none."""
    told = object_of(body)
    if told.get("hook") != service.hook:
        raise NotAsked(f"hook is not {service.hook}.")
    if not _named(told.get("hookInstance")):
        raise NotAsked("hookInstance is missing.")
    server = told.get("fhirServer")
    if server is not None and not isinstance(server, str):
        raise NotAsked("fhirServer is no URL.")
    context = child(told, "context")
    user, patient = context.get("userId"), _id(context, "patientId")
    if not _named(user) or not isinstance(user, str):
        raise NotAsked("context.userId is missing.")
    place = server.rstrip("/") if server else None
    if service.hook == "encounter-discharge":
        return Asked(user, patient, place, encounter=_id(context, "encounterId"))
    return Asked(
        user,
        patient,
        place,
        appointments=tuple(_appointments(context, patient)),
        given=_given(child(told, "prefetch"), service, patient),
    )


def object_of(body: bytes) -> JsonObject:
    """The JSON object of a body; NotAsked where it holds none."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise NotAsked("The body is no JSON object.")
    return found


def _id(context: JsonObject, name: str) -> str:
    value = context.get(name)
    plain = value.removeprefix(f"{_TYPES[name]}/") if isinstance(value, str) else ""
    if not _ID.fullmatch(plain):
        raise NotAsked(f"context.{name} is no id.")
    return plain


def _named(value: object) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _appointments(context: JsonObject, patient: str) -> list[JsonObject]:
    """The Appointments of the context (a Bundle; a list in the examples of the specification) that are the patient's.

    Each gets an id of ours where it has none or shares one: what is only proposed need not have one. One that is on
    the host already, and is moved, keeps its own.
    """
    given = context.get("appointments")
    if isinstance(given, dict):
        resources: Sequence[object] = [entry.get("resource") for entry in children(given, "entry")]
    elif isinstance(given, list):
        resources = given
    else:
        raise NotAsked("context.appointments is no Bundle.")
    found: dict[str, JsonObject] = {}
    for place, one in enumerate(resources[:MOST]):
        if not isinstance(one, dict) or one.get("resourceType") != "Appointment":
            raise NotAsked("context.appointments holds something that is no Appointment.")
        id = text(one, "id") or ""
        if not _ID.fullmatch(id) or id in found:
            id = f"proposed.{place}"
        found[id] = {**one, "id": id}
    return [one for one in found.values() if _is_of(one, patient)]


def _is_of(appointment: JsonObject, patient: str) -> bool:
    """Whether an Appointment names this patient and no other."""
    named = set()
    for participant in children(appointment, "participant"):
        reference = text(child(participant, "actor"), "reference") or ""
        kind, _, id = reference.rpartition("/")
        if kind.rpartition("/")[2] == "Patient":
            named.add(id)
    return named == {patient}


def _given(prefetch: JsonObject, service: Service, patient: str) -> Prefetched:
    """What was looked up beforehand, by the search of its template; what nobody asked for is left out."""
    found: dict[str, Mapping[str, object] | None] = {}
    for key, template in service.prefetch.items():
        value = prefetch.get(key, prefetch)
        if value is None or (isinstance(value, dict) and value is not prefetch):
            found[template.replace("{{context.patientId}}", patient)] = value
    return found
