"""Who may ask a question, and what settles it: the same for the database and the fake. No database, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import date as Date
from typing import Any, Final

from massage_billing.model import Known
from massage_billing.ports import Habit, QuestionRow, QuestionState, Settled
from massage_billing.store.common import MESSAGE_LENGTH

Clock = Callable[[], datetime]
"""The time, UTC."""

Alive = Callable[[str], bool | None]
"""Whether the process of an owner id lives; None: nobody here can tell, and its lease decides."""

ANSWERS_COUNT: Final = timedelta(days=400)
"""How much longer than evidence an answer is kept. Billing asks whether coverage was verified for a date of service,
and a claim may be filed for up to a year after it (Medicare: 42 CFR 424.44, one calendar year; commercial payers less);
the month over is for the hold and the corrected claim. Each answer of that time is kept, not only the newest: the one
that tells of March is that of March. After it none counts, the newest neither: it would have to be asked again."""

_DUE: Final = frozenset({QuestionState.LATER, QuestionState.WAITING})


def cannot_tell(owner: str) -> bool | None:
    """Alive where nothing is known of processes: leases decide."""
    return None


def utc_now() -> datetime:
    """The clock by which answers are recorded."""
    return datetime.now(UTC)


def first_of_each(wanted: Iterable[QuestionRow]) -> dict[str, QuestionRow]:
    """Wanted questions by key; the first counts."""
    by_key: dict[str, QuestionRow] = {}
    for row in wanted:
        by_key.setdefault(row.key, row)
    return by_key


def may_ask(known: QuestionRow, leased: datetime, now: datetime, alive: Alive) -> bool:
    """Whether a known question may be asked now by another process than its owner.

    An owner that lives keeps its questions however long it takes: asking a payer twice is what a claim is there to
    prevent. WAITING questions that are due are given too, with their ticket.
    """
    if known.state is QuestionState.ASKING:
        living = alive(known.owner)
        return leased <= now if living is None else not living
    return known.state in _DUE and (known.due is None or known.due <= now)


def claimed(wanted: QuestionRow, known: QuestionRow | None, owner: str) -> QuestionRow:
    """A question as it stands once a process has claimed it.

    Trace number and tries are those it has; what is asked is what is wanted now, unless the payer has the question
    already (a ticket): then it is what was asked.
    """
    if known is None:
        row = replace(wanted, trace=wanted.trace or wanted.key)
    elif known.ticket:
        row = known
    else:
        row = replace(
            wanted,
            **_identity(known),
            tries=known.tries,
            ticket=known.ticket,
            problem=known.problem,
        )
    return replace(row, state=QuestionState.ASKING, owner=owner, due=None)


def settled(known: QuestionRow, row: QuestionRow) -> QuestionRow | None:
    """A question as it stands once this became of it; None where that changes nothing.

    An answer always counts, unless there is one. What is no answer counts only from the process that asks: one that was
    taken for gone and comes back does not free what another is asking.
    """
    answer = row.state is QuestionState.ANSWERED
    if known.state is QuestionState.ANSWERED or (known.state is QuestionState.GIVEN_UP and not answer):
        return None
    if known.state is QuestionState.ASKING and known.owner != row.owner and not answer:
        return None
    return replace(row, **_identity(known), owner=known.owner, problem=row.problem[:MESSAGE_LENGTH])


def _identity(known: QuestionRow) -> dict[str, Any]:
    """What of a question never changes, whatever is said of it later."""
    return {name: getattr(known, name) for name in ("key", "host", "patient", "coverage", "payer", "day", "trace")}


def settle_in_turn(known: dict[str, QuestionRow], results: Iterable[Settled]) -> dict[str, list[Settled]]:
    """Of results, in order, those that count, by key; of a question that is not known (its patient was purged while it
    was asked) none do."""
    counted: dict[str, list[Settled]] = {}
    now = dict(known)
    for result in results:
        before = now.get(result.row.key)
        after = settled(before, result.row) if before is not None else None
        if after is not None:
            now[after.key] = after
            counted.setdefault(after.key, []).append(replace(result, row=after))
    return counted


def as_kept(row: QuestionRow, known: Known) -> Known:
    """An answer as it is kept: who and what was asked is the question's."""
    return replace(
        known,
        patient=row.patient,
        coverage=row.coverage,
        payer=row.payer,
        asked_on=row.day,
        question=row.key,
        holder=row.holder,
    )


def summed(habits: Iterable[Habit]) -> list[Habit]:
    """Habits of the same payer and service type counted together."""
    sums: dict[tuple[str, str], Habit] = {}
    for one in habits:
        so_far = sums.get((one.payer, one.service_type))
        if so_far is not None:
            one = replace(
                one,
                asked=so_far.asked + one.asked,
                limits=so_far.limits + one.limits,
                benefits=so_far.benefits + one.benefits,
            )
        sums[one.payer, one.service_type] = one
    return list(sums.values())


def one_a_day(answers: Iterable[Known]) -> dict[str, list[Known]]:
    """Answers, the newest first, by coverage; of a payer and day the first: a corrected coverage was asked twice."""
    found: dict[str, list[Known]] = {}
    seen: set[tuple[str, str, Date]] = set()
    for known in answers:
        day = (known.coverage, known.payer, known.asked_on)
        if day not in seen:
            seen.add(day)
            found.setdefault(known.coverage, []).append(known)
    return found


def answers_before(before: datetime) -> datetime:
    """Where evidence is kept since ``before``, answers are kept since then."""
    return before - ANSWERS_COUNT
