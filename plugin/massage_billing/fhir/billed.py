"""What an export asks of a billed visit: its patient's coverages, and whether the plan may be told. Pure.

A visit is read whole only where something in its record can bear on that; what was done, and by whom, the Claim says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date

from massage_billing.fhir.coverages import Links, read_coverages
from massage_billing.fhir.json import child
from massage_billing.fhir.record import Record
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model import Coverage, Reading, Visit
from massage_billing.ports import VisitRecord


@dataclass(frozen=True, slots=True)
class BilledVisit:
    """As the fields of ``Visit`` with these names."""

    host: str
    encounter: str
    date: Date | None
    coverages: tuple[Coverage, ...]
    restricted: str | None = None


def read_billed(
    record: VisitRecord, reading: Reading, shared: Shared, reader: Record, day: Date | None
) -> Visit | BilledVisit:
    """The visit, as far as an export has to know it. ``day``: date of service of its claim."""
    where = f"Encounter/{record.encounter}"
    encounter = reader.resources.get(where)
    if encounter is None or not encounter.keys().isdisjoint(("extension", "appointment", "account")):
        return read_visit(record, reading, shared, reader)  # a wish, or the number of an injury, may stand there
    if reader.all("Consent"):
        return read_visit(record, reading, shared, reader)
    patient = reader.resolver.key(child(encounter, "subject"), encounter)
    if patient is None:
        return read_visit(record, reading, shared, reader)
    links = Links(reader, encounter, where, (), patient)
    coverages = read_coverages(reader, patient, links, shared.coverages)
    return BilledVisit(reading.host, record.encounter, day, coverages)
