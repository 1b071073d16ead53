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
REFUSED: Final = "Refused"
"""What people read where the payer answered that it does not take the question."""
TONES: Final = {
    STATES[QuestionState.ASKING]: "unknown",
    STATES[QuestionState.WAITING]: "unknown",
    STATES[QuestionState.LATER]: "act",
    STATES[QuestionState.ANSWERED]: "ready",
    REFUSED: "blocked",
    STATES[QuestionState.GIVEN_UP]: "blocked",
}
"""How a word looks."""


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
    """Questions answered, and not refused."""
    waiting: int
    """Taken by the payer, answered later."""
    failing: int
    """To be tried again, given up, or refused."""
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
    counts: tuple[tuple[str, int], ...]
    """All questions of these days by what people read of their state, without the payer's filter's rest."""
    payers: tuple[PayerAsked, ...]
    """By payer key."""


def questions(asking: Asking, host: str, wanted: Wanted, now: datetime) -> Questions:
    """Questions of some days, and of any day where a payer has them still: what it took on Friday is still open on
    Monday. ``now`` is the time at the clinic. Raises StoreError."""
    since = now.date() - timedelta(days=wanted.days - 1)
    earlier = [one for one in asking.waiting(host, now + timedelta(days=FAR)) if one.day < since]
    every = [*earlier, *asking.rows(host, since)]
    mine = [one for one in every if wanted.payer in ("", one.payer)]
    told = {(one.coverage, one.payer) for one in every if one.state is QuestionState.ANSWERED and not one.problem}
    still = {one.key for one in mine if refused(one) and (one.coverage, one.payer) not in told}
    shown = [one for one in mine if wanted.every or one.state is not QuestionState.ANSWERED or one.key in still]
    shown.sort(key=lambda one: (_URGENT.index(word(one)), -one.day.toordinal(), one.payer, one.coverage))
    counted = Counter(map(word, mine))
    return Questions(
        wanted, since, tuple(shown[:SHOWN]), max(len(shown) - SHOWN, 0),
        tuple((told, counted[told]) for told in TONES if counted[told]), payers_asked(every),
    )  # fmt: skip


def refused(row: QuestionRow) -> bool:
    """Whether the payer answered that it does not answer this: somebody has to look at the record."""
    return row.state is QuestionState.ANSWERED and bool(row.problem)


def word(row: QuestionRow) -> str:
    """What people read of where a question stands."""
    return REFUSED if refused(row) else STATES[row.state]


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
    REFUSED, *(STATES[one] for one in (
        QuestionState.GIVEN_UP, QuestionState.LATER, QuestionState.WAITING, QuestionState.ASKING,
        QuestionState.ANSWERED)),
)  # fmt: skip
_FAILING: Final = frozenset({QuestionState.LATER, QuestionState.GIVEN_UP})


def _payer(key: str, rows: list[QuestionRow]) -> PayerAsked:
    states = Counter(one.state for one in rows)
    unanswered = sum(refused(one) for one in rows)
    failing = sum(states[state] for state in _FAILING) + unanswered
    return PayerAsked(
        key, states[QuestionState.ANSWERED] - unanswered,
        states[QuestionState.WAITING] + states[QuestionState.ASKING], failing, next(_problems(rows), ""),
    )  # fmt: skip


def _problems(rows: list[QuestionRow]) -> Iterator[str]:
    return (one.problem for one in reversed(rows) if one.problem and (one.state in _FAILING or refused(one)))
