"""Does a payer's answer tell whether a coverage is in force on a date? It outranks the record, so it has to be sure.

An answer tells of the date it was asked for, and of dates behind it that the payer's own dates of coverage include or
exclude. It never tells of a day that was still to come when it was given, but for the one it was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date as Date
from datetime import datetime

from massage_billing.coding import payer as payers
from massage_billing.model import Answer, AnswerKind, Clinic, Coverage, Known, Standing, Verified

_OF_THE_DAY = {Standing.IN_FORCE: True, Standing.NOT_IN_FORCE: False}


def verified(coverage_id: str, answers: Iterable[Known], on: Date, payer: str | None = None) -> Verified | None:
    """What the newest answer that tells of a date says of a coverage; None where none tells of it.

    ``payer`` (a key of payers.yaml): only answers of this payer count; None: of any. An answer that was refused, or in
    which the payer does not say, tells nothing.
    """
    own = [one for one in answers if one.coverage == coverage_id and payer in (None, one.payer)]
    for one in sorted(own, key=newness, reverse=True):
        said = tells(one, on)
        if said is not None:
            return Verified(said, one.response or one.question, one.asked_on)
    return None


def with_verified(
    coverages: Sequence[Coverage], answers: Mapping[str, Sequence[Known]], on: Date, clinic: Clinic
) -> tuple[Coverage, ...]:
    """The coverages of a visit or appointment with what their payers answered of its date.

    Only answers of who insures today count: an entry of payers.yaml has to mean the payer of the coverage, and they
    have to be of the member whom it names now. Those that somebody else asked for are taken to be.
    """
    found = []
    for coverage in coverages:
        known = [one for one in answers.get(coverage.id, ()) if one.member in ("", coverage.member)]
        entry = payers.entry(coverage, clinic) if known else None
        said = verified(coverage.id, known, on, entry.key) if known and entry is not None else None
        found.append(coverage if said == coverage.verified else replace(coverage, verified=said))
    return tuple(found)


def newness(one: Known) -> tuple[datetime, Date, str]:
    """Order of answers, the newest last."""
    return (one.answered_at, one.asked_on, one.question)


def tells(one: Known, on: Date) -> bool | None:
    """Whether an answer says that the coverage is in force on a date, or is not; None where it does not tell."""
    answer = one.answer
    if answer.kind is not AnswerKind.ANSWERED:
        return None
    if answer.asked_for == on:
        said = _OF_THE_DAY.get(answer.standing)
        return None if said and _excluded(answer, on) else said
    if on > max(answer.asked_for, one.asked_on):
        return None
    if answer.standing is Standing.IN_FORCE and includes(answer, on):
        return True
    return False if _ended_before(answer, on) else None


def dates(answer: Answer) -> list[tuple[Date | None, Date | None]]:
    """First and last days that the payer states: of the plans in force on the day asked for, else of those of which it
    does not say, else of the coverage. A plan without any has those of the coverage."""
    plans = [plan for plan in answer.plans if plan.standing is Standing.IN_FORCE]
    plans = plans or [plan for plan in answer.plans if plan.standing is Standing.NO_DATA]
    own = (answer.start, answer.end)
    return [(plan.start, plan.end) if plan.start or plan.end else own for plan in plans] or [own]


def includes(answer: Answer, on: Date) -> bool:
    """Whether the dates that the payer states include the date; a first day has to be stated, a last one may not."""
    return any(first is not None and first <= on and (last is None or on <= last) for first, last in dates(answer))


def _excluded(answer: Answer, on: Date) -> bool:
    """Whether every pair of dates that the payer states leaves the date out: its own yes is contradicted then."""
    return all((first is not None and on < first) or (last is not None and last < on) for first, last in dates(answer))


def _ended_before(answer: Answer, on: Date) -> bool:
    """Whether the payer states that all coverage had ended. A first day after the date proves nothing: it is that of
    this year's plan as a rule, and another one went before."""
    ends = [plan.end for plan in answer.plans] if answer.plans else [answer.end]
    return all(end is not None and end < on for end in (*ends, answer.end or ends[0]))
