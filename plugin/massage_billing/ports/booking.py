"""The port to what a host knows around an appointment that is about to be booked, and that it need not hold yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from typing import Protocol, runtime_checkable

from massage_billing.ports.host import JsonObject
from massage_billing.ports.schedule import AppointmentRecord

Prefetched = Mapping[str, JsonObject | None]
"""What an EHR looked up beforehand, by the search below the base URL that it answers ("Coverage?beneficiary=3",
"Patient/3"): the resource, or a Bundle that holds everything found; None: there is nothing."""


@dataclass(frozen=True, slots=True)
class Booking:
    """An appointment that is about to be booked, among the patient's own."""

    proposed: tuple[AppointmentRecord, ...]
    """What is about to be booked, in the order given."""
    others: tuple[AppointmentRecord, ...] = field(default=())
    """The patient's other coming appointments from the first day on."""


@runtime_checkable
class Books(Protocol):
    """A host that can be asked so beside ``Schedule``. Raises HostError."""

    def booking(self, patient: str, proposed: Sequence[JsonObject], first: Date, given: Prefetched) -> Booking:
        """What ``Schedule.appointments`` gives, of these Appointments, each with an id, and of those of the patient
        ("3") on the host from ``first`` on, cancelled ones and those with the id of a proposed one left out. What
        ``given`` answers is not asked for again."""
        ...
