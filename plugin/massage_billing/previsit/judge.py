"""What has to be settled before one appointment, step by step: read this file first.

Every step is one question that the front desk asks, answered by one file beside this one; what it finds is a reason
(rules/eligibility/reasons.yaml). The worst reason says how ready the appointment is. Nothing here reads a clock, a file
or the network, and what nobody said is never taken for a yes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date as Date
from typing import Final

from massage_billing.coding import payer as payers
from massage_billing.coding.day import Day, Policy
from massage_billing.coding.paper_fits import Asked, merged
from massage_billing.errors import NoRuleForDate
from massage_billing.model import (
    NOWHERE,
    AnswerKind,
    Appointment,
    Clinic,
    CostRange,
    CoverageKind,
    Elsewhere,
    Known,
    Network,
    Readiness,
    Reason,
    Standing,
    Verdict,
    VisitsLeft,
)
from massage_billing.previsit import answered, clocks, cost, covers, needed, visits_left
from massage_billing.previsit.answered import NEVER_ASKED, State
from massage_billing.previsit.ask import Today, plan_year
from massage_billing.previsit.benefits import Picked, pick
from massage_billing.previsit.clocks import Unfiled
from massage_billing.previsit.needed import Desk
from massage_billing.previsit.planned import Planned, planned
from massage_billing.previsit.relevant import Wanted
from massage_billing.previsit.terms import Eligibility
from massage_billing.previsit.visits_left import NOTHING_BEFORE, Before
from massage_billing.previsit.which import Billed, PatientPays

_WORST: Final = (Readiness.BLOCKED, Readiness.ACT, Readiness.UNKNOWN, Readiness.READY)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known around one appointment, beside the appointment itself."""

    billed: Billed
    """Whom it would be billed to (``which.billed``)."""
    known: Known | None = None
    """The newest answer about that coverage by that payer, whatever it says (``ask.newest``)."""
    state: State = NEVER_ASKED
    """Where the last question stands, and what our own data lacks for one."""
    first_visit: bool | None = None
    """Whether it is the patient's first visit; None where nobody can tell: taken for one."""
    network: Network = Network.NO_DATA
    """IN or OUT as the therapist is enrolled with the payer on the day."""
    elsewhere: Elsewhere = NOWHERE
    """What other visits used of the patient's papers (``uses``, ``counted``)."""
    before: Before = NOTHING_BEFORE
    """The patient's own appointments before this one."""
    unfiled: tuple[Unfiled, ...] = ()
    """Earlier visits of the patient that are not billed yet."""
    credential_reasons: tuple[Reason, ...] = ()
    """What the therapist's and clinic's credentials say for this payer and date."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What is the same for every appointment of a day."""

    clinic: Clinic
    """The clinic's payers, fees and papers."""
    day: Day
    """The rulebook's day of the appointment."""
    terms: Eligibility
    """rules/eligibility."""
    today: Today
    """The day it is judged on, and how old an answer may be."""


def judge(appointment: Appointment, facts: Facts, rules: Rules) -> Verdict:
    """What is to be settled before an appointment. Pure: the same arguments give the same verdict."""
    told = [*_record(appointment, rules.terms), *facts.credential_reasons]
    if facts.billed.patient_pays is not None:
        return _patient_pays(appointment, facts, rules, told)

    # Whom would it be billed to, and does the payer say that the coverage is in force?
    told += facts.billed.doubts
    policy = _policy(facts.billed, rules)
    plan = _planned(appointment, rules, policy, facts.billed)
    told += answered.reasons(appointment, facts.billed, facts.known, facts.state, rules.today, rules.terms)
    picked = _picked(appointment, facts, rules)

    # Does it pay this treatment, by this therapist, first?
    if picked is not None and facts.known is not None:
        told += covers.reasons(appointment, picked, facts.known.answer, facts.billed, facts.first_visit, rules.clinic,
                               rules.terms)  # fmt: skip
        told += [rules.terms.reason("massage-not-covered-in-words")] if picked.not_covered_in_words else []

    # Is every paper on file, how many visits are left, what ends soon?
    desk = _desk(appointment, facts, rules, policy, picked, plan)
    told += needed.reasons(desk, facts.first_visit, rules.terms)
    told += _by_code(appointment, picked, facts.known, rules)
    shown = picked.shown if picked else None
    options = picked.options if picked else ()
    left = visits_left.left(shown, needed.binding(desk), desk.terms, desk.asked, plan, facts.before, options)
    told += _left(left, picked, rules.terms)
    ending = clocks.clocks(desk.papers, desk.terms, facts.unfiled, rules.day.on, rules.today.on, rules.terms)
    told += ending.reasons

    # What will the patient pay?
    paid = _cost(appointment, facts, rules, picked, plan, left)
    return replace(
        _of_payer(_verdict(appointment, _surely(told, rules.terms)), facts, rules.day.on),
        benefits=shown,
        visits_left=left,
        cost=paid,
        clocks=ending.clocks,
        authorization=needed.authorization(desk),
    )


