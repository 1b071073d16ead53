"""Eligibility: questions to payers that are open or failed, by payer; where to look for one coverage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime, timedelta
from typing import Final

from massage_billing.ports import Asking, QuestionRow, QuestionState

SHOWN: Final = 200
"""Questions that one page shows."""
FAR: Final = 120
"""Days back in which the coverages of a patient are looked for, and ahead in which a payer may answer."""
STATES: Final = {
    QuestionState.ASKING: "Being asked",
    QuestionState.WAITING: "The payer answers later",
    QuestionState.LATER: "To be tried again",
    QuestionState.ANSWERED: "Answered",
    QuestionState.GIVEN_UP: "Given up for the day",
}
"""What people read."""
TONES: Final = {
    QuestionState.ASKING: "unknown",
    QuestionState.WAITING: "unknown",
    QuestionState.LATER: "act",
    QuestionState.ANSWERED: "ready",
    QuestionState.GIVEN_UP: "blocked",
}
"""How it looks beside its word."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which questions. "" leaves a question open."""

    days: int = 1
    """Of so many days, today the last."""
    payer: str = ""
    """Payer key."""
    every: bool = False
    """Answered ones too."""


@dataclass(frozen=True, slots=True)
class PayerAsked:
    """How asking one payer goes."""

    payer: str
    """Payer key."""
    answered: int
    """Questions answered."""
    waiting: int
    """Taken by the payer, answered later."""
    failing: int
    """To be tried again, or given up."""
    problem: str
    """Why the last of these failed."""

    @property
    def total(self) -> int:
        """All questions."""
        return self.answered + self.waiting + self.failing


@dataclass(frozen=True, slots=True)
class Questions:
    """Questions of some days."""

    wanted: Wanted
    """What was asked for."""
    since: Date
    """The first day."""
    rows: tuple[QuestionRow, ...]
    """Those that are shown, the newest day first; those that need somebody before the others."""
    more: int
    """How many are not shown."""
    counts: tuple[tuple[QuestionState, int], ...]
    """All questions of these days by state, without the payer's filter's rest."""
    payers: tuple[PayerAsked, ...]
    """By payer key."""


def questions(asking: Asking, host: str, wanted: Wanted, now: datetime) -> Questions:
    """Questions of some days, and of any day where a payer has them still: what it took on Friday is still open on
    Monday. ``now`` is the time at the clinic. Raises StoreError."""
    since = now.date() - timedelta(days=wanted.days - 1)
    earlier = [one for one in asking.waiting(host, now + timedelta(days=FAR)) if one.day < since]
    every = [*earlier, *asking.rows(host, since)]
    mine = [one for one in every if wanted.payer in ("", one.payer)]
    shown = [one for one in mine if wanted.every or one.state is not QuestionState.ANSWERED]
    shown.sort(key=lambda one: (_URGENT.index(one.state), -one.day.toordinal(), one.payer, one.coverage))
    counted = Counter(one.state for one in mine)
    return Questions(
        wanted, since, tuple(shown[:SHOWN]), max(len(shown) - SHOWN, 0),
        tuple((state, counted[state]) for state in STATES if counted[state]), payers_asked(every),
    )  # fmt: skip


def payers_asked(rows: Iterable[QuestionRow]) -> tuple[PayerAsked, ...]:
    """How asking each payer goes, by its key."""
    found: dict[str, list[QuestionRow]] = {}
    for one in rows:
        found.setdefault(one.payer, []).append(one)
    return tuple(_payer(key, some) for key, some in sorted(found.items()))


def coverages_of(asking: Asking, host: str, patient: str, today: Date) -> tuple[str, ...]:
    """Coverages of a patient ("Patient/3") that were asked about lately, the newest first. Raises StoreError."""
    rows = (one for one in asking.rows(host, today - timedelta(days=FAR)) if one.patient == patient)
    return tuple(dict.fromkeys(one.coverage for one in reversed(list(rows))))


_URGENT: Final = (
    QuestionState.GIVEN_UP, QuestionState.LATER, QuestionState.WAITING, QuestionState.ASKING, QuestionState.ANSWERED,
)  # fmt: skip
_FAILING: Final = frozenset({QuestionState.LATER, QuestionState.GIVEN_UP})


def _payer(key: str, rows: list[QuestionRow]) -> PayerAsked:
    states = Counter(one.state for one in rows)
    failing = sum(states[state] for state in _FAILING)
    return PayerAsked(
        key, states[QuestionState.ANSWERED], states[QuestionState.WAITING] + states[QuestionState.ASKING], failing,
        next(_problems(rows), ""),
    )  # fmt: skip


def _problems(rows: list[QuestionRow]) -> Iterator[str]:
    return (one.problem for one in reversed(rows) if one.problem and one.state in _FAILING)
