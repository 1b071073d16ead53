"""What lies ahead, of the host in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from datetime import date as Date
from typing import Protocol

from massage_billing.hosts.appointment_read import AppointmentReader, day_of, is_coming
from massage_billing.hosts.booking_read import booking_of
from massage_billing.hosts.fhir_gather import Source
from massage_billing.hosts.prefetched import PrefetchedSource
from massage_billing.hosts.seen import was_seen
from massage_billing.hosts.visit_links import ids_at
from massage_billing.ports import AppointmentRecord, JsonObject
from massage_billing.ports.booking import Booking, Prefetched


class _Resources(Protocol):
    """Where the resources are."""

    def all(self, kind: str) -> list[JsonObject]:
        """Every resource of a type."""
        ...


class MemorySchedule(ABC):
    """Implements ``ports.Schedule``: the part of MemoryHost that looks ahead."""

    @abstractmethod
    def _held(self) -> _Resources:
        """What the host holds."""

    @abstractmethod
    def _source(self) -> Source:
        """How what belongs to an appointment is found."""

    @abstractmethod
    def _maybe_fail(self, operation: str) -> None:
        """Raise the fault that a test ordered for an operation."""

    def appointments(self, first: Date, last: Date) -> Iterator[AppointmentRecord]:
        """See ``ports.Schedule``."""
        self._maybe_fail("appointments")
        coming = [one for one in self._held().all("Appointment") if is_coming(one, first, last)]
        yield from AppointmentReader(self._source(), first=first).read(coming)

    def appointments_by_id(self, ids: Sequence[str]) -> Iterator[AppointmentRecord]:
        """See ``ports.Schedule``."""
        self._maybe_fail("appointments")
        found = list(self._source().by_id("Appointment", list(dict.fromkeys(ids))))
        first = min((day for one in found if (day := day_of(one)) is not None), default=Date(2000, 1, 1))
        yield from AppointmentReader(self._source(), first=max(first, Date(2000, 1, 1))).read(found)

    def booking(self, patient: str, proposed: Sequence[JsonObject], first: Date, given: Prefetched) -> Booking:
        """See ``ports.booking.Books``."""
        self._maybe_fail("appointments")
        source = PrefetchedSource(self._source(), given)
        coming = source.searched(f"Appointment?patient={patient}")
        held = self._held().all("Appointment") if coming is None else coming
        return booking_of(AppointmentReader(source, first=first), patient, proposed, held, first)

    def seen_before(self, patients: Sequence[str], day: Date) -> set[str] | None:
        """See ``ports.Schedule``."""
        wanted = set(patients)
        seen = (
            f"Patient/{patient}"
            for one in self._held().all("Encounter")
            if was_seen(one, day)
            for patient in ids_at(one, "subject", "Patient")
        )
        return wanted.intersection(seen)

    def eligibility_responses(self, requests: Sequence[str]) -> Iterator[JsonObject]:
        """See ``ports.Schedule``."""
        self._maybe_fail("eligibility_responses")
        wanted = {request.rpartition("/")[2] for request in requests}
        for one in self._held().all("CoverageEligibilityResponse"):
            if not wanted.isdisjoint(ids_at(one, "request", "CoverageEligibilityRequest")):
                yield one
