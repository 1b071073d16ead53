"""A clearinghouse's JSON as an ``Answer``, by its mapping. Pure, and lossless: what no path took stands in ``kept``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from typing import Final

from massage_billing.model import (
    Answer,
    AnswerKind,
    Benefit,
    BenefitKind,
    Corrected,
    Question,
    Rejection,
    Span,
    Standing,
)
from massage_billing.payers.clearinghouse.benefit import Taker, basic, benefit_of, date_segments
from massage_billing.payers.clearinghouse.mapping import Member, Rejections, Response, Value
from massage_billing.payers.clearinghouse.paths import Document, Json, Place
from massage_billing.payers.clearinghouse.request import request_of
from massage_billing.payers.sound import Named, as_asked, corrected
from massage_billing.x12.benefits import span
from massage_billing.x12.codes import CodeTables, default_codes
from massage_billing.x12.counts import day
from massage_billing.x12.other_payers import other_payers
from massage_billing.x12.rejections import kind_of
from massage_billing.x12.standing import Stands, stands

_REASON: Final = re.compile(r"[0-9A-Z]{2}")
"""Form of AAA03; other "codes" there are names of fields, and no reason of a payer's."""
_STATUSES: Final = frozenset({BenefitKind.ACTIVE, BenefitKind.INACTIVE})


@dataclass(frozen=True, slots=True)
class Read:
    """What a clearinghouse's JSON says."""

    answer: Answer
    """In our normal form."""
    named: tuple[Named, ...]
    """Whom it is about: the patient first, then the subscriber, as far as it says."""

    @property
    def says_nothing(self) -> bool:
        """Whether not one thing was found in it that a payer could have said."""
        told = self.answer
        return not (told.benefits or told.rejections or told.plans or told.messages or self.named)


def read(document: Json, mapped: Response, question: Question, codes: CodeTables | None = None) -> Read:
    """Read an answer. Never raises: what is not as the mapping says is kept."""
    codes = codes or default_codes()
    taker = Taker(Document(document))
    root = taker.document.root
    benefits = tuple(_benefits(taker, mapped, codes))
    dated = [(span(parts, codes), places) for one in mapped.dates for parts, places in date_segments(taker, root, one)]
    number, place = taker.one(root, mapped.plan_number)
    judged = stands(
        benefits, [one for one, _ in dated], question.serviced, question.service_types,
        [("6P", number)] if number else [], codes,
    )  # fmt: skip
    _take_days(taker, judged, dated, codes)
    if number and any(plan.number == number for plan in judged.plans):
        taker.take(place)
    rejections = tuple(_unlike(each for one in mapped.rejections for each in _rejections(taker, one)))
    members = [found for one in mapped.members if (found := _member(taker, root, one)) is not None]
    trace, payer_trace = _traces(taker, mapped, question)
    messages = taker.all(root, mapped.messages)
    taker.take(*(at for _, at in messages))
    on_file = _corrected(taker, members, question)
    kind = kind_of(benefits, rejections, codes)
    answer = Answer(
        kind,
        question.serviced,
        judged.standing if kind is AnswerKind.ANSWERED else Standing.NO_DATA,
        judged.start,
        judged.end,
        judged.plans,
        benefits,
        other_payers(benefits, codes),
        rejections,
        on_file,
        tuple(text for text, _ in messages),
        trace,
        payer_trace,
        tuple(taker.document.left()),
    )
    return Read(answer, tuple(found.named() for found in members))


def _take_days(taker: Taker, judged: Stands, dated: Iterable[tuple[Span, Sequence[Place]]], codes: CodeTables) -> None:
    """Take the dates that the answer tells as first and last day; others of the coverage as a whole have no field."""
    told = {judged.start, judged.end, None, *(day for plan in judged.plans for day in (plan.start, plan.end))}
    for one, places in dated:
        if one.start in told and one.end in told and one.qualifier in codes.dates:
            taker.take(*places)