def _of_payer(found: Verdict, facts: Facts, day: Date) -> Verdict:
    """Whom it would be billed to, whether that is in force on the day, and when the payer was asked."""
    coverage, entry, known = facts.billed.coverage, facts.billed.payer, facts.known
    return replace(
        found,
        payer=entry.key if entry else None,
        coverage=coverage.id if coverage else None,
        answered_on=known.asked_on if known and known.answer.kind is AnswerKind.ANSWERED else None,
        standing=Standing.NO_DATA if known is None else answered.standing(known, day),
    )


def _cost(
    appointment: Appointment, facts: Facts, rules: Rules, picked: Picked | None, plan: Planned, left: VisitsLeft
) -> CostRange:
    own = _own_plan(appointment, rules)
    if facts.known is not None and answered.out_of_force(facts.known, rules.day.on):
        return cost.patient_pays(own, "The coverage is not in force by the payer's answer: the patient pays.")
    options = picked.options if picked else ()
    sure = left.visits == 0 and left.binding is not None and not left.binding.differs
    no_dollars = picked.dollars_used_up if picked else ()
    used_up = [sure or none or visits_left.used_up(one, plan, facts.before)
               for one, none in zip(options, no_dollars, strict=True)]  # fmt: skip
    return cost.expected(options, plan, own, bool(facts.billed.later), used_up)


def _verdict(appointment: Appointment, told: Iterable[Reason]) -> Verdict:
    """The worst reason first; of equal ones as they were found."""
    reasons = sorted(dict.fromkeys(told), key=lambda reason: _WORST.index(reason.readiness))
    readiness = reasons[0].readiness if reasons else Readiness.UNKNOWN
    return Verdict(appointment.id, appointment.patient, appointment.date, readiness, tuple(reasons))


def _surely(told: list[Reason], terms: Eligibility) -> list[Reason]:
    """Ready only where a payer said that the coverage is in force: whatever else was found, or was not."""
    if any(one.id == "coverage-in-force" or one.readiness is not Readiness.READY for one in told):
        return told
    return [*told, terms.reason("not-asked")]


def _record(appointment: Appointment, terms: Eligibility) -> Iterator[Reason]:
    """What reading the appointment found wrong."""
    if appointment.patient is None or appointment.date is None:
        yield terms.reason("appointment-unreadable", about=f"Appointment/{appointment.id}")
    for problem in appointment.problems:
        yield terms.reason("record-problem", problem.detail, about=problem.about, source=problem.rule)


def _patient_pays(appointment: Appointment, facts: Facts, rules: Rules, told: list[Reason]) -> Verdict:
    """No payer is billed: why, and what the patient pays. Of a plan that is not to be told, nothing is said."""
    why = facts.billed.patient_pays
    if why is PatientPays.RESTRICTED:
        told.append(rules.terms.reason("patient-pays-restricted", about=appointment.restricted))
    elif why is PatientPays.SELF_PAY:
        told.append(rules.terms.reason("patient-pays"))
    else:
        id = "no-coverage" if facts.first_visit is False else "no-coverage-first"
        told.append(rules.terms.reason(id))
    return replace(
        _verdict(appointment, told),
        cost=cost.patient_pays(_own_plan(appointment, rules), "The patient pays."),
        patient_pays=True,
    )


def _policy(billed: Billed, rules: Rules) -> Policy | None:
    name = payers.policy_name(billed.payer, rules.clinic, rules.day)
    try:
        return rules.day.policy(name) if name is not None else None
    except NoRuleForDate:
        return None


