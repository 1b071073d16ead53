"""Is a payer asked about a coverage before a visit, and why?

One answered question a patient, coverage, payer and day is the store's promise (``ports.Asking.claim``); here it is
decided whether there is anything to ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime, timedelta
from typing import Protocol

from massage_billing.model import AnswerKind, Appointment, Coverage, Holder, Known, Payer, Standing
from massage_billing.previsit.terms import AskingFile
from massage_billing.previsit.verify import includes, newness

OURSELVES = "ourselves"
"""``PayerAsking.ask`` of payers whom this program asks."""
_ANSWERED = "answered"
"""``QuestionState.ANSWERED``."""


class LastQuestion(Protocol):
    """What is remembered of the last question about a coverage; ``ports.QuestionRow`` is one."""

    @property
    def day(self) -> Date:
        """The day it was asked."""

    @property
    def holder(self) -> str:
        """``Holder.version`` it was asked with."""

    @property
    def state(self) -> str:
        """Where it stands: "answered", "waiting", "later" …"""

    @property
    def due(self) -> datetime | None:
        """Before this time the payer is not to be asked again, UTC; None: whenever it is wanted."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A payer is to be asked about a coverage."""

    coverage: str
    """"Coverage/5"."""
    payer: str
    """Payer key."""
    why: tuple[str, ...]
    """Why, in words."""


@dataclass(frozen=True, slots=True)
class Today:
    """What is the same for all that is asked on a day."""

    on: Date
    """The day, at the clinic."""
    max_age_days: int
    """An answer older than this is asked again, where the payer's entry says nothing else."""
    now: datetime | None = None
    """The time, UTC; None where it does not matter: then nothing is put off."""


def whether(
    appointment: Appointment,
    coverage: Coverage,
    payer: Payer,
    answers: Sequence[Known],
    last: LastQuestion | None,
    today: Today,
    first_visit: bool | None,
    asking: AskingFile,
) -> Ask | None:
    """Why a payer is asked about a coverage for an appointment; None where it is not.

    ``answers`` are those of this coverage; ``last`` the newest question about it to this payer. ``first_visit`` is None
    where nobody can tell: it is taken for one.
    """
    day = appointment.date
    if appointment.restricted is not None or appointment.status not in asking.appointments.statuses:
        return None
    if day is None or day < today.on or appointment.patient is None or coverage.patient_is_payer:
        return None
    if payer.asking is None or payer.asking.ask != OURSELVES:
        return None
    changed = _changed(coverage, appointment, last)
    if last is not None and last.day == today.on and last.state == _ANSWERED and not changed:
        return None
    if not changed and put_off(last, today):
        return None
    known = newest(answers, coverage.id, payer.key, day)
    why = [changed] if changed else []
    why += [_not_answered(last)] if last is not None and last.state != _ANSWERED else []
    why += ["never asked"] if known is None and last is None else []
    if known is not None:
        why += stale(known, day, payer, today)
        if first_visit is not False and known.answer.asked_for != day:
            why.append("first visit, and no answer is about its day")
    elif first_visit is not False:
        why.append("first visit")
    return Ask(coverage.id, payer.key, tuple(why)) if why else None


def put_off(last: LastQuestion | None, today: Today) -> bool:
    """Whether the payer said that it must not be asked again yet, which may outlast the day."""
    due = last.due if last is not None and last.state != _ANSWERED else None
    return due is not None and today.now is not None and today.now < due


def newest(answers: Sequence[Known], coverage: str, payer: str, day: Date | None = None) -> Known | None:
    """The newest answer about a coverage by a payer, whatever it says; one that asks to be tried later is none.

    ``day``: the one it is wanted for. An answer about a later day counts then only where there is no other, or where it
    says that the coverage ended before the day: of days before its own it tells nothing else.
    """
    own = [
        one
        for one in answers
        if one.coverage == coverage and one.payer == payer and one.answer.kind is not AnswerKind.TRY_LATER
    ]
    of_day = [one for one in own if day is None or one.answer.asked_for <= day or _ended_before(one, day)]
    return max(of_day or own, key=newness, default=None)


def _ended_before(known: Known, day: Date) -> bool:
    ends = [plan.end for plan in known.answer.plans] or [known.answer.end]
    return all(end is not None and end < day for end in ends)


def stale(known: Known, day: Date, payer: Payer, today: Today) -> list[str]:
    """Why an answer does not do for a day; empty where it does."""
    why = []
    age = (today.on - known.asked_on).days
    limit = max_age(payer, today)
    if age > limit:
        why.append(f"the last answer is {age} days old")
    if known.answer.kind is AnswerKind.REFUSED:
        why.append("the last question was refused")
    elif known.answer.standing is Standing.NOT_IN_FORCE:
        why.append("the last answer was no")
    elif known.answer.standing is Standing.NO_DATA:
        why.append("the last answer did not say")
    about = known.answer.asked_for
    year = plan_year(day, payer)
    if about < year <= day:
        why.append("a new plan year")
    elif about < day and (about.year, about.month) != (day.year, day.month):
        why.append("a new month")
    elif about > day and (plan_year(about, payer) > day or not includes(known.answer, day)):
        # A yes for a later day says nothing of this one, nor what the plan of that year pays, of this year's.
        why.append("the last answer is about a later day")
    return why


def max_age(payer: Payer, today: Today) -> int:
    """How old an answer of a payer may be, in days."""
    own = payer.asking.max_age_days if payer.asking is not None else None
    return today.max_age_days if own is None else own


def plan_year(day: Date, payer: Payer) -> Date:
    """The first day of the plan year that a day lies in."""
    month, start = payer.asking.plan_year_start if payer.asking is not None else (1, 1)
    begins = _day_of(day.year, month, start)
    return begins if begins <= day else _day_of(day.year - 1, month, start)


def _day_of(year: int, month: int, day: int) -> Date:
    """A day of a year; 29 February is the day after the 28th in years without it."""
    try:
        return Date(year, month, day)
    except ValueError:
        return Date(year, month, 28) + timedelta(days=1)


def holder_of(coverage: str, appointment: Appointment) -> Holder | None:
    """Who holds a coverage."""
    return next((one for one in appointment.holders if one.coverage == coverage), None)


def _changed(coverage: Coverage, appointment: Appointment, last: LastQuestion | None) -> str:
    holder = holder_of(coverage.id, appointment)
    if last is None or holder is None or not holder.version or not last.holder or last.holder == holder.version:
        return ""
    return "the coverage has changed since it was asked about"


def _not_answered(last: LastQuestion) -> str:
    return f"the question of {last.day.isoformat()} was not answered"
