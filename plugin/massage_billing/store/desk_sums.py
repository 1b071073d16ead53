"""What the pages' sums and pages have in common, whatever keeps the rows: the same for the store and its fake. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import date as Date
from decimal import Decimal
from typing import Final, NamedTuple

from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.desk import (
    ClaimDays,
    ClaimFilter,
    HeldDay,
    HoldOrder,
    HoldRow,
    HoldSums,
    ReasonSum,
    StandingSum,
)
from massage_billing.store.desk_pages import Place
from massage_billing.store.desk_rules import cents, dollars

CLAIMS: Final = "claims"
"""The order of the list of claims."""
NEVER: Final = Date(9999, 12, 31)
"""Filing limit of a hold that has none, in the order of filing limits."""
ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when a hold is held of which that is not known: since before it was kept."""
UNPRICED: Final = 1
"""A hold's dollars where they are not known, in the order of dollars, which goes down: after those of nothing."""


# --- holds ------------------------------------------------------------------------------------------------------------


class Sum(NamedTuple):
    """Holds of the same rules."""

    rules: tuple[str, ...]
    """Rule ids, each once."""
    visits: int
    """How many."""
    cents: int
    """As far as charges are known."""
    unpriced: int
    """Visits whose charge is not known."""
    soonest: Date | None
    """The nearest filing limit."""


def summed(some: Iterable[Sum]) -> HoldSums:
    """Sums by rule, and of all, each visit once."""
    all_of = list(some)
    by_rule: dict[str, list[Sum]] = {}
    for one in all_of:
        for rule in one.rules:
            by_rule.setdefault(rule, []).append(one)
    reasons = [_reason(rule, of) for rule, of in by_rule.items()]
    reasons.sort(key=lambda reason: (-reason.dollars, -reason.visits, reason.rule))
    return HoldSums(sum(one.visits for one in all_of), dollars(sum(one.cents for one in all_of)), tuple(reasons))


def _reason(rule: str, some: list[Sum]) -> ReasonSum:
    return ReasonSum(
        rule,
        sum(one.visits for one in some),
        dollars(sum(one.cents for one in some)),
        sum(one.unpriced for one in some),
        min((one.soonest for one in some if one.soonest is not None), default=None),
    )


def on_day(day: Date, found: HoldSums) -> list[HeldDay]:
    """What is kept of a day."""
    of_rules = [HeldDay(day, one.rule, one.visits, one.dollars) for one in found.reasons]
    return [HeldDay(day, "", found.visits, found.dollars), *of_rules]


def place(order: HoldOrder, row: HoldRow) -> Place:
    """Where a hold stands in an order; all orders go up."""
    if order is HoldOrder.FILING:
        return Place(order.value, (row.visit.filing_limit or NEVER).isoformat(), row.visit.encounter)
    if order is HoldOrder.AGE:
        return Place(order.value, (row.since or ALWAYS).isoformat(timespec="microseconds"), row.visit.encounter)
    known = cents(row.visit.amount)
    return Place(order.value, UNPRICED if known is None else -known, row.visit.encounter)


# --- claims -----------------------------------------------------------------------------------------------------------


def standing(value: str) -> ClaimStanding | None:
    """How far a claim has come; None where nobody was sent it."""
    return None if value in ("", ClaimStanding.NOT_SENT) else ClaimStanding(value)


def any_standing(which: ClaimFilter) -> ClaimFilter:
    """The filter, however far claims have come."""
    return replace(which, standing=None, unsent=False)


def standings(found: Mapping[str, tuple[int, int]]) -> list[StandingSum]:
    """Claims and cents by standing ("" not sent), in the order in which claims come to stand so."""
    order = ["", *(one.value for one in ClaimStanding)]
    return [StandingSum(standing(one), found[one][0], dollars(found[one][1])) for one in order if one in found]


NAMED_FROM: Final = 4
"""From how many letters on a claim key's beginning is looked for: all begin with the same two."""


def named_alike(name: str) -> str:
    """The beginning of a Claim's reference: "12" and "Claim/12" are the same; "" where nothing of its id is named."""
    bare = name.removeprefix("Claim/")
    return f"Claim/{bare}" if bare else ""


_FAR: Final = Date(9000, 1, 1)
"""No visit is of a later date; days can still be added."""


class Span(NamedTuple):
    """Dates from one to another in whole months or weeks, and the days before and after."""

    first: Date | None
    """The first whole one; None from the beginning."""
    end: Date | None
    """The first that is not whole any more; None to the end."""
    edges: tuple[tuple[Date, Date], ...]
    """From a day to a day, both included."""

    @property
    def empty(self) -> bool:
        """Whether none is whole."""
        return self.first is not None and self.end is not None and self.first >= self.end


def span(first: Date | None, last: Date | None, begin: Callable[[Date], Date], longest: timedelta) -> Span:
    """Both days are included. ``begin``: the first day of the month or week of a day, none longer than ``longest``."""
    first, last = first and min(first, _FAR), last and min(last, _FAR)
    if first is not None and last is not None and first > last:
        return Span(first, first, ())
    after = None if last is None else last + timedelta(days=1)
    whole_from = None if first is None else first if begin(first) == first else begin(begin(first) + longest)
    whole_to = None if after is None else begin(after)
    if whole_from is not None and whole_to is not None and first is not None and last is not None:
        if whole_from > whole_to:  # within one
            return Span(whole_from, whole_from, ((first, last),))
    edges: list[tuple[Date, Date]] = []
    if first is not None and whole_from is not None and first < whole_from:
        edges.append((first, whole_from - timedelta(days=1)))
    if last is not None and whole_to is not None and whole_to <= last:
        edges.append((whole_to, last))
    return Span(whole_from, whole_to, tuple(edges))


def by_week(some: Iterable[tuple[Date, int, int]]) -> list[ClaimDays]:
    """(date of service, days it took, how many) by week."""
    weeks: dict[Date, Counter[int]] = defaultdict(Counter)
    for date, took, number in some:
        weeks[date - timedelta(days=date.weekday())][took] += number
    return [ClaimDays(week, of.total(), _median(of), max(of)) for week, of in sorted(weeks.items())]


def _median(counted: Counter[int]) -> Decimal:
    """The middle one, or half way between the middle two."""
    number = counted.total()
    return Decimal(_nth(counted, (number - 1) // 2) + _nth(counted, number // 2)) / 2


def _nth(counted: Counter[int], place: int) -> int:
    for value in sorted(counted):
        place -= counted[value]
        if place < 0:
            return value
    raise IndexError(place)
