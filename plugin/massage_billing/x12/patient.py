"""Who an answer is about: trace numbers it gives back, and what the payer has on file otherwise than was asked."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date as Date

from massage_billing.model import Corrected, Person, Question
from massage_billing.x12.counts import day
from massage_billing.x12.loops import DEPENDENT, SUBSCRIBER, Level, Parts
from massage_billing.x12.segments import at

_CUT = 10
"""A family name of at least so many letters that begins like the one asked with was cut off, and is no other."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A TRN: a trace number and whose it is."""

    kind: str
    """TRN01: 2 gives back the number of a question, 1 is the payer's or clearinghouse's own."""
    number: str
    """TRN02."""
    originator: str = ""
    """TRN03."""
    further: str = ""
    """TRN04."""


def traces_of(level: Level) -> tuple[Trace, ...]:
    """The trace numbers of a level, in the payer's order."""
    return tuple(Trace(at(trn, 1), at(trn, 2), at(trn, 3), at(trn, 4)) for trn in level.all("TRN"))


def is_about(level: Level, question: Question) -> bool:
    """Whether a level that carries the question's trace number is its patient, in an answer with several patients.

    Its own trace number is proof. A number that stands with the subscriber holds for the subscriber, or for that
    dependent who was asked about: by birth date, else (and of twins) by given name.
    """
    asked = question.dependent
    if asked is None:
        return level.kind != DEPENDENT or bool(level.all("TRN"))
    if level.kind != DEPENDENT:
        return not any(child.kind == DEPENDENT for child in level.children)
    if level.all("TRN"):
        return True
    born = _born(level)
    if born is not None and asked.birth_date is not None and not _twins(level):
        return born == asked.birth_date
    return born in (None, asked.birth_date) and _same_given(at(level.named(), 4), asked)


def is_the_subscriber(level: Level, question: Question) -> bool:
    """Whether a level is the subscriber, by given name and birth date, although a dependent was asked about.

    Where either is not told, or is the dependent's as well, it may be the dependent, listed under an id of their own.
    """
    asked, holder, given, born = question.dependent, question.subscriber, at(level.named(), 4), _born(level)
    if asked is None or level.kind != SUBSCRIBER or not given or born is None:
        return False
    named = bool(holder.first_name) and _same_given(given, holder) and not _same_given(given, asked)
    return named and born != asked.birth_date and born == (holder.birth_date or born)


def _born(level: Level) -> Date | None:
    return day(at(next(iter(level.all("DMG")), []), 2))


def _twins(level: Level) -> bool:
    """Whether another dependent of the same subscriber was born on the same day: then the name has to tell."""
    others = level.parent.children if level.parent is not None else []
    return any(one is not level and one.kind == DEPENDENT and _born(one) == _born(level) for one in others)


def corrected(level: Level, question: Question) -> Corrected | None:
    """Where the payer's data of the patient differs from what was asked; None where it does not.

    Compared without case, accents, blanks and punctuation. Whom the payer lists as a subscriber of their own although
    they were asked as somebody's dependent is compared with that dependent.
    """
    asked = question.dependent or question.subscriber
    nm1, born = level.named(), _born(level)
    found = Corrected(
        member_id=_other(_member_id(level), question.member_id),
        birth_date=born if born is not None and asked.birth_date is not None and born != asked.birth_date else None,
        last_name=None if _same_family(nm1, asked) else at(nm1, 3),
        first_name=None if _same_given(at(nm1, 4), asked) else at(nm1, 4),
    )
    return None if found == Corrected() else found


def _member_id(level: Level) -> str:
    """Member id of the patient, else of the subscriber (NM109 with MI or II)."""
    for one in (level, *level.up()):
        nm1 = one.named()
        if one.kind in {SUBSCRIBER, DEPENDENT} and at(nm1, 8) in {"MI", "II"} and at(nm1, 9):
            return at(nm1, 9)
    return ""


def _other(given: str, asked: str) -> str | None:
    return given if given and asked and _key(given) != _key(asked) else None


def _same_family(nm1: Parts, asked: Person) -> bool:
    given = _key(at(nm1, 3))
    family = _key(asked.last_name)
    if not given or given in {family, family + _key(asked.suffix)}:
        return True
    return len(given) >= _CUT and family.startswith(given)


def _same_given(given: str, asked: Person) -> bool:
    """A middle name or initial after the given name makes no other name of it."""
    if not given or not asked.first_name:
        return True
    return _key(given) == _key(asked.first_name) or _key(given.split()[0]) == _key(asked.first_name.split()[0])


def _key(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return "".join(one for one in plain if one.isalnum()).casefold()
