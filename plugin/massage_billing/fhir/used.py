"""Which resources a decision rests on, with their versions: what the store watches for a fix (DESIGN 4)."""

from __future__ import annotations

from collections.abc import Iterator

from massage_billing.fhir import json as fj
from massage_billing.fhir.links import FOLLOWED_TO, followed
from massage_billing.fhir.references import split
from massage_billing.ports import JsonObject, VisitRecord

_OURS = frozenset({"Task", "Provenance"})


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
    """What a resource leads to and the host did not give: it wakes the visit when it comes.

    Only what a host follows: a patient's general practitioner is never in a record, and nobody waits for them.
    """
    for reference in followed(resource):
        literal = fj.text(reference, "reference") or ""
        named = split(literal)
        key = f"{named[0]}/{named[1]}" if named else ""
        if named and named[0] in FOLLOWED_TO and key not in record.resources and literal not in record.aliases:
            yield key


def version_of(resource: JsonObject) -> str:
    """meta.versionId, else meta.lastUpdated, else ""."""
    meta = fj.child(resource, "meta")
    return fj.text(meta, "versionId") or fj.text(meta, "lastUpdated") or ""
