"""What lies ahead, of OpenEMR, asked only as it was seen to work on 8.2.

``date`` is one parameter (of two with the same name the last one wins), so everything from a day on is asked for and
what is later left out here. There is no paging: all appointments to come are in one answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date as Date

from massage_billing.hosts.appointment_read import MARGIN, AppointmentReader, is_coming, patients_in
from massage_billing.hosts.fhir_schedule import FhirCalendar
from massage_billing.hosts.openemr_reader import Pass
from massage_billing.hosts.openemr_source import OpenEmrSource
from massage_billing.hosts.seen import was_seen
from massage_billing.hosts.visit_links import Link, ids_at
from massage_billing.ports import AppointmentRecord, JsonObject

BY_PATIENT = Link("Encounter", "patient", "Patient", "subject")
"""A patient's visits."""


class OpenEmrCalendar(FhirCalendar):
    """How OpenEMR is asked for what lies ahead."""

    def __init__(self, source: OpenEmrSource) -> None:
        super().__init__(source)
        self._openemr = source

    def pages(self, first: Date, last: Date) -> Iterator[Sequence[JsonObject]]:
        """Appointments that may start on these days, some at a time."""
        found = self._openemr.from_day_on("Appointment", first - MARGIN)
        coming = [one for one in found if is_coming(one, first, last)]
        size = self.source.settings.page_size
        for place in range(0, len(coming), size):
            yield coming[place : place + size]

    def reader(self, first: Date) -> AppointmentReader:
        """A reader that names what OpenEMR failed to give."""
        return OpenEmrAppointmentReader(self._openemr, first=first, kept=self.source.settings.kept)

    def seen_before(self, patients: Sequence[str], day: Date) -> set[str] | None:
        """By patient; whom OpenEMR fails on is not known to have been there."""
        ids = [patient.partition("/")[2] for patient in patients]
        found = self._openemr.of_patients(BY_PATIENT, ids, ids, None, lambda patient: None)
        seen = {f"Patient/{each}" for one in found if was_seen(one, day) for each in ids_at(one, "subject", "Patient")}
        return seen.intersection(patients)


class OpenEmrAppointmentReader(AppointmentReader):
    """An AppointmentReader that names as unreadable what OpenEMR failed to give of a patient."""

    def __init__(self, source: OpenEmrSource, *, first: Date, kept: int = 5000) -> None:
        self._asked = Pass(source)
        super().__init__(self._asked, first=first, kept=kept)

    def read(self, appointments: Sequence[JsonObject]) -> list[AppointmentRecord]:
        """See ``AppointmentReader``."""
        return [self._finished(record) for record in super().read(appointments)]

    def _finished(self, record: AppointmentRecord) -> AppointmentRecord:
        patients = patients_in(record.resources[f"Appointment/{record.appointment}"])
        failed = sorted(kind for patient in patients for kind in self._asked.lost.get(patient, ()))
        lost = tuple((kind, "of this patient was not given: OpenEMR fails on it") for kind in failed)
        return replace(record, unreadable=(*record.unreadable, *lost))
