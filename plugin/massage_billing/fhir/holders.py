"""Who holds each coverage of a patient: whom and what a payer is asked about. PHI."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date as Date
from operator import attrgetter
from typing import Final

from massage_billing.fhir.json import Faults, child, children, codings, text
from massage_billing.fhir.persons import read_subject
from massage_billing.fhir.record import Record
from massage_billing.model import Coverage, Holder, Person
from massage_billing.ports import JsonObject

_SELF: Final = "self"
"""Coverage.relationship of a patient who is the subscriber."""
_PEOPLE: Final = ("Patient", "RelatedPerson")
_DIGITS: Final = 32
_told_of: Final = attrgetter(*Person.__dataclass_fields__)
"""A person's fields, which are plain values, as a tuple."""


def read_holders(
    record: Record, coverages: Sequence[Coverage], person: Person | None, on: Date | None
) -> tuple[Holder, ...]:
    """Who holds these coverages, in their order. ``person``: the patient."""
    return tuple(_holder(record, coverage, person, on) for coverage in coverages)


def _holder(record: Record, coverage: Coverage, person: Person | None, on: Date | None) -> Holder:
    subscriber, group = subscriber_of(record, coverage, person, on), group_of(record, coverage)
    plan = _class(record.resources[coverage.id], "plan", record.faults(coverage.id))
    return Holder(coverage.id, subscriber, group, plan, _version(coverage, subscriber, person, group))


def group_of(record: Record, coverage: Coverage) -> str | None:
    """The group number of a coverage."""
    return group_number(record.resources[coverage.id], record.faults(coverage.id))


def group_number(coverage: JsonObject, faults: Faults) -> str | None:
    """The group number that a Coverage says."""
    return _class(coverage, "group", faults)


def subscriber_of(record: Record, coverage: Coverage, person: Person | None, on: Date | None) -> Person | None:
    """Coverage.subscriber; the patient where that is the relationship; else a policy holder who is a person.

    ``person``: the patient.
    """
    resource = record.resources[coverage.id]
    faults = record.faults(coverage.id)
    if coverage.relationship == _SELF and person is not None:
        return person
    for element in ("subscriber", "policyHolder"):
        reference = child(resource, element, faults)
        found = record.resolver.resolve(reference, resource, faults)
        if found is not None and found[1].get("resourceType") in _PEOPLE:
            if person is not None and found[0] == person.reference:
                return person
            return read_subject(found[0], found[1], record.faults(found[0].partition("#")[0]), on)
        if reference:
            return None  # it says who, and the host did not give that one
    return None


def _class(resource: JsonObject, kind: str, faults: Faults) -> str | None:
    """Value of the first Coverage.class of a type (HL7 coverage-class: group, plan …)."""
    for one in children(resource, "class", faults):
        if any(code == kind for _, code in codings(child(one, "type", faults), faults)):
            value = text(one, "value", faults)
            if value is not None and value.strip():
                return value.strip()
    return None


def _version(coverage: Coverage, subscriber: Person | None, person: Person | None, group: str | None) -> str:
    """A digest of what a payer is told: when it differs, an answer that was given before is of something else."""
    told = (
        coverage.payer.reference,
        sorted(coverage.payer.identifiers),
        group,
        None if subscriber is None else _told_of(subscriber),
        None if person is None else _told_of(person),
    )
    return f"{coverage.member}-{hashlib.sha256(repr(told).encode()).hexdigest()[:_DIGITS]}"
