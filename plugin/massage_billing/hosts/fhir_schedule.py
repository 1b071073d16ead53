"""What lies ahead, of a FHIR server: coming appointments, who was there before, and answers about coverage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from datetime import date as Date
from typing import TypeVar

from massage_billing.errors import HostError
from massage_billing.hosts.appointment_read import MARGIN, AppointmentReader, day_of, is_coming
from massage_billing.hosts.booking_read import booking_of, max_day
from massage_billing.hosts.fhir_source import FhirSource
from massage_billing.hosts.prefetched import PrefetchedSource
from massage_billing.hosts.seen import was_seen
from massage_billing.hosts.visit_links import Link, ids_at
from massage_billing.ports import AppointmentRecord, JsonObject
from massage_billing.ports.booking import Booking, Prefetched

T = TypeVar("T")

BY_REQUEST = Link("CoverageEligibilityResponse", "request", "CoverageEligibilityRequest", "request")
"""What answers a question."""


class FhirCalendar:
    """How a FHIR server is asked for what lies ahead; a dialect overrides what its server does not understand."""

    def __init__(self, source: FhirSource) -> None:
        self.source = source

    def pages(self, first: Date, last: Date) -> Iterator[Sequence[JsonObject]]:
        """Appointments that may start on these days, some at a time, in the server's order.

        Asked for are both days and one more on each side, for the server's own zone decides at midnight.
        """
        params = [("_count", str(self.source.settings.page_size))]
        if self.source.statement.searches_by("Appointment", "date"):
            params += [("date", f"ge{first - MARGIN}"), ("date", f"lt{last + 2 * MARGIN}")]
        for page in self.source.noting_base("Appointment", params):
            yield [one for one in page.matches if is_coming(one, first, last)]

    def by_ids(self, ids: Sequence[str]) -> Iterator[Sequence[JsonObject]]:
        """Appointments by id, some at a time."""
        size = self.source.settings.page_size
        for place in range(0, len(ids), size):
            yield list(self.source.by_id("Appointment", ids[place : place + size]))

    def reader(self, first: Date) -> AppointmentReader:
        """A reader for one pass."""
        return AppointmentReader(self.source, first=first, kept=self.source.settings.kept)

    def booking(self, patient: str, proposed: Sequence[JsonObject], first: Date, given: Prefetched) -> Booking:
        """See ``ports.booking.Books``."""
        source = PrefetchedSource(self.source, given)
        coming = source.searched(f"Appointment?patient={patient}")
        if coming is None:
            coming = list(self.of_patient(patient, first, max_day(proposed, first)))
        reader = AppointmentReader(source, first=first, kept=self.source.settings.kept)
        return booking_of(reader, patient, proposed, coming, first)

    def of_patient(self, patient: str, first: Date, last: Date) -> Iterator[JsonObject]:
        """Appointments of a patient from a day on; where a server does not search so, those until ``last``."""
        can = self.source.statement.searches_by
        if not can("Appointment", "patient"):
            yield from (one for page in self.pages(first, last) for one in page)
            return
        params = [("patient", patient), ("_count", str(self.source.settings.page_size))]
        params += [("date", f"ge{first - MARGIN}")] if can("Appointment", "date") else []
        yield from self.source.search.all("Appointment", params)

    def seen_before(self, patients: Sequence[str], day: Date) -> set[str] | None:
        """Which of these patients ("Patient/3") had a visit before a day; None where Encounters cannot be searched so.

        Many patients at a time until each is seen or has none: a page tells of at least one, and those it told of are
        not asked for again, so that a long history costs little. By patient alone, and in no order: for twenty patients
        and a date among 2,000 Encounters HAPI (on H2) takes over 45 s, without the date 0.2 s.
        """
        if not self.source.statement.searches_by("Encounter", "patient"):
            return None
        seen: set[str] = set()
        for some in self.source.batches("Encounter", list(dict.fromkeys(patients))):
            seen |= self._seen_of(some, day)
        return seen

    def _seen_of(self, patients: Sequence[str], day: Date) -> set[str]:
        left, seen = list(patients), set[str]()
        while left:
            fresh, more = self._look_back(left, day)
            seen |= fresh
            if not more or not fresh:
                return seen
            left = [one for one in left if one not in fresh]
        return seen

    def _look_back(self, patients: Sequence[str], day: Date) -> tuple[set[str], bool]:
        """Who of these patients is on the first page that tells of any, and whether there are more pages."""
        params = [("patient", ",".join(patients)), ("_count", str(self.source.settings.result_size))]
        asked = set(patients)
        for page in self.source.search.pages("Encounter", params):
            found = {
                patient
                for one in page.matches
                if was_seen(one, day)
                for each in ids_at(one, "subject", "Patient")
                if (patient := f"Patient/{each}") in asked
            }
            if found:
                return found, page.next is not None
        return set(), False

    def responses_to(self, requests: Sequence[str]) -> Iterator[JsonObject]:
        """CoverageEligibilityResponses that refer to these requests."""
        ids = [one.rpartition("/")[2] for one in requests]
        if ids and self.source.reads(BY_REQUEST.type):
            yield from self.source.linked(BY_REQUEST, ids, [])


class FhirSchedule:
    """Implements ``ports.Schedule`` over a FhirCalendar; the part of FhirServer that looks ahead."""

    id: str
    calendar: FhirCalendar

    def appointments(self, first: Date, last: Date) -> Iterator[AppointmentRecord]:
        """See ``ports.Schedule``; the next page is read while this one is used."""
        self._refuse_without_calendar()
        reader = self.calendar.reader(first)
        seen: set[str] = set()

        def records() -> Iterator[list[AppointmentRecord]]:
            for page in self.calendar.pages(first, last):
                fresh = [one for one in page if str(one.get("id")) not in seen]
                seen.update(str(one.get("id")) for one in fresh)
                yield reader.read(fresh)

        for some in in_advance(records()):
            yield from some

    def appointments_by_id(self, ids: Sequence[str]) -> Iterator[AppointmentRecord]:
        """See ``ports.Schedule``."""
        self._refuse_without_calendar()
        for page in self.calendar.by_ids(list(dict.fromkeys(ids))):
            days = [day for one in page if (day := day_of(one)) is not None]
            first = min(days, default=datetime.now(UTC).date())
            yield from self.calendar.reader(first).read(page)

    def booking(self, patient: str, proposed: Sequence[JsonObject], first: Date, given: Prefetched) -> Booking:
        """See ``ports.booking.Books``."""
        self._refuse_without_calendar()
        return self.calendar.booking(patient, proposed, first, given)

    def _refuse_without_calendar(self) -> None:
        """No calendar is not an empty day: nobody would be told of what is to be settled before a visit."""
        if not self.calendar.source.reads("Appointment"):
            fix = "Look at the scopes this program was given; `massage-billing check-host` says what the host offers."
            raise HostError(f"Host {self.id} offers no Appointment, so what is to come cannot be read.", fix)

    def seen_before(self, patients: Sequence[str], day: Date) -> set[str] | None:
        """See ``ports.Schedule``."""
        return self.calendar.seen_before(patients, day) if self.calendar.source.reads("Encounter") else None

    def eligibility_responses(self, requests: Sequence[str]) -> Iterator[JsonObject]:
        """See ``ports.Schedule``."""
        return self.calendar.responses_to(list(dict.fromkeys(requests)))


def in_advance(items: Iterator[T]) -> Iterator[T]:
    """The same items, the next one made in a thread while this one is used; one is waiting at most."""
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        coming = thread.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, items, end)
            yield item  # type: ignore[misc]
