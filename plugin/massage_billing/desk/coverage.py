"""One coverage: what its payer answered, in normal form, what of it matters for massage, and the evidence. PHI."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
NOT_SAID: Final = "not said"
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
    """What matters for a visit. Where the networks differ each is told; what the payer does not say is told as not
    said, never as zero."""
    ways = picked.options
    yield _figure("Massage covered", ways, lambda one: _yes(one.covered, "covered", "not covered"))
    yield _figure("Copay a visit", ways, lambda one: _money(one.copay))
    yield _figure("Patient's share", ways, lambda one: _percent(one.coinsurance))
    yield _figure("Deductible left", ways, lambda one: _money(one.deductible_left))
    yield _figure("Until the plan pays everything", ways, lambda one: _money(one.out_of_pocket_left))
    yield _figure("Visits", ways, lambda one: "no limit" if one.unlimited else _counted(one))
    yield _figure("Authorization", ways, _authorization)
    yield _figure("Referral", ways, lambda one: _yes(one.referral, "needed", "not needed"))
    if picked.shown.provider_limits:
        yield Figure("Only by", ", ".join(picked.shown.provider_limits), True)
    if picked.shown.other_coverage:
        yield Figure("Other coverage", ", ".join(picked.shown.other_coverage), True)


def _figure(name: str, ways: Sequence[Benefits], tell: Callable[[Benefits], str]) -> Figure:
    """One value where all ways agree; else one a network."""
    by_network: dict[Network, list[str]] = {}
    for one in ways:
        by_network.setdefault(one.network, []).append(tell(one))
    told = {network: _of_one(values) for network, values in by_network.items()}
    if len(set(told.values())) == 1:
        value = next(iter(told.values()))
        return Figure(name, value or NOT_SAID, bool(value))
    each = [f"{NETWORKS[network]}: {value or NOT_SAID}" for network, value in told.items()]
    return Figure(name, "; ".join(each), True)


def _of_one(values: Sequence[str]) -> str:
    """What is told of one network, where the payer says several things of the same weight."""
    return " or ".join(dict.fromkeys(value for value in values if value))


def _authorization(one: Benefits) -> str:
    return ", ".join(f"{of or 'any'}: {'needed' if need else 'not needed'}" for of, need in one.authorization)


def _yes(value: bool | None, yes: str, no: str) -> str:
    return "" if value is None else yes if value else no


def _money(amount: Decimal | None) -> str:
    return "" if amount is None else f"${amount:,.2f}"


def _percent(share: Decimal | None) -> str:
    return "" if share is None else f"{(share * 100).normalize():f} percent"


def _counted(one: Benefits) -> str:
    if one.left is None and one.allowed is None:
        return ""
    unit = "" if one.unit is CountUnit.NO_DATA else f" {one.unit.value}"
    period = f" in the {one.period.replace('-', ' ')}" if one.period else ""
    used = f", {number(one.used)} used" if one.used is not None else ""
    shared = ", shared with other therapies" if one.shared else ""
    if one.left is None:
        return f"{number(one.allowed)}{unit} allowed{period}{used}{shared}"
    of = f" of {number(one.allowed)}" if one.allowed is not None else ""
    return f"{number(one.left)}{of}{unit} left{period}{used}{shared}"


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
    return tuple(_of_answer(answered, terms)) if answered is not None else ()


def _of_answer(answered: Known, terms: Eligibility) -> Iterator[LimitBar]:
    """The least that the payer's answer leaves, in whichever network."""
    told = [(one, one.left if one.left is not None else one.allowed) for one in _picked(answered, terms).options]
    counted = [(one, rest) for one, rest in told if rest is not None]
    if not counted:
        return
    one, rest = min(counted, key=lambda pair: pair[1])
    where = f" {NETWORKS[one.network]}" if len({each.network for each, _ in told}) > len(counted) else ""
    why = f"as the payer said{where} when it was asked on {answered.asked_on}; papers and booked visits are not counted"
    yield LimitBar("plan", rest, one.allowed, one.unit.value, why, True)


def _bar(one: Limit, binds: bool, allowed: Decimal | None) -> LimitBar:
    visits = one.visits
    rest, unit = (Decimal(visits), "visits") if visits is not None else (one.left, one.unit.value)
    of = allowed if one.of == "plan" and allowed is not None and allowed >= rest else None
    return LimitBar(one.of, rest, of, unit, one.told or one.source, binds)


# --- everything the payer told --------------------------------------------------------------------------------------


def _line(one: Benefit) -> BenefitLine:
    value = [f"${one.amount:,.2f}"] if one.amount is not None else []
    value += [_percent(one.share)] if one.share is not None else []
    value += [one.measure.value] if one.measure != "plain" and value else []
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
