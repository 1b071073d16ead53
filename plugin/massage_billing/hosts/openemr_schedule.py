"""What lies ahead, of OpenEMR, asked only as it was seen to work on 8.2.

There is no paging, and of two ``date`` parameters the last one wins: so each day is asked for by itself, as OpenEMR
writes it (all that is booked to come would be one answer: 2,000 appointments are 2.6 MB and seconds). Its table of
appointments is the therapists' calendar too: what names no patient is blocked time, and no appointment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date as Date
from datetime import timedelta

from massage_billing.errors import HostRejected
from massage_billing.fhir.json import text
from massage_billing.hosts.appointment_read import NOT_COMING, AppointmentReader, day_of, patients_in
from massage_billing.hosts.booking_read import booking_of
from massage_billing.hosts.fhir_schedule import FhirCalendar
from massage_billing.hosts.openemr_reader import Pass
from massage_billing.hosts.openemr_source import OpenEmrSource
from massage_billing.hosts.seen import was_seen
from massage_billing.hosts.visit_links import Link, ids_at
from massage_billing.ports import AppointmentRecord, JsonObject
from massage_billing.ports.booking import Booking, Prefetched

BY_PATIENT = Link("Encounter", "patient", "Patient", "subject")
"""A patient's visits."""


class OpenEmrCalendar(FhirCalendar):
    """How OpenEMR is asked for what lies ahead."""

    def __init__(self, source: OpenEmrSource) -> None:
        super().__init__(source)
        self._openemr = source

    def pages(self, first: Date, last: Date) -> Iterator[Sequence[JsonObject]]:
        """Appointments of patients on these days, some at a time; times are taken as written, and so are days.

        Raises HostRejected where this OpenEMR does not search by day, since it would say so by finding nothing.
        """
        size = self.source.settings.page_size
        waiting: list[JsonObject] = []
        empty = True
        for day in _days(first, last):
            found = self._openemr.dated("Appointment", day.isoformat())
            empty = empty and not found
            waiting += [one for one in found if day_of(one) == day and _is_of_patient(one)]
            while len(waiting) >= size:
                yield waiting[:size]
                del waiting[:size]
        if empty:
            self._try_days(first, last)
        if waiting:
            yield waiting

    def _try_days(self, first: Date, last: Date) -> None:
        """See that there is nothing on these days indeed."""
        coming = self._openemr.dated("Appointment", f"ge{first}")
        if any(day is not None and first <= day <= last for day in map(day_of, coming)):
            raise HostRejected(
                "This OpenEMR does not search Appointments by day, so that some would be missed.",
                "It was tried with OpenEMR 8.2; tell the project which version this is.",
            )

    def reader(self, first: Date) -> AppointmentReader:
        """A reader that names what OpenEMR failed to give."""
        return OpenEmrAppointmentReader(self._openemr, first=first, kept=self.source.settings.kept)

    def booking(self, patient: str, proposed: Sequence[JsonObject], first: Date, given: Prefetched) -> Booking:
        """What was given beforehand is not used: OpenEMR is asked in ways of its own."""
        coming = self._openemr.dated("Appointment", f"ge{first}")
        return booking_of(self.reader(first), patient, proposed, coming, first)

    def seen_before(self, patients: Sequence[str], day: Date) -> set[str] | None:
        """By patient; whom OpenEMR fails on is not known to have been there."""
        ids = [patient.partition("/")[2] for patient in patients]
        found = self._openemr.of_patients(BY_PATIENT, ids, ids, None, lambda patient: None)
        seen = {f"Patient/{each}" for one in found if was_seen(one, day) for each in ids_at(one, "subject", "Patient")}
        return seen.intersection(patients)


def _days(first: Date, last: Date) -> Iterator[Date]:
    for ahead in range((last - first).days + 1):
        yield first + timedelta(days=ahead)


def _is_of_patient(appointment: JsonObject) -> bool:
    """Whether it will take place, and is a patient's: opening hours, lunch and holidays are rows of the same table."""
    return text(appointment, "status") not in NOT_COMING and bool(patients_in(appointment))


class OpenEmrAppointmentReader(AppointmentReader):
    """An AppointmentReader that names as unreadable what OpenEMR failed to give of a patient.

    ServiceRequests are left out: they are OpenEMR's procedure orders, by which a clinic records what was done. Many
    stay open, and their requester is the therapist: taken for a prescription they would be a false yes.
    """

    def __init__(self, source: OpenEmrSource, *, first: Date, kept: int = 5000) -> None:
        self._asked = Pass(source)
        super().__init__(self._asked, first=first, kept=kept)
        self.of_patients = [link for link in self.of_patients if link.type != "ServiceRequest"]

    def read(self, appointments: Sequence[JsonObject]) -> list[AppointmentRecord]:
        """See ``AppointmentReader``."""
        return [self._finished(record) for record in super().read(appointments)]

    def _finished(self, record: AppointmentRecord) -> AppointmentRecord:
        patients = patients_in(record.resources[f"Appointment/{record.appointment}"])
        failed = sorted(kind for patient in patients for kind in self._asked.lost.get(patient, ()))
        lost = tuple((kind, "of this patient was not given: OpenEMR fails on it") for kind in failed)
        return replace(record, unreadable=(*record.unreadable, *lost))
