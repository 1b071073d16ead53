"""Is a visit ready to be billed, and if not, when is it looked at again? (DESIGN 2)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from massage_billing.model import Visit

GOING_ON = frozenset({"arrived", "triaged", "in-progress", "onleave"})
"""Encounter statuses of a visit that is not over. Any other is decided: billed, never billed, or held as unreadable."""
UNFINISHED_SERVICE = frozenset({"preparation", "in-progress", "on-hold"})
"""Procedure statuses in which the therapist is not done."""


A_DAY = timedelta(days=1)
"""A site may be a calendar day ahead of UTC."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A visit that is not ready."""

    why: str
    """In plain words."""
    until: datetime | None
    """When it is looked at again; None: when something about it changes."""
    goes_on: bool = False
    """The visit is not over: a claim that stands of it already is wrong as it is."""


def waits(
    visit: Visit, now: datetime, settle: timedelta, capture: timedelta, signed: bool | None = None
) -> Waiting | None:
    """Why a visit is not decided yet; None where it is ready.

    ``settle``: nothing may have changed for this long. ``capture``: a finished visit without any Procedure, or whose
    record was begun and not ``signed``, is given this long before it counts as missed revenue.
    """
    if visit.status in GOING_ON:
        return Waiting(f"the Encounter is {visit.status}", None, goes_on=True)
    if visit.date is not None and visit.date > now.date() + A_DAY:
        coming = datetime(visit.date.year, visit.date.month, visit.date.day, tzinfo=UTC)
        return Waiting("its date of service is still to come", coming)
    if visit.status != "finished":
        return None
    changed = visit.last_changed
    if any(service.status in UNFINISHED_SERVICE for service in visit.services):
        if signed is not False:
            return Waiting("a Procedure is not completed", None, goes_on=True)
        ended = _moment(visit) or changed
        until = ended + capture if ended is not None else None
        if until is None or until > now:
            return Waiting("its treatment log is not signed", until, goes_on=True)
        return None
    if changed is not None and settle and changed + settle > now:
        return Waiting("it changed a short while ago", changed + settle)
    if not visit.services and capture:
        ended = _moment(visit) or changed
        if ended is not None and ended + capture > now:
            return Waiting("no service is recorded yet", ended + capture)
    return None


def _moment(visit: Visit) -> datetime | None:
    """When the visit ended, as a moment; a local time without zone is taken as UTC, a day's fault at most."""
    local = visit.end or visit.start
    if local is None:
        return None
    return local if local.tzinfo else local.replace(tzinfo=UTC)
