"""What is about to be booked, put together with the patient's other coming appointments: shared by hosts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date as Date
from typing import Final

from massage_billing.hosts.appointment_read import AppointmentReader, day_of, is_coming, patients_in
from massage_billing.ports import JsonObject
from massage_billing.ports.booking import Booking

_FAR: Final = Date(9000, 1, 1)
"""A day that no appointment lies behind."""


def booking_of(
    reader: AppointmentReader, patient: str, proposed: Sequence[JsonObject], coming: Iterable[JsonObject], first: Date
) -> Booking:
    """Read what is proposed, and of what is ``coming`` the patient's own from ``first`` on, in one pass."""
    wanted = [str(one.get("id")) for one in proposed]
    others = [
        one
        for one in coming
        if patient in patients_in(one) and is_coming(one, first, _FAR) and str(one.get("id")) not in wanted
    ]
    records = {record.appointment: record for record in reader.read([*proposed, *others])}
    return Booking(
        tuple(records[id] for id in wanted if id in records),
        tuple(records[id] for one in others if (id := str(one.get("id"))) in records),
    )


def max_day(appointments: Iterable[JsonObject], first: Date) -> Date:
    """The last day of these; ``first`` where none has a day."""
    return max((day for one in appointments if (day := day_of(one)) is not None), default=first)
