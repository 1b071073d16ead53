"""When what is due, by the clinic's own clock. Pure: times come in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from massage_billing.ports.jobs import JobKind

_AHEAD: Final = timedelta(minutes=5)
"""What began later than this from now on began by a clock that was wrong: nothing is put off until then."""


@dataclass(frozen=True, slots=True)
class Plan:
    """When a host is worked on."""

    host: str
    """Configured host id."""
    zone: ZoneInfo | None
    """Its zone; None where no time of day matters."""
    every: timedelta | None
    """Billed this often."""
    at: Sequence[time]
    """Payers are asked at these times of its zone."""


def due(plan: Plan, now: datetime, begun: Mapping[tuple[JobKind, str], datetime]) -> Iterator[JobKind]:
    """What has to be begun for a host now; ``begun``: when each kind last began for it.

    What was missed while the service was not there is made up for on the same day of the clinic, not on a later one.
    Payers are asked first: what they say decides what is billed.
    """
    last = _last(JobKind.ELIGIBILITY, plan, now, begun)
    if any(moment <= now and (last is None or last < moment) for moment in _moments(plan, now)):
        yield JobKind.ELIGIBILITY
    last = _last(JobKind.RUN, plan, now, begun)
    if plan.every is not None and (last is None or now - last >= plan.every):
        yield JobKind.RUN


def next_look(plan: Plan, now: datetime, begun: Mapping[tuple[JobKind, str], datetime]) -> datetime | None:
    """When something is due next, nothing being due now; None where nothing ever is."""
    found = []
    if plan.every is not None:
        found.append((_last(JobKind.RUN, plan, now, begun) or now) + plan.every)
    tomorrow = now + timedelta(days=1)
    found += [moment for day in (now, tomorrow) for moment in _moments(plan, day) if moment > now]
    return min(found, default=None)


def _last(kind: JobKind, plan: Plan, now: datetime, begun: Mapping[tuple[JobKind, str], datetime]) -> datetime | None:
    """When a kind last began for the host, as far as that can be."""
    last = begun.get((kind, plan.host))
    return None if last is not None and last > now + _AHEAD else last


def _moments(plan: Plan, now: datetime) -> Iterator[datetime]:
    """When payers are asked on the clinic's day of this moment; an hour that the clocks skip counts as the next."""
    if plan.zone is None:
        return
    day = now.astimezone(plan.zone).date()
    for clock in plan.at:
        yield datetime.combine(day, clock, plan.zone).astimezone(now.tzinfo)