def _benefits(taker: Taker, mapped: Response, codes: CodeTables) -> Iterator[Benefit]:
    told = False
    for group in mapped.benefits:
        if group.if_none and told:
            continue
        for entry in taker.document.select(taker.document.root, group.each):
            benefit = benefit_of(taker, entry, group, codes)
            if benefit is not None:
                told = told or benefit.kind in _STATUSES
                yield benefit


def _rejections(taker: Taker, mapped: Rejections) -> Iterator[Rejection]:
    for entry in taker.document.select(taker.document.root, mapped.each):
        reasons = [(code, at) for code, at in _each(taker, entry, mapped) if _REASON.fullmatch(code)]
        if not reasons:
            continue
        code, at = reasons[0]
        follow_up, follow_at = taker.one(entry, mapped.follow_up)
        level, level_at = taker.one(entry, mapped.level)
        message, message_at = taker.one(entry, mapped.message)
        taker.take(at, follow_at, level_at, message_at)
        yield Rejection(code, follow_up, level, message)


def _each(taker: Taker, entry: Place, mapped: Rejections) -> Iterator[tuple[str, Place | None]]:
    """Every path of the code, not only the first that leads somewhere: "AAA" may stand where another has the reason."""
    for each in mapped.code.path:
        yield from taker.document.texts(entry, each)


def _unlike(rejections: Iterable[Rejection]) -> list[Rejection]:
    """Each reason once: a list of all errors repeats those of the levels, in the same words or fewer."""
    found: list[Rejection] = []
    for one in rejections:
        for place, known in enumerate(found):
            if one.code == known.code and one.level in (known.level, "") and _goes(one.message, known.message):
                found[place] = replace(
                    known, follow_up=known.follow_up or one.follow_up, message=known.message or one.message
                )
                break
        else:
            found.append(one)
    return found


def _goes(message: str, known: str) -> bool:
    return message == known or not message or not known


def _traces(taker: Taker, mapped: Response, question: Question) -> tuple[str, str]:
    """(our trace number where it came back, else what came instead; the payer's own)."""
    root = taker.document.root
    echo = request_of(mapped.echo, question)
    found = [each for path_ in mapped.traces.path for each in taker.document.texts(root, path_)]
    ours = [place for text, place in found if text == echo]
    taker.take(*ours)
    trace = question.trace if ours else ""
    if not ours and found:
        trace, place = found[0]
        taker.take(place)
    payer_trace, place_ = taker.one(root, mapped.payer_trace)
    taker.take(place_)
    return trace, payer_trace


# --- whom it is about -------------------------------------------------------------------------------------------------


def _values(member: Member) -> tuple[Value, ...]:
    return member.member_id, member.birth_date, member.last_name, member.first_name


@dataclass(frozen=True, slots=True)
class _Member:
    """A person of the answer, and where each value stands."""

    member_id: tuple[str, Place | None]
    birth_date: tuple[str, Place | None]
    last_name: tuple[str, Place | None]
    first_name: tuple[str, Place | None]

    def born(self) -> Date | None:
        """The birth date, where it is one."""
        return day(basic(self.birth_date[0]))

    def named(self) -> Named:
        """What tells a person."""
        return Named(self.member_id[0] or None, self.born(), self.last_name[0] or None, self.first_name[0] or None)


def _member(taker: Taker, root: Place, mapped: Member) -> _Member | None:
    found = _Member(*(taker.one(root, value) for value in _values(mapped)))
    given = (found.member_id, found.birth_date, found.last_name, found.first_name)
    return found if any(text for text, _ in given) else None


def _corrected(taker: Taker, members: Sequence[_Member], question: Question) -> Corrected | None:
    """What the payer has on file otherwise, of the first person it names. What is the same as ours needs no place; what
    differs of further persons is kept."""
    told = corrected(question, members[0].named()) if members else None
    for place, found in enumerate(members):
        values = (found.member_id, found.birth_date, found.last_name, found.first_name)
        others = (told.member_id, told.birth_date, told.last_name, told.first_name) if told else (None,) * 4
        for (text, where), other in zip(values, others, strict=True):
            if (place == 0 and other is not None) or as_asked(question, text):
                taker.take(where)
    return told
