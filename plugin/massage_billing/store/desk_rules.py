"""What the pages ask by, made of a visit's row: the same for the store and its fake. Pure.

A row says how a visit stands now. Since when, how long it took to become a claim, and how far that has come is kept
beside it, and carried over from the row that it replaces.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from datetime import date as Date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from massage_billing.model import Ruling
from massage_billing.model.desk import Work
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports import VisitRow, VisitState

NO_DATE: Final = Date(1, 1, 1)
"""Where a claim without a date of service stands in the list of claims: last."""

_CENTS: Final = Decimal(100)


class Kept(NamedTuple):
    """What is kept beside a visit's row."""

    since: datetime | None = None
    """When the visit came to its state, UTC; None where it did before this was kept."""
    claimed: datetime | None = None
    """When its Claim was first decided, UTC."""
    days: int | None = None
    """Days from its date of service to that day at the clinic; None without either."""
    standing: str = ""
    """How far the claim has come that its row names; "" where nobody was sent it."""
    stood: datetime | None = None
    """Since when, UTC."""


def moved(row: VisitRow, state: VisitState | None, kept: Kept, at: datetime) -> Kept:
    """What is kept once a row replaces one in ``state`` (None: the visit is new). ``at``: when it was decided, by the
    clinic's clock. How far its claim has come is not looked at."""
    since = kept.since if state is row.state else at.astimezone(UTC)
    claimed, days = kept.claimed, kept.days
    if claimed is None and row.state is VisitState.CLAIMED:
        claimed = at.astimezone(UTC)
        days = (at.date() - row.date).days if row.date else None
    return kept._replace(since=since, claimed=claimed, days=days)


def sent(standing: str, since: datetime | None) -> tuple[str, datetime | None]:
    """How far a claim has come as it is kept: a claim whose file was dropped was sent to nobody."""
    return ("", None) if standing in ("", ClaimStanding.NOT_SENT.value) else (standing, since)


def listed(state: VisitState, date: Date | None, standing: str) -> Date | None:
    """Its place in the list of claims; None for a visit that is none. One that was sent stays in the list, whatever
    became of the visit: the payer has it."""
    return (date or NO_DATE) if state is VisitState.CLAIMED or standing else None


def cents(amount: str | None) -> int | None:
    """Dollars as text in cents; None where they are not known."""
    return None if amount is None else int((Decimal(amount) * _CENTS).quantize(Decimal(1), ROUND_HALF_UP))


def dollars(cents_: int) -> Decimal:
    """Cents in dollars, "140.00"."""
    return Decimal(int(cents_)).scaleb(-2)


def rules_of(row: VisitRow) -> tuple[str, ...]:
    """Rules that hold a visit, each once, in order."""
    return tuple(dict.fromkeys(rule for rule, _ in row.holds))


# --- people's work ----------------------------------------------------------------------------------------------------


def by_a_run(state: VisitState | None, rules: tuple[str, ...], row: VisitRow) -> str:
    """What a run did to a hold that people may have before them, in words; "" where it is as it was.

    ``state`` and ``rules``: how it stood. A decision made on what was shown would be one on another question now.
    """
    if state is not VisitState.HELD:
        return ""
    if row.state is not VisitState.HELD:
        return f"no longer held: {row.outcome or row.state.value}"
    now = rules_of(row)
    return "" if set(now) == set(rules) else f"now held by {', '.join(now)}"


def overtaken(work: Work, what: str, at: datetime) -> Work:
    """The work once a run has changed the hold; it stays with whom it was given to."""
    return replace(work, version=work.version + 1, by="", at=at.astimezone(UTC), what=what)


def gone(encounter: str) -> Work:
    """The work on a visit that is not known any more."""
    return Work(encounter, what="the visit is not known any more")


def given(before: Work, work: Work) -> Work:
    """The work once somebody gave it to somebody, or wrote a note."""
    at = work.at.astimezone(UTC) if work.at else None
    return replace(work, encounter=before.encounter, version=before.version + 1, at=at)


def decided(before: Work, ruling: Ruling) -> Work:
    """The work once a person has decided the hold; it stays with whom it was given to."""
    what = f"decided: {ruling.kind.value}"
    return replace(before, version=before.version + 1, by=ruling.by, at=ruling.at.astimezone(UTC), what=what)
