"""The port to what the workbench's pages ask of the store: queues, sums, pages of many rows, people's work on holds.

Everything is asked for one host and narrowed in the database, never afterwards: a page costs the same with a hundred
thousand claims. No names: patients and therapists are references.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from massage_billing.errors import MassageBillingError
from massage_billing.model import Ruling
from massage_billing.model.desk import Work
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.store import VisitRow

Row = TypeVar("Row")
"""One row of a page."""


class Overtaken(MassageBillingError):
    """Somebody else changed the hold since the page was shown; nothing was changed now. ``now`` is how it stands."""

    def __init__(self, now: Work) -> None:
        who = now.by or "a run"
        super().__init__(
            f"Encounter/{now.encounter}: {who} has changed this hold since the page was shown ({now.what}).",
            "Look at it as it stands now, then decide.",
        )
        self.now = now


class HoldOrder(StrEnum):
    """What comes first."""

    FILING = "filing"
    """The nearest filing limit; those without one last."""
    AGE = "age"
    """Held the longest."""
    DOLLARS = "dollars"
    """The most dollars; those without a price last."""


@dataclass(frozen=True, slots=True)
class HoldFilter:
    """Which holds. None and "" leave a question open."""

    rule: str = ""
    """Held by this rule."""
    payer: str = ""
    """Payer key."""
    assignee: str | None = None
    """``Viewer.who``; "" those of nobody."""
    therapist: str | None = None
    """"Practitioner/3": only visits that this one treated; "" is nobody's, so nothing is found."""


@dataclass(frozen=True, slots=True)
class HoldRow:
    """One hold of the queue."""

    visit: VisitRow
    """The visit."""
    since: datetime | None
    """When it came to its state, UTC; None where it did before that was kept."""
    work: Work
    """What people do about it."""


@dataclass(frozen=True, slots=True)
class ReasonSum:
    """What one rule holds; a visit held by two rules counts under both."""

    rule: str
    """Rule id."""
    visits: int
    """Visits."""
    dollars: Decimal
    """Dollars, as far as charges are known."""
    unpriced: int
    """Visits whose charge is not known."""
    soonest: Date | None
    """The nearest filing limit."""


@dataclass(frozen=True, slots=True)
class HoldSums:
    """The queue as a whole; each visit once."""

    visits: int
    """Visits held."""
    dollars: Decimal
    """Dollars, as far as charges are known."""
    reasons: tuple[ReasonSum, ...]
    """By dollars, the most first."""


@dataclass(frozen=True, slots=True)
class ClaimFilter:
    """Which claims. None and "" leave a question open."""

    standing: ClaimStanding | None = None
    """How far it has come."""
    unsent: bool = False
    """Only those that nobody was sent yet."""
    draft: bool = False
    """Only drafts that wait to be let go."""
    payer: str = ""
    """Payer key."""
    first: Date | None = None
    """Dates of service from this day on."""
    last: Date | None = None
    """Until this day, included."""
    therapist: str | None = None
    """As in ``HoldFilter``."""
    search: str = ""
    """Beginning of an Encounter id, a Claim's id ("Claim/12" or "12") or, from four letters on, a claim key."""


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One claim of the list."""

    visit: VisitRow
    """Its visit."""
    claimed: datetime | None
    """When its Claim was first decided, UTC; None where that is not known."""
    standing: ClaimStanding | None
    """How far the claim has come that the visit now names; None where nobody was sent it: a corrected claim, and one
    whose file was dropped, have yet to be sent."""
    since: datetime | None
    """When it came to stand so, UTC."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of many."""

    rows: tuple[Row, ...]
    """In the order asked for."""
    after: str | None
    """What to ask the next page with; None on the last. Opaque, holds no patient data."""


@dataclass(frozen=True, slots=True)
class StandingSum:
    """Claims that have come equally far."""

    standing: ClaimStanding | None
    """None: not sent."""
    claims: int
    """How many."""
    dollars: Decimal
    """Dollars charged."""


@dataclass(frozen=True, slots=True)
class HeldDay:
    """What one rule held on one day."""

    day: Date
    """At the clinic."""
    rule: str
    """Rule id; "" is the whole queue, each visit once."""
    visits: int
    """Visits."""
    dollars: Decimal
    """Dollars."""


@dataclass(frozen=True, slots=True)
class ClaimDays:
    """How long the visits of a week took to become claims."""

    week: Date
    """Its Monday, by date of service."""
    claims: int
    """How many."""
    median: Decimal
    """Days from the date of service to the claim, half of them took at most so long."""
    slowest: int
    """Days of the slowest."""


class Desk(Protocol):
    """What the pages ask. Raises StoreError."""

    def hold_sums(self, host: str, which: HoldFilter) -> HoldSums:
        """The queue by reason."""
        ...

    def holds(
        self, host: str, which: HoldFilter, order: HoldOrder, after: str | None = None, limit: int = 50
    ) -> Page[HoldRow]:
        """The queue, a page at a time. A bad ``after`` is the first page."""
        ...

    def hold(self, host: str, encounter: str) -> HoldRow | None:
        """One visit with what people do about it, held or not; None where no run has seen it."""
        ...

    def assign(self, host: str, encounter: str, seen: int, work: Work) -> Work:
        """Give a hold to somebody, or write a note: ``work`` says to whom, by whom and when; its version is ignored.
        Raises Overtaken where ``seen`` is not the version that stands, also because a run has changed the hold (it is
        released, or held by other rules), or the visit is not known any more; nothing is changed then."""
        ...

    def decide(self, host: str, encounter: str, seen: int, ruling: Ruling) -> Work:
        """Remember a person's decision (as Store.rule does) if ``seen`` still stands, in one transaction. Raises
        Overtaken."""
        ...

    def claims(self, host: str, which: ClaimFilter, after: str | None = None, limit: int = 50) -> Page[ClaimRow]:
        """Claims, the newest date of service first, a page at a time: visits whose claim is decided, and those whose
        claim was sent, whatever became of the visit since."""
        ...

    def claim_sums(self, host: str, which: ClaimFilter) -> list[StandingSum]:
        """The same by standing; ``standing`` and ``unsent`` of the filter are not looked at."""
        ...

    def payers(self, host: str) -> list[str]:
        """Payer keys of the host's visits, for the filters' lists."""
        ...

    def note_held(self, host: str, day: Date) -> None:
        """Keep how the queue stands on a day, in place of what was kept of it: asked after every run."""
        ...

    def held_days(self, host: str, first: Date, last: Date) -> list[HeldDay]:
        """What was kept of these days."""
        ...

    def claim_days(self, host: str, first: Date, last: Date, therapist: str | None = None) -> list[ClaimDays]:
        """By week of the date of service, for dates of service from one day to another. Days are calendar days at the
        clinic; a week's first Claim decided on the day of the visit took 0."""
        ...

    def treated(self, host: str, therapist: str, encounters: Sequence[str]) -> frozenset[str]:
        """Which of these visits this therapist ("Practitioner/3") treated."""
        ...