def _own_plan(appointment: Appointment, rules: Rules) -> Planned:
    """What is planned, at the price for patients who pay."""
    own = next((one for one in rules.day.policies.values() if one.terms.patient_pays), None)
    return planned(appointment, rules.clinic, rules.day, own, CoverageKind.SELF_PAY.value)


def _planned(appointment: Appointment, rules: Rules, policy: Policy | None, billed: Billed) -> Planned:
    return planned(appointment, rules.clinic, rules.day, policy, billed.payer.key if billed.payer else None)


def _picked(appointment: Appointment, facts: Facts, rules: Rules) -> Picked | None:
    """What the answer says of the treatment; None where there is none, or the coverage is none on the day."""
    if facts.known is None or not answered.tells_benefits(facts.known, rules.day.on):
        return None
    wanted = Wanted(rules.day.on, appointment.codes, facts.network)
    picked = pick(facts.known.answer, wanted, rules.terms.asking)
    payer = facts.billed.payer
    if payer is not None and facts.known.answer.asked_for < plan_year(rules.day.on, payer):
        return picked.of_another_year()
    return picked


def _desk(
    appointment: Appointment, facts: Facts, rules: Rules, policy: Policy | None, picked: Picked | None, plan: Planned
) -> Desk:
    payer = facts.billed.payer.key if facts.billed.payer else None
    own = needed.of_patient(rules.clinic.papers, appointment.patient, payer)
    papers = merged([*needed.of_patient(appointment.papers, appointment.patient, payer), *own])
    units = plan.units if len(appointment.codes) == 1 and plan.units is not None else 0
    asked = Asked(rules.day.on, {code: units for code in appointment.codes}, facts.elsewhere)
    return Desk(tuple(papers), policy, picked.shown if picked else None, asked, facts.before.booked)


def _by_code(appointment: Appointment, picked: Picked | None, known: Known | None, rules: Rules) -> Iterator[Reason]:
    """Where no code is planned: codes of the clinic's for which the payer wants an authorization, so that it hangs on
    what will be done."""
    if picked is None or known is None or appointment.codes:
        return
    ours = {fee.code for fee in rules.clinic.fees or ()}
    wanted = {benefit.procedure for benefit in known.answer.benefits if benefit.authorization}
    codes = sorted(code for code in wanted if code is not None and code in ours)
    if codes and not any(yes for _, yes in picked.shown.authorization):
        message = f"The payer wants an authorization for {', '.join(codes)}, and the appointment plans no code."
        yield rules.terms.reason("authorization-by-code", message)


def _left(left: VisitsLeft, picked: Picked | None, terms: Eligibility) -> Iterator[Reason]:
    """What is said of visits left."""
    binding = left.binding
    if binding is not None and left.visits == 0 and binding.differs:
        yield terms.reason("visits-unclear", binding.told, about=binding.source)
    elif binding is not None and left.visits == 0:
        yield terms.reason("visits-used-up", f"{binding.told} No visit is left by the {binding.of}.",
                           about=binding.source)  # fmt: skip
    elif binding is not None and left.visits is not None and left.visits <= terms.asking.warn_visits.left:
        yield terms.reason("few-visits-left", f"{binding.told} At most {left.visits} left by the {binding.of}.",
                           about=binding.source)  # fmt: skip
    for limit in left.limits:
        if limit.visits is None:
            yield terms.reason("limit-not-in-visits", limit.told, about=limit.source)
        if limit.shared:
            yield terms.reason("limit-shared", about=limit.source)
    if picked is None:
        return
    if picked.limit_in_words:
        yield terms.reason("limit-in-words")
    for rate in picked.rates:
        yield terms.reason("limit-rate", f"The payer pays {rate.quantity.normalize():f} {rate.unit} a {rate.period}.")
    yield from _dollars(picked, terms)


def _dollars(picked: Picked, terms: Eligibility) -> Iterator[Reason]:
    """What is said of dollars left: nothing is left for sure only where it is so whichever way the answer can be."""
    if picked.dollars_left is None:
        return
    if all(picked.dollars_used_up):
        yield terms.reason("limit-dollars-used-up")
    elif any(picked.dollars_used_up):
        yield terms.reason("limit-dollars-unclear")
    else:
        yield terms.reason("limit-dollars", f"The payer still pays ${picked.dollars_left:,.2f}.")
