"""Does a payer's answer say that the coverage is in force on the day? And if there is none, why not?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as Date
from typing import Final

from massage_billing.model import AnswerKind, Appointment, Known, Reason, Standing
from massage_billing.previsit.ask import OURSELVES, Today, stale
from massage_billing.previsit.terms import Eligibility
from massage_billing.previsit.verify import dates
from massage_billing.previsit.which import Billed

_AWAITED: Final = frozenset({"asking", "waiting"})
_NOBODY: Final = "nobody"


@dataclass(frozen=True, slots=True)
class State:
    """Where the last question stands (``ports.QuestionRow``), and why there may be none."""

    state: str = ""
    """"asking", "waiting", "later", "answered", "given-up"; "" where it was never asked."""
    problem: str = ""
    """Why the last try failed; no patient data."""
    faults: tuple[Reason, ...] = ()
    """What our own data lacks for a question (``question.Made.faults``)."""


NEVER_ASKED: Final = State()
"""Nothing is remembered of a question."""


def reasons(
    appointment: Appointment, billed: Billed, known: Known | None, state: State, today: Today, terms: Eligibility
) -> Iterator[Reason]:
    """What the answer says of the coverage on the day; or why there is none that counts."""
    day = appointment.date
    if billed.coverage is None or billed.payer is None or day is None:
        return  # a doubt says why
    about = billed.coverage.id
    yield from state.faults
    if known is None or known.answer.kind is AnswerKind.TRY_LATER:
        if not state.faults:
            yield _no_answer(billed, state, about, terms)
        return
    source = known.response or known.question
    if known.answer.kind is AnswerKind.REFUSED:
        yield from _rejections(known, about, terms)
        if not known.answer.rejections:
            yield terms.reason("not-answered", about=about, source=source)
        return
    yield _standing(known, day, about, terms)
    yield from _rejections(known, about, terms)
    if known.answer.standing is Standing.IN_FORCE:
        old = stale(known, day, billed.payer, today)
        if old and (known.answer.asked_for != day or known.asked_on < day):
            yield terms.reason("answer-old", f"{source} does not count for the day: {'; '.join(old)}.", about=about,
                               source=source)  # fmt: skip
    yield from _differs(known, about, terms)


def tells_benefits(known: Known, day: Date) -> bool:
    """Whether an answer tells of benefits: the payer answered, and does not say that the coverage is out of force."""
    return known.answer.kind is AnswerKind.ANSWERED and not out_of_force(known, day)


def out_of_force(known: Known, day: Date) -> bool:
    """Whether the payer answered that the coverage is not in force on the day."""
    start, end = _span(known)
    outside = (end is not None and end < day) or (start is not None and start > day)
    return known.answer.kind is AnswerKind.ANSWERED and (outside or known.answer.standing is Standing.NOT_IN_FORCE)


def standing(known: Known, day: Date) -> Standing:
    """Whether the coverage is in force on the day, as the payer says; NO_DATA where it says nothing of it."""
    if known.answer.kind is not AnswerKind.ANSWERED:
        return Standing.NO_DATA
    return Standing.NOT_IN_FORCE if out_of_force(known, day) else known.answer.standing


def _no_answer(billed: Billed, state: State, about: str, terms: Eligibility) -> Reason:
    asking = billed.payer.asking if billed.payer is not None else None
    if asking is None or asking.ask == _NOBODY:
        return terms.reason("payer-not-asked", about=about)
    if state.state in _AWAITED or (not state.state and asking.ask != OURSELVES):
        return terms.reason("answer-awaited", about=about)
    if not state.state:
        return terms.reason("not-asked", about=about)
    why = f": {state.problem.removesuffix('.')}" if state.problem else ""
    return terms.reason("answer-failed", f"The payer could not be asked, or did not answer{why}.", about=about)


def _standing(known: Known, day: Date, about: str, terms: Eligibility) -> Reason:
    answer, source = known.answer, known.response or known.question
    start, end = _span(known)
    if end is not None and end < day:
        message = f"{about} ended on {end.isoformat()} by the payer's answer."
        return terms.reason("coverage-ended", message, about=about, source=source)
    if start is not None and start > day:
        message = f"{about} starts on {start.isoformat()} by the payer's answer."
        return terms.reason("coverage-not-started", message, about=about, source=source)
    if answer.standing is Standing.NOT_IN_FORCE:
        message = f"{about} is not in force by the payer's answer for {answer.asked_for.isoformat()}."
        return terms.reason("coverage-not-in-force", message, about=about, source=source)
    if answer.standing is Standing.NO_DATA:
        return terms.reason("standing-not-said", about=about, source=source)
    asked = f"asked on {known.asked_on.isoformat()} for {answer.asked_for.isoformat()}"
    return terms.reason("coverage-in-force", f"{about} is in force by the payer's answer ({asked}).",
                        about=about, source=source)  # fmt: skip


def _span(known: Known) -> tuple[Date | None, Date | None]:
    """First and last day as the payer states them (``verify.dates``), over all plans; None where one is open."""
    starts, ends = zip(*dates(known.answer), strict=True)
    return (None if None in starts else min(starts)), (None if None in ends else max(ends))


def _rejections(known: Known, about: str, terms: Eligibility) -> Iterator[Reason]:
    for rejection in known.answer.rejections:
        yield terms.rejection(rejection.code, about)


def _differs(known: Known, about: str, terms: Eligibility) -> Iterator[Reason]:
    """What the payer has otherwise, by the name of the field: the values are the patient's."""
    corrected = known.answer.corrected
    if corrected is None:
        return
    fields = [
        name
        for name, value in (("member id", corrected.member_id), ("birth date", corrected.birth_date),
                            ("family name", corrected.last_name), ("given name", corrected.first_name))
        if value is not None
    ]  # fmt: skip
    if fields:
        yield terms.reason("record-differs", f"The payer has another {' and '.join(fields)} on file.", about=about)
