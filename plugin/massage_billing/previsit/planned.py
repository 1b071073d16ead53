"""What does an appointment plan: how many minutes and units, at which charge? For estimates; no bill rests on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal

from massage_billing.coding import price
from massage_billing.coding.day import Day, Policy
from massage_billing.coding.terms import TimedUnitsRow
from massage_billing.errors import NoRuleForDate
from massage_billing.model import Appointment, Clinic


@dataclass(frozen=True, slots=True)
class Planned:
    """What one visit is planned to take."""

    codes: tuple[str, ...] = ()
    """Planned codes; empty: not said."""
    minutes: int | None = None
    """Minutes of the appointment, where it says both ends."""
    units: int | None = None
    """Units of the planned codes together; None where codes or minutes are not said."""
    least: Decimal | None = None
    """The clinic's charge, at least; it depends on which of several timed codes takes how long."""
    most: Decimal | None = None
    """The clinic's charge, at most; None where a fee is not known."""


def planned(appointment: Appointment, clinic: Clinic, day: Day, policy: Policy | None, payer: str | None) -> Planned:
    """What an appointment plans, charged for a payer (None: whoever) on the rulebook's day."""
    minutes = _minutes(appointment)
    try:
        timed = [code for code in appointment.codes if (entry := day.codes.get(code)) is not None and entry.timed]
        known = all(code in day.codes for code in appointment.codes)
    except NoRuleForDate:
        return Planned(appointment.codes, minutes)
    whole = [code for code in appointment.codes if code not in timed]
    of_time = _units(minutes, day, policy) if timed else 0
    if not appointment.codes or not known or of_time is None:
        return Planned(appointment.codes, minutes)
    units = of_time + len(whole)
    fees = {code: price.of_code(code, clinic, payer, day.on) for code in appointment.codes}
    if None in fees.values():
        return Planned(appointment.codes, minutes, units)
    prices = {code: fee for code, fee in fees.items() if fee is not None}
    fixed = sum((prices[code] for code in whole), Decimal("0.00"))
    by_time = [prices[code] * of_time for code in timed] or [Decimal("0.00")]
    return Planned(appointment.codes, minutes, units, fixed + min(by_time), fixed + max(by_time))


def _minutes(appointment: Appointment) -> int | None:
    start, end = appointment.start, appointment.end
    if start is None or end is None or (start.tzinfo is None) is not (end.tzinfo is None):
        return None
    if start.tzinfo is not None and end.tzinfo is not None:
        start, end = start.astimezone(UTC), end.astimezone(UTC)
    lasts = int((end - start).total_seconds() // 60)
    return lasts if lasts > 0 else None


def _units(minutes: int | None, day: Day, policy: Policy | None) -> int | None:
    """Units of so many minutes of one code, by the payer's method; None where nothing says."""
    if minutes is None or policy is None:
        return None
    row = day.row("timed-units", policy.terms.unit_method).says(TimedUnitsRow)
    full, rest = divmod(minutes, row.block_minutes)
    return full + int(rest >= row.first_unit_minimum)
