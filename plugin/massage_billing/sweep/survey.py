"""Read coming appointments and find, for each, who would be billed and what payers have said already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date

from massage_billing.coding.day import Day
from massage_billing.errors import NoRuleForDate
from massage_billing.fhir.appointment import read_appointment
from massage_billing.fhir.visit import Shared
from massage_billing.model import Appointment, Known
from massage_billing.ports import AppointmentRecord
from massage_billing.previsit.ask import holder_of
from massage_billing.previsit.which import Billed, billed
from massage_billing.sweep.report import Tally
from massage_billing.sweep.setup import SweepSetup


@dataclass(frozen=True, slots=True)
class Coming:
    """One coming appointment with what is known of it."""

    appointment: Appointment
    """The appointment. PHI."""
    first_visit: bool | None
    """Whether the patient was never here; None where nobody can tell."""
    day: Day
    """The rulebook's day."""
    billed: Billed
    """Whom it would be billed to."""
    answers: Mapping[str, Sequence[Known]]
    """What payers said of the patient's coverages, by coverage."""


class Surveyor:
    """Reads appointments of one sweep."""

    def __init__(self, setup: SweepSetup, tally: Tally) -> None:
        self._setup, self._tally = setup, tally
        self._shared = Shared(setup.clinic.payers)

    def days(self, first: Date, last: Date) -> list[Coming]:
        """The appointments of these days at their sites, that are still to come about (by status)."""
        read = list(self._read(self._setup.schedule.appointments(first, last)))
        return self._complete([one for one in read if one.date is not None and first <= one.date <= last])

    def named(self, ids: Sequence[str]) -> list[Coming]:
        """These appointments, whatever their day or status."""
        return self._complete(list(self._read(self._setup.schedule.appointments_by_id(ids), every=True)))

    def read(self, records: Iterable[AppointmentRecord], *, every: bool = False) -> list[Coming]:
        """Appointments that somebody has read already; ``every``: whatever their status."""
        return self._complete(list(self._read(records, every=every)))

    def again(self, coming: Sequence[Coming]) -> list[Coming]:
        """The same appointments with what payers have said since; the host is not read again."""
        return self._complete([one.appointment for one in coming], {_patient(one): one.first_visit for one in coming})

    def _read(self, records: Iterable[AppointmentRecord], *, every: bool = False) -> Iterator[Appointment]:
        statuses = self._setup.terms.asking.appointments.statuses
        for record in records:
            one = read_appointment(record, self._setup.reading, self._setup.clinic.payers, self._shared)
            if every or one.status in statuses:
                yield one
                self._setup.progress.advance("appointments", 0, None)

    def _complete(self, found: Sequence[Appointment], first: Mapping[str, bool | None] | None = None) -> list[Coming]:
        """With first visits, answers and payers: a few questions to host and store for all together."""
        first = self._first_visits(found) if first is None else first
        coverages = {coverage.id for one in found for coverage in one.coverages}
        answers = self._setup.asking.answers(self._setup.host.id, sorted(coverages)) if coverages else {}
        coming = []
        for one in found:
            mine = {c.id: self._answers_of(one, c.id, answers.get(c.id, ())) for c in one.coverages}
            complete = self._one(one, first, mine)
            if complete is not None:
                coming.append(complete)
        return coming

    def _answers_of(self, one: Appointment, coverage: str, stored: Sequence[Known]) -> list[Known]:
        """Our own answers, and those that the host has from elsewhere.

        Of a coverage that has changed since (another member id), an answer that was given before is of something else.
        """
        holder = holder_of(coverage, one)
        stored = [known for known in stored if holder is not None and known.holder == holder.version]
        elsewhere = [known for known in one.answered_by_host if known.coverage == coverage]
        return [*stored, *elsewhere]

    def _one(
        self, one: Appointment, first: Mapping[str, bool | None], answers: Mapping[str, Sequence[Known]]
    ) -> Coming | None:
        if one.date is None:
            self._tally.problem(f"Appointment/{one.id}: its day cannot be read.")
            return None
        try:
            day = self._setup.book.on(one.date)
            payer = billed(one, self._setup.clinic, day, answers, self._setup.terms)
        except NoRuleForDate as problem:
            self._tally.problem(f"Appointment/{one.id}: {problem.what}")
            return None
        return Coming(one, first.get(one.patient or ""), day, payer, answers)

    def _first_visits(self, found: Sequence[Appointment]) -> dict[str, bool | None]:
        """Patient → whether the patient was never here: the host says, by Encounters before the appointment."""
        by_day: dict[Date, set[str]] = {}
        for one in found:
            if one.patient is not None and one.date is not None:
                by_day.setdefault(one.date, set()).add(one.patient)
        first: dict[str, bool | None] = {}
        for day, patients in sorted(by_day.items()):
            fresh = sorted(patients - first.keys())
            seen = self._setup.schedule.seen_before(fresh, day) if fresh else set()
            first.update((patient, None if seen is None else patient not in seen) for patient in fresh)
        return first


def _patient(one: Coming) -> str:
    return one.appointment.patient or ""
