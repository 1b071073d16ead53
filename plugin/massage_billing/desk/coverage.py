"""One coverage: what its payer answered, in normal form, what of it matters for massage, and the evidence. PHI."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal
from typing import Final

from massage_billing.model import (
    AnswerKind,
    Benefit,
    Benefits,
    Count,
    CountUnit,
    Known,
    Limit,
    Network,
    Readiness,
    Reason,
    Standing,
    Verdict,
)
from massage_billing.ports import Asking, QuestionRow
from massage_billing.previsit.benefits import Picked, pick
from massage_billing.previsit.relevant import Wanted
from massage_billing.previsit.terms import Eligibility

STANDINGS: Final = {
    Standing.IN_FORCE: ("In force", "ready"),
    Standing.NOT_IN_FORCE: ("Not in force", "blocked"),
    Standing.NO_DATA: ("The payer does not say", "unknown"),
}
"""What people read, and how it looks."""
NETWORKS: Final = {
    Network.IN: "in network", Network.OUT: "out of network", Network.BOTH: "in and out of network", Network.NO_DATA: "",
}  # fmt: skip
"""What people read."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that matters for a visit."""

    name: str
    """What it is."""
    value: str
    """What the payer says; "not said" where it does not."""
    said: bool
    """The payer says it."""


@dataclass(frozen=True, slots=True)
class BenefitLine:
    """One benefit as the payer tells it."""

    what: str
    """"copay", or "limit"."""
    of: str
    """Code or service types it holds for."""
    value: str
    """Dollars, share, counts."""
    holds: str
    """Period, level, network, authorization."""
    texts: tuple[str, ...]
    """The payer's words."""


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One answer."""

    known: Known
    """As it is kept."""
    standing: str
    """Whether coverage is in force, for people."""
    tone: str
    """How that looks."""
    figures: tuple[Figure, ...]
    """What matters for massage; empty where the payer did not answer."""
    rejections: tuple[Reason, ...]
    """Why it did not answer, and what to do."""
    benefits: tuple[BenefitLine, ...]
    """Everything it told."""
    evidence: bool
    """What was received is still kept, byte for byte."""


@dataclass(frozen=True, slots=True)
class LimitBar:
    """One thing that limits visits, for the chart."""

    name: str
    """"plan", "authorization", "prescription"."""
    left: Decimal
    """What is left."""
    allowed: Decimal | None
    """Of how many; None where nobody says."""
    unit: str
    """"visits"."""
    told: str
    """How it was counted."""
    binds: bool
    """It is the least."""


@dataclass(frozen=True, slots=True)
class CoverageView:
    """One coverage with everything payers said of it."""

    coverage: str
    """"Coverage/5"."""
    patient: str
    """"Patient/3"; "" where no question names one."""
    questions: tuple[QuestionRow, ...]
    """The newest question of each payer."""
    answers: tuple[AnswerView, ...]
    """The newest first."""
    verdict: Verdict | None
    """What has to be settled before the coming appointment, where it is known."""
    limits: tuple[LimitBar, ...]
    """What limits visits."""

    @property
    def newest(self) -> AnswerView | None:
        """The newest answer."""
        return self.answers[0] if self.answers else None


def coverage_view(
    asking: Asking, host: str, coverage: str, terms: Eligibility, verdict: Verdict | None = None
) -> CoverageView | None:
    """One coverage ("Coverage/5"); None where nobody was asked about it. Raises StoreError."""
    questions = [one for (of, _), one in asking.questions(host, [coverage]).items() if of == coverage]
    known = asking.answers(host, [coverage]).get(coverage, [])
    if not questions and not known:
        return None
    answers = tuple(answer_view(one, terms, asking.evidence(one.question) is not None) for one in known)
    patient = questions[0].patient if questions else known[0].patient
    newest = sorted(questions, key=lambda one: (one.day, one.payer), reverse=True)
    return CoverageView(coverage, patient, tuple(newest), answers, verdict, limits(verdict, known, terms))


def answer_view(known: Known, terms: Eligibility, evidence: bool) -> AnswerView:
    """One answer, for people."""
    answer = known.answer
    word, tone = STANDINGS[answer.standing]
    if answer.kind is AnswerKind.REFUSED:
        word, tone = "Not answered", "act"
    told = answer.kind is AnswerKind.ANSWERED
    return AnswerView(
        known=known, standing=word, tone=tone,
        figures=tuple(figures(_picked(known, terms))) if told else (),
        rejections=tuple(terms.rejection(one.code) for one in answer.rejections),
        benefits=tuple(_line(one) for one in answer.benefits), evidence=evidence,
    )  # fmt: skip


def _picked(known: Known, terms: Eligibility) -> Picked:
    """What bears on massage, whichever code is planned and whichever network the therapist is in."""
    return pick(known.answer, Wanted(known.answer.asked_for, (), Network.NO_DATA), terms.asking)


# --- figures --------------------------------------------------------------------------------------------------------


def figures(picked: Picked) -> Iterator[Figure]:
    """What matters for a visit; what the payer does not say is told as not said, never as zero."""
    shown, ways = picked.shown, picked.options
    yield _figure("Massage covered", _yes(shown.covered, "covered", "not covered"))
    yield _figure("Copay a visit", _money(shown.copay, [one.copay for one in ways]))
    yield _figure("Patient's share", _share(shown.coinsurance, [one.coinsurance for one in ways]))
    yield _figure("Deductible left", _money(shown.deductible_left, [one.deductible_left for one in ways]))
    most = _money(shown.out_of_pocket_left, [one.out_of_pocket_left for one in ways])
    yield _figure("Until the plan pays everything", most)
    yield _figure("Visits", "no limit" if shown.unlimited else _counted(shown))
    needed = ", ".join(f"{of or 'any'}: {'needed' if need else 'not needed'}" for of, need in shown.authorization)
    yield _figure("Authorization", needed)
    yield _figure("Referral", _yes(shown.referral, "needed", "not needed"))
    if shown.provider_limits:
        yield Figure("Only by", ", ".join(shown.provider_limits), True)
    if shown.other_coverage:
        yield Figure("Other coverage", ", ".join(shown.other_coverage), True)


def _figure(name: str, value: str) -> Figure:
    return Figure(name, value or "not said", bool(value))


def _yes(value: bool | None, yes: str, no: str) -> str:
    return "" if value is None else yes if value else no


def _money(one: Decimal | None, ways: Sequence[Decimal | None]) -> str:
    if one is not None:
        return f"${one:,.2f}"
    told = sorted({each for each in ways if each is not None})
    if not told:
        return ""
    spread = f"${told[0]:,.2f}" + (f" to ${told[-1]:,.2f}" if len(told) > 1 else "")
    return f"{spread}, by network or by which of two texts counts"


def _share(one: Decimal | None, ways: Sequence[Decimal | None]) -> str:
    if one is not None:
        return _percent(one)
    told = sorted({each for each in ways if each is not None})
    return f"{_percent(told[0])} to {_percent(told[-1])}, by network" if len(told) > 1 else ""


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f} percent"


def _counted(shown: Benefits) -> str:
    if shown.left is None and shown.allowed is None:
        return ""
    unit = "" if shown.unit is CountUnit.NO_DATA else f" {shown.unit.value}"
    period = f" in the {shown.period.replace('-', ' ')}" if shown.period else ""
    used = f", {number(shown.used)} used" if shown.used is not None else ""
    shared = ", shared with other therapies" if shown.shared else ""
    if shown.left is None:
        return f"{number(shown.allowed)}{unit} allowed{period}{used}{shared}"
    of = f" of {number(shown.allowed)}" if shown.allowed is not None else ""
    return f"{number(shown.left)}{of}{unit} left{period}{used}{shared}"


def number(value: Decimal | None) -> str:
    """A number as people write it; "" where there is none."""
    return "" if value is None else f"{value.normalize():f}"


# --- limits ---------------------------------------------------------------------------------------------------------


def limits(verdict: Verdict | None, known: Sequence[Known], terms: Eligibility) -> tuple[LimitBar, ...]:
    """What limits visits: as it was counted for the coming appointment, else as the payer's newest answer says."""
    left = verdict.visits_left if verdict is not None else None
    if left is not None and left.limits:
        allowed = verdict.benefits.allowed if verdict is not None and verdict.benefits is not None else None
        return tuple(_bar(one, one == left.binding, allowed) for one in left.limits)
    answered = next((one for one in known if one.answer.kind is AnswerKind.ANSWERED), None)
    shown = _picked(answered, terms).shown if answered is not None else None
    rest = None if shown is None else shown.left if shown.left is not None else shown.allowed
    if shown is None or answered is None or rest is None:
        return ()
    told = f"as the payer said when it was asked on {answered.asked_on}; papers and booked visits are not counted here"
    return (LimitBar("plan", rest, shown.allowed, shown.unit.value, told, True),)


