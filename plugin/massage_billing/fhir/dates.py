"""Dates and times as the site's calendar and clock show them (DESIGN 5): the machine's own zone is never asked.

A time with an offset is converted to the site's IANA zone. Where the host's offsets are not to be believed (OpenEMR),
or no zone is known, date and time stay as they are written. Whatever comes out is aware, so that two of them can always
be compared: the wall time of its ``tzinfo`` is what the clock on the site's wall showed.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from massage_billing.fhir.json import NOTHING, Faults, child, text
from massage_billing.ports import JsonObject

_PARTIAL: Final = re.compile(r"[0-9]{4}(?:-(?:0[1-9]|1[0-2]))?")
"""FHIR R4 ``date``: a year, or a year and month."""


class When(NamedTuple):
    """A point in time as far as a record tells it."""

    day: date | None = None
    """Calendar date at the site; None where only a month, a year or nothing is written."""
    time: datetime | None = None
    """Time at the site; None where no time of day is written."""
    moment: datetime | None = None
    """The same with the offset it was written with: two times of one zone would be compared and subtracted by the wall
    clock, which goes back an hour in autumn."""
    partial: bool = False
    """True where only a year or a month is written."""


NEVER: Final = When()
"""Nothing is written."""


class Span(NamedTuple):
    """From when to when something was."""

    start: When = NEVER
    """When it started."""
    end: When = NEVER
    """When it ended."""
    is_period: bool = False
    """True where the record has a Period, False where it has a single point or nothing."""

    @property
    def whole(self) -> bool:
        """Whether both times are known."""
        return self.start.moment is not None and self.end.moment is not None

    def length(self) -> timedelta | None:
        """How long it was; below zero where it ended before it started; None where a time is not known."""
        start, end = self.start.moment, self.end.moment
        return None if start is None or end is None else end - start

    def same_times(self, other: Span) -> bool:
        """Whether both have both times, and the same ones."""
        return (
            self.whole
            and other.whole
            and self.start.moment == other.start.moment
            and self.end.moment == other.end.moment
        )


NO_SPAN: Final = Span()
"""Nothing is written."""


@lru_cache(maxsize=256)
def zone_named(name: str) -> ZoneInfo | None:
    """The IANA zone of that name; None where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=4096)
def _when(written: str, zone: ZoneInfo | None, as_written: bool) -> When | None:
    """What a FHIR date, dateTime or instant means on a site's clock; None where it is none of these. Remembered: the
    Encounter and its Procedures mostly share their times."""
    try:
        if len(written) > 10 and written[10] == "T" and written[7] == "-":
            moment = datetime.fromisoformat(written)
            if as_written or moment.tzinfo is None:
                moment = time = moment.replace(tzinfo=zone or UTC)
            else:
                time = moment if zone is None else moment.astimezone(zone)
            return When(time.date(), time, moment)
        if len(written) == 10 and written[7] == "-":
            return When(date.fromisoformat(written))
    except (ValueError, OverflowError):
        pass
    return When(partial=True) if _PARTIAL.fullmatch(written) else None


@dataclass(frozen=True, slots=True)
class Clock:
    """How the times of one site are read."""

    zone: ZoneInfo | None
    """The site's zone; None reads times as written."""
    as_written: bool = False
    """True where the host's offsets are not to be believed."""

    def when(self, parent: JsonObject, name: str, faults: Faults) -> When:
        """Read a FHIR date, dateTime or instant. What is none is noted as a fault."""
        written = text(parent, name, faults)
        if written is None:
            return NEVER
        when = _when(written, self.zone, self.as_written)
        if when is None:
            faults.add(parent, name, "is not a date or a time")
            return NEVER
        return when

    def span(self, parent: JsonObject, name: str, faults: Faults) -> Span:
        """Read a FHIR Period."""
        period = child(parent, name, faults)
        if period is NOTHING:
            return NO_SPAN
        return Span(self.when(period, "start", faults), self.when(period, "end", faults), is_period=True)


def utc(parent: JsonObject, name: str, faults: Faults) -> datetime | None:
    """Read a FHIR instant (meta.lastUpdated) as UTC; one without an offset is taken for UTC."""
    written = text(parent, name, faults)
    if written is None:
        return None
    try:
        time = datetime.fromisoformat(written)
        if time.tzinfo is UTC:
            return time
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        faults.add(parent, name, "is not a time")
        return None


def first_day(parent: JsonObject, name: str, faults: Faults) -> date | None:
    """First calendar day that a date leaves open, as written: "2026-02" is 2026-02-01. Coverage periods are days of a
    contract, not moments: an offset that a host adds to them means nothing."""
    return _contract_day(parent, name, faults, last=False)


def last_day(parent: JsonObject, name: str, faults: Faults) -> date | None:
    """Last calendar day that a date leaves open, as written: "2026-02" is 2026-02-28 (a Period includes its end)."""
    return _contract_day(parent, name, faults, last=True)


def _contract_day(parent: JsonObject, name: str, faults: Faults, *, last: bool) -> date | None:
    written = text(parent, name, faults)
    if written is None:
        return None
    day = written.partition("T")[0]
    try:
        if len(day) == 10 and day[7] == "-":
            return date.fromisoformat(day)
        if _PARTIAL.fullmatch(written):
            year = int(written[:4])
            month = int(written[5:7]) if len(written) == 7 else (12 if last else 1)
            return date(year, month, calendar.monthrange(year, month)[1] if last else 1)
    except (ValueError, calendar.IllegalMonthError):
        pass
    faults.add(parent, name, "is not a date")
    return None
