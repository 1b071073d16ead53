"""Which resources a decision rests on, with their versions: what the store watches for a fix (DESIGN 4)."""

from __future__ import annotations

from collections.abc import Iterator

from massage_billing.fhir import json as fj
from massage_billing.fhir.references import references_in, split
from massage_billing.ports import JsonObject, VisitRecord

_OURS = frozenset({"Task", "Provenance"})
_AWAITED = frozenset(
    {
        "Account",
        "Appointment",
        "Condition",
        "Coverage",
        "Location",
        "Observation",
        "Organization",
        "Patient",
        "Practitioner",
        "PractitionerRole",
        "ServiceRequest",
    }
)
"""Types whose late arrival may change a decision."""


def used_by(record: VisitRecord) -> tuple[tuple[str, str], ...]:
    """(reference, version) of every resource of a record that is not another visit's; sorted.

    What is named but not there has the version "".
    """
    used = []
    for key, resource in record.resources.items():
        kind = key.partition("/")[0]
        if kind in _OURS or (kind == "Encounter" and key != f"Encounter/{record.encounter}"):
            continue
        named = fj.text(fj.child(resource, "encounter"), "reference") if kind != "Claim" else None
        place = split(named) if named else None
        if place and place[0] == "Encounter" and place[1] != record.encounter:
            continue
        used.append((key, version_of(resource)))
        used.extend((missing, "") for missing in _missing(resource, record))
    return tuple(sorted(set(used)))


def _missing(resource: JsonObject, record: VisitRecord) -> Iterator[str]:
    """What a resource names and the host did not give: it wakes the visit when it comes."""
    for reference in references_in(resource):
        named = split(reference)
        key = f"{named[0]}/{named[1]}" if named else ""
        if named and named[0] in _AWAITED and key not in record.resources and reference not in record.aliases:
            yield key


def version_of(resource: JsonObject) -> str:
    """meta.versionId, else meta.lastUpdated, else ""."""
    meta = fj.child(resource, "meta")
    return fj.text(meta, "versionId") or fj.text(meta, "lastUpdated") or ""