def _bar(one: Limit, binds: bool, allowed: Decimal | None) -> LimitBar:
    visits = one.visits
    rest, unit = (Decimal(visits), "visits") if visits is not None else (one.left, one.unit.value)
    of = allowed if one.of == "plan" and allowed is not None and allowed >= rest else None
    return LimitBar(one.of, rest, of, unit, one.told or one.source, binds)


# --- everything the payer told --------------------------------------------------------------------------------------


def _line(one: Benefit) -> BenefitLine:
    value = [f"${one.amount:,.2f}"] if one.amount is not None else []
    value += [_percent(one.share)] if one.share is not None else []
    value += [one.measure.value] if one.measure != "plain" else []
    value += [_count(each) for each in one.counts]
    needed = None if one.authorization is None else f"{'' if one.authorization else 'no '}authorization needed"
    holds = [one.period.replace("-", " "), one.level, NETWORKS[one.network], needed or "", one.plan or ""]
    of = one.procedure or ", ".join(one.service_types)
    words = one.kind.value.replace("-", " ")
    return BenefitLine(words, of, ", ".join(value), ", ".join(part for part in holds if part), one.messages)


def _count(one: Count) -> str:
    unit = "" if one.unit is CountUnit.NO_DATA else one.unit.value
    measure = "" if one.measure == "plain" else one.measure.value
    return " ".join(part for part in (number(one.quantity), unit, measure, one.period.replace("-", " ")) if part)


# --- evidence -------------------------------------------------------------------------------------------------------


def evidence(asking: Asking, host: str, coverage: str, question: str) -> tuple[bytes, str] | None:
    """What was received for a question about this coverage, and its media type; None where it is gone, or the question
    is about another. Raises StoreError."""
    asked = {one.question for one in asking.answers(host, [coverage]).get(coverage, [])}
    return asking.evidence(question) if question in asked else None


def verdict_of(judged: Sequence[Verdict], coverage: str, today: Date) -> Verdict | None:
    """Of appointments that were judged, the next one that this coverage would pay."""
    mine = [one for one in judged if one.coverage == coverage and one.date is not None and one.date >= today]
    return min(mine, key=lambda one: (one.date or today, one.readiness is Readiness.READY), default=None)
