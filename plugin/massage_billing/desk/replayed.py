"""What a change of the rules changes in past visits: they are read again and decided twice, nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import timedelta
from decimal import Decimal
from typing import Final

from pydantic import TypeAdapter, ValidationError

from massage_billing.coding.rulebook import Rulebook
from massage_billing.program import Program
from massage_billing.replay.compare import Change, Dollars, Replay, Tally
from massage_billing.replay.visits import AsOf, of_host

DAYS: Final = (7, 31, 92)
"""How far back visits can be replayed from a page; further back on the command line."""
SHOWN: Final = 100
"""Changed visits that are named."""
VISITS: Final = 20_000
"""Visits of one replay from a page; more are for the command line."""


@dataclass(frozen=True, slots=True)
class ChangedVisit:
    """One visit that would be billed otherwise."""

    encounter: str
    """Encounter id."""
    date: Date | None
    """Date of service."""
    payer: str
    """Payer key."""
    before: str
    """Outcome by the rules of the earlier day."""
    after: str
    """Outcome by the rules of today."""
    lines: tuple[str, ...]
    """Lines that changed, in short."""
    dollars: Decimal
    """Charges on claims, after less before."""
    rules: tuple[str, ...]
    """The rules that made the difference."""


@dataclass(frozen=True, slots=True)
class RuleSum:
    """What one rule changes for one payer."""

    payer: str
    """Payer key."""
    rule: str
    """Rule id."""
    visits: int
    """How many visits."""
    difference: Dollars
    """Charges after less before, by where they stand."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it."""

    first: Date
    """First date of service."""
    last: Date
    """Last date of service."""
    rules_of: Date
    """The earlier rules are those in force on this day; the later ones those of the day it was made."""
    visits: int
    """Visits decided by both."""
    changed: int
    """Visits billed otherwise."""
    only_told: int
    """Visits billed alike with other warnings."""
    before: Dollars
    """All charges by the earlier rules."""
    after: Dollars
    """All charges by the later."""
    moved: tuple[tuple[str, str, int], ...]
    """(outcome before, after, visits), of those whose outcome is another."""
    by_rule: tuple[RuleSum, ...]
    """The most visits first; a visit counts for each rule."""
    named: tuple[ChangedVisit, ...]
    """The first of the changed visits."""
    cut: bool
    """There were more visits than a page replays: what is told is of the first of them."""


_KEPT: Final = TypeAdapter(Replayed)


def replayed(program: Program, days: int, rules_of: Date, today: Date) -> Replayed:
    """Decide the visits of some days by the rules in force on an earlier day, and by today's. Reads the host; may take
    minutes. Raises HostError, NoRuleForDate, StoreError."""
    setup = program.setup
    first, book = today - timedelta(days=days - 1), setup.book
    replay = Replay(_as_of(book, rules_of), _as_of(book, today), replace(setup.clinic, today=None))
    named, cut = list(_run(replay, program, (first, today))), replay.tally.visits + replay.tally.undated >= VISITS
    tally = replay.tally
    moved = sorted(((b, a, n) for (b, a), n in tally.outcomes.items() if b != a), key=lambda one: (-one[2], one))
    return Replayed(
        first, today, rules_of, tally.visits, tally.changed, tally.only_told, tally.before, tally.after, tuple(moved),
        _by_rule(tally), tuple(named), cut,
    )  # fmt: skip


def packed(done: Replayed) -> bytes:
    """The sums as JSON, for the store, where every process of the service finds them; no visit is among them."""
    return _KEPT.dump_json(replace(done, named=()))


def unpacked(text: bytes) -> Replayed | None:
    """The sums that ``packed`` wrote; None for what another version wrote."""
    try:
        return _KEPT.validate_json(text)
    except ValidationError:
        return None


def _as_of(book: Rulebook, on: Date) -> Rulebook:
    return AsOf(book, on)


def _run(replay: Replay, program: Program, dates: tuple[Date, Date]) -> Iterator[ChangedVisit]:
    shown = 0
    for place, past in enumerate(of_host(program.setup, dates)):
        if place >= VISITS:
            return
        change = replay.visit(past.visit, past.ruling)
        if change is not None and shown < SHOWN:
            shown += 1
            yield _named(past.visit.encounter, past.visit.date, change)


def _named(encounter: str, on: Date | None, change: Change) -> ChangedVisit:
    return ChangedVisit(
        encounter, on, change.payer, change.before.value, change.after.value, change.lines, change.difference.claimed,
        change.rules,
    )  # fmt: skip


def _by_rule(tally: Tally) -> tuple[RuleSum, ...]:
    found = [RuleSum(payer, rule, one.visits, one.difference) for (payer, rule), one in tally.by_rule.items()]
    return tuple(sorted(found, key=lambda one: (-one.visits, one.payer, one.rule)))
