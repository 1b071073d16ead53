"""Putting visits together from OpenEMR, whose records name each other less than FHIR would."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date as Date
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from massage_billing.hosts import openemr_log as log
from massage_billing.hosts import openemr_mend as mend
from massage_billing.hosts.fhir_read import VisitReader
from massage_billing.hosts.openemr_source import OpenEmrSource
from massage_billing.hosts.visit_links import BY_ENCOUNTER, BY_PROCEDURE, Link, ids_at, patient_of
from massage_billing.ports import JsonObject, VisitRecord

if TYPE_CHECKING:
    from massage_billing.hosts.fhir_gather import Page

CHARGES = Link("ChargeItem", "context", "Encounter", "context", "patient")
"""Charges of a visit: its module makes them of the fee sheet."""
A = TypeVar("A")
B = TypeVar("B")


class Pass:
    """The source of one pass: from which day on is read, and what OpenEMR failed to give."""

    def __init__(self, source: OpenEmrSource) -> None:
        self._source = source
        self.since: Date | None = None
        self.lost: dict[str, set[str]] = {}
        """Patient id → types that OpenEMR fails on for this patient."""

    def bases(self) -> Sequence[str]:
        """See ``Source``."""
        return self._source.bases()

    @property
    def has_log(self) -> bool:
        """Whether Procedures may be of the module's treatment log."""
        return self._source.has_log

    def reads(self, type: str) -> bool:
        """See ``Source``."""
        return self._source.reads(type)

    def by_id(self, type: str, ids: Sequence[str]) -> Iterator[JsonObject]:
        """See ``Source``."""
        return self._source.by_id(type, ids)

    def linked(self, link: Link, ids: Sequence[str], patients: Sequence[str]) -> Iterator[JsonObject]:
        """See ``Source``."""
        return self._source.of_patients(
            link, ids, patients, self.since, lambda patient: self.lost.setdefault(patient, set()).add(link.type)
        )

    def count(self, link: Link, ids: Sequence[str]) -> int | None:
        """See ``Source``."""
        return None

    def identified(self, type: str, system: str, value: str) -> Iterator[JsonObject]:
        """See ``Source``."""
        return self._source.identified(type, system, value)

    def together(self, work: Callable[[A], B], items: Sequence[A]) -> list[B]:
        """See ``Source``."""
        return self._source.together(work, items)


class OpenEmrReader(VisitReader):
    """A VisitReader that ties what OpenEMR leaves untied: surgery-list entries and results of orders."""

    def __init__(self, source: OpenEmrSource, *, observations: bool, kept: int = 5000) -> None:
        self._asked = Pass(source)
        super().__init__(self._asked, observations=observations, kept=kept)

    of_encounters = (*BY_ENCOUNTER, CHARGES)

    def read(self, encounters: Sequence[JsonObject], included: Iterable[JsonObject] = ()) -> list[VisitRecord]:
        """See ``VisitReader``."""
        days = [day for encounter in encounters if (day := mend.day_of(encounter)) is not None]
        self._asked.since = min(days) - timedelta(days=1) if len(days) == len(encounters) and days else None
        return [self._finished(record) for record in super().read(encounters, included)]

    def _tie(self, page: Page, link: Link, found: Sequence[JsonObject], wanted: set[str]) -> None:
        if link == BY_PROCEDURE:
            procedures = [one for key, one in page.pool.items() if key.startswith("Procedure/")]
            super()._tie(page, link, mend.with_procedures(found, procedures), wanted)
            return
        super()._tie(page, link, found, wanted)
        if link.type == "Procedure":
            self._tie_unlinked(page, link, found, wanted)

    def _tie_unlinked(self, page: Page, link: Link, found: Sequence[JsonObject], wanted: set[str]) -> None:
        """Put Procedures that name no Encounter beside the patient's visits of their day, where reading looks whether
        one is a service of the visit from another source."""
        visits: dict[tuple[str | None, Date], list[str]] = {}
        for target in wanted:
            encounter = page.pool[f"Encounter/{target}"]
            if (day := mend.day_of(encounter)) is not None:
                visits.setdefault((patient_of(encounter), day), []).append(target)
        for procedure in found:
            if any(ids_at(procedure, link.element, link.target)):
                continue
            written = procedure.get("performedDateTime")
            day = mend.written_day(written if isinstance(written, str) else None)
            if day is not None:
                for target in sorted(visits.get((patient_of(procedure), day), ())):
                    self._link(page, link, target, procedure)

    def _finished(self, record: VisitRecord) -> VisitRecord:
        """The record with its orders' referrer, whether its treatment log is signed, and with what OpenEMR failed to
        give named as unreadable."""
        resources, signed = mend.referred(record.resources, record.encounter), None
        if self._asked.has_log:
            resources = log.beside_log(resources, record.encounter)
            signed = log.signed(resources, record.encounter)
        patients = ids_at(resources[f"Encounter/{record.encounter}"], "subject", "Patient")
        failed = sorted(kind for patient in patients for kind in self._asked.lost.get(patient, ()))
        lost = tuple((kind, "of this patient was not given: OpenEMR fails on it") for kind in failed)
        return replace(record, resources=resources, signed=signed, unreadable=(*record.unreadable, *lost))
