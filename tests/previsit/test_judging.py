"""The verdict of an appointment: what is to be settled, by whom; and that no data is never a yes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massage_billing.coding.policy_terms import PolicyRow
from massage_billing.model import (
    Answer,
    AnswerKind,
    Appointment,
    Benefit,
    Clinic,
    Corrected,
    CountUnit,
    Elsewhere,
    Entity,
    Fee,
    Known,
    Measure,
    Network,
    Paper,
    PaperKind,
    PaperUse,
    PayerAsking,
    PayerRef,
    Plan,
    Problem,
    Readiness,
    Reason,
    Rejection,
    Result,
    Standing,
    Therapist,
    Verdict,
    Who,
)
from massage_billing.previsit import which
from massage_billing.previsit.answered import State
from massage_billing.previsit.ask import newest
from massage_billing.previsit.clocks import Unfiled
from massage_billing.previsit.judge import Facts, Rules, judge
from massage_billing.previsit.visits_left import Before
from massage_billing.rulebook.examples import Varied
from previsit.making import (
    BOOK,
    DAY,
    TERMS,
    TODAY,
    ago,
    answer,
    appointment,
    benefit,
    clinic,
    coverage,
    dollars,
    known,
    payer,
    today,
    visits,
)

READY, UNKNOWN, ACT, BLOCKED = Readiness.READY, Readiness.UNKNOWN, Readiness.ACT, Readiness.BLOCKED
WORSE = {READY: 0, UNKNOWN: 1, ACT: 2, BLOCKED: 3}
LEFT = Measure.LEFT
GOOD = (
    benefit("active", "BE", authorization=False),
    benefit("limit", "BE", counts=visits(20, 5, 15)),
    benefit("copay", "BE", **dollars("25")),
    benefit("deductible", "30", **dollars("0", LEFT)),
    benefit("coinsurance", "BE", share=Decimal(0)),
)
"""Everything that a payer can say in favour."""


def verdict(
    *benefits: Benefit,
    visit: Appointment | None = None,
    said: Known | bool | None = True,
    of: Clinic | None = None,
    policy: dict[str, Any] | None = None,
    **facts: Any,
) -> Verdict:
    """The verdict of an appointment whose payer answered with these benefits; ``said=None``: it did not answer."""
    visit, of = visit or appointment(), of or clinic()
    answered = known(answer(*(benefits or GOOD))) if said is True else said or None
    answers = [answered] if answered else []
    book = Varied(BOOK, "commercial-midpoint", policy) if policy else BOOK
    day = book.on(visit.date or DAY)
    billed = which.billed(visit, of, day, {one.coverage: [one] for one in answers}, TERMS)
    if billed.coverage is not None and billed.payer is not None:
        answered = newest(answers, billed.coverage.id, billed.payer.key, visit.date)
    usual: dict[str, Any] = {"first_visit": False, "network": Network.IN, "elsewhere": Elsewhere(counted=True)}
    return judge(visit, Facts(billed, answered, **{**usual, **facts}), Rules(of, day, TERMS, today()))


def ids(found: Verdict, *, told: bool = False) -> list[str]:
    return [one.id for one in found.reasons if told or one.readiness is not READY]


# --- ready ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [True, False, None])
def test_an_appointment_whose_payer_says_all_is_well_is_ready(first: bool | None) -> None:
    found = verdict(first_visit=first)
    assert (found.readiness, ids(found)) == (READY, [])
    assert "coverage-in-force" in ids(found, told=True)
    assert found.visits_left is not None
    assert (found.visits_left.visits, found.coverage, found.payer) == (15, "Coverage/5", "plan")
    assert found.answered_on == TODAY


def test_a_deductible_that_is_not_met_is_told_in_the_cost_and_blocks_nothing() -> None:
    open_ = benefit("deductible", "30", **dollars("700", LEFT))
    found = verdict(*GOOD[:3], open_, benefit("coinsurance", "BE", share=Decimal("0.2")))
    assert found.readiness is READY
    assert found.cost is not None
    assert found.cost.most == Decimal("160.00")


def test_a_patient_who_asked_not_to_tell_the_plan_is_ready_and_nothing_of_the_plan_is_shown() -> None:
    found = verdict(visit=appointment(restricted="Consent/1"))
    assert (found.readiness, ids(found, told=True)) == (READY, ["patient-pays-restricted"])
    assert (found.payer, found.coverage, found.benefits, found.answered_on) == (None, None, None, None)
    assert found.cost is not None
    assert (found.cost.least, found.cost.most) == (Decimal("160.00"), Decimal("160.00"))


@pytest.mark.parametrize(("first", "readiness"), [(True, ACT), (None, ACT), (False, READY)])
def test_a_first_visit_without_coverage_on_record_is_never_ready(first: bool | None, readiness: Readiness) -> None:
    assert verdict(visit=appointment(coverages=()), first_visit=first).readiness is readiness


def test_a_record_that_says_the_patient_pays_is_ready() -> None:
    found = verdict(visit=appointment(coverages=(coverage(patient_is_payer=True),)), first_visit=True)
    assert (found.readiness, ids(found, told=True)) == (READY, ["patient-pays"])


# --- no answer ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "id"),
    [
        (State(), "not-asked"),
        (State("waiting"), "answer-awaited"),
        (State("asking"), "answer-awaited"),
        (State("later", "no answer in 20 s"), "answer-failed"),
        (State("given-up", "no answer in 20 s"), "answer-failed"),
    ],
)
def test_without_an_answer_it_is_unknown_and_says_why(state: State, id: str) -> None:
    found = verdict(said=None, state=state)
    assert (found.readiness, ids(found)) == (UNKNOWN, [id])
    assert not state.problem or state.problem in found.reasons[0].message
    assert found.benefits is None


def test_a_payer_whom_nobody_asks_is_unknown() -> None:
    found = verdict(said=None, of=clinic(payer(asking=PayerAsking("nobody"))))
    assert (found.readiness, ids(found)) == (UNKNOWN, ["payer-not-asked"])


def test_a_host_that_asks_by_itself_is_waited_for() -> None:
    assert ids(verdict(said=None, of=clinic(payer(asking=PayerAsking("host"))))) == ["answer-awaited"]


@pytest.mark.parametrize("first", [True, False])
def test_an_unknown_payer_is_never_ready(first: bool) -> None:
    visit = appointment(coverages=(coverage(payer=PayerRef("Organization/77")),))
    found = verdict(visit=visit, first_visit=first)
    assert found.readiness is ACT
    assert ids(found) == ["payer-unknown"]


def test_what_our_own_data_lacks_is_told_in_place_of_not_asked() -> None:
    fault = TERMS.reason("no-member-id", about="Coverage/5")
    assert ids(verdict(said=None, state=State(faults=(fault,)))) == ["no-member-id"]


@pytest.mark.parametrize(
    ("code", "readiness", "who"),
    [("72", ACT, Who.FRONT_DESK), ("71", ACT, Who.FRONT_DESK), ("75", ACT, Who.FRONT_DESK), ("43", UNKNOWN, Who.BILLER),
     ("62", UNKNOWN, Who.FRONT_DESK), ("QQ", ACT, Who.FRONT_DESK)],
)  # fmt: skip
def test_a_refusal_says_what_to_do_and_who_does_it(code: str, readiness: Readiness, who: Who) -> None:
    refused = answer(kind=AnswerKind.REFUSED, standing=Standing.NO_DATA, rejections=(Rejection(code, "C"),))
    found = verdict(said=known(refused))
    assert (found.readiness, ids(found)) == (readiness, ["rejected"])
    assert (found.reasons[0].who, code in found.reasons[0].message) == (who, True)
    assert found.reasons[0].fix
    assert found.benefits is None


@pytest.mark.parametrize(("code", "told"), [("ZZ", True), ("a001", True), ("JO DOE, 1980-02-03 IS UNKNOWN", False)])
def test_words_in_place_of_a_reasons_code_are_not_repeated(code: str, told: bool) -> None:
    refused = answer(kind=AnswerKind.REFUSED, rejections=(Rejection(code),), standing=Standing.NO_DATA)
    (message,) = [one.message for one in verdict(said=known(refused)).reasons if one.id == "rejected"]
    assert (code in message) is told


def test_a_refusal_without_a_reason_is_unknown() -> None:
    assert ids(verdict(said=known(answer(kind=AnswerKind.REFUSED, standing=Standing.NO_DATA)))) == ["not-answered"]


# --- in force -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "id"),
    [
        ({"standing": Standing.NOT_IN_FORCE}, "coverage-not-in-force"),
        ({"standing": Standing.NOT_IN_FORCE, "end": date(2026, 11, 10)}, "coverage-ended"),
        ({"standing": Standing.NOT_IN_FORCE, "start": date(2026, 12, 1)}, "coverage-not-started"),
        ({"asked_for": date(2026, 11, 15), "end": date(2026, 11, 17)}, "coverage-ended"),
        ({"plans": (Plan("p", None, Standing.IN_FORCE, date(2026, 1, 1), date(2026, 11, 17)),)}, "coverage-ended"),
    ],
)
def test_coverage_that_is_not_in_force_on_the_day_is_blocked(said: dict[str, Any], id: str) -> None:
    found = verdict(said=known(answer(*GOOD, **said)))
    assert (found.readiness, ids(found)) == (BLOCKED, [id])
    assert found.cost is not None
    assert found.cost.most == Decimal("160.00")


def test_an_answer_that_does_not_say_is_unknown() -> None:
    assert "standing-not-said" in ids(verdict(said=known(answer(*GOOD, standing=Standing.NO_DATA))))


def test_an_answer_about_another_day_counts_while_it_is_fresh_and_not_when_it_is_old() -> None:
    fresh = known(answer(*GOOD, asked_for=ago(3)), on=ago(3))
    assert verdict(said=fresh).readiness is READY
    old = known(answer(*GOOD, asked_for=ago(9)), on=ago(9))
    found = verdict(said=old)
    assert (found.readiness, ids(found)) == (UNKNOWN, ["answer-old"])


def test_an_answer_about_the_day_itself_grows_old_too() -> None:
    found = verdict(said=known(answer(*GOOD), on=ago(30)))
    assert (found.readiness, ids(found)) == (UNKNOWN, ["answer-old"])


def test_an_answer_about_a_later_month_says_nothing_of_this_one() -> None:
    found = verdict(said=known(answer(*GOOD, asked_for=date(2026, 12, 5))))
    assert (found.readiness, ids(found)) == (UNKNOWN, ["answer-old"])


def test_what_the_payer_has_otherwise_is_named_by_field_and_never_by_value() -> None:
    found = verdict(said=known(answer(*GOOD, corrected=Corrected(member_id="SECRET-9", last_name="Secretname"))))
    assert ids(found) == ["record-differs"]
    message = found.reasons[0].message
    assert "member id and family name" in message
    assert "SECRET" not in message.upper()


def test_where_the_payer_of_the_first_coverage_said_no_the_second_is_judged() -> None:
    both = (coverage(order=1), coverage("Coverage/6", order=2))
    found = verdict(visit=appointment(coverages=both), said=known(answer(standing=Standing.NOT_IN_FORCE)))
    assert found.coverage == "Coverage/6"
    assert ids(found) == ["not-asked"]
    assert "coverage-passed-over" in ids(found, told=True)


# --- whether it pays ------------------------------------------------------------------------------------------------


def test_massage_that_is_not_covered_is_blocked_and_costs_the_price_for_patients_who_pay() -> None:
    fees = (
        Fee("97124", Decimal("40"), date(2026, 1, 1)),
        Fee("97124", Decimal("25"), date(2026, 1, 1), payer="self-pay"),
    )
    found = verdict(benefit("not-covered", "BE"), of=clinic(fees=fees))
    assert (found.readiness, "massage-not-covered" in ids(found)) == (BLOCKED, True)
    assert found.cost is not None
    assert (found.cost.least, found.cost.most) == (Decimal("100.00"), Decimal("100.00"))


@pytest.mark.parametrize("kind", ["active", "description", "limit", "restricted"])
def test_words_that_may_say_that_massage_is_not_covered_have_to_be_read(kind: str) -> None:
    text = benefit(kind, "BE", messages=("MASSAGE THERAPY IS NOT A COVERED BENEFIT",))
    for some in ((text,), (text, *GOOD)):
        found = verdict(*some)
        assert found.readiness is not READY
        assert "massage-not-covered-in-words" in ids(found)


@pytest.mark.parametrize(("first", "readiness"), [(True, UNKNOWN), (None, UNKNOWN), (False, READY)])
def test_a_payer_that_answers_only_for_the_plan_leaves_a_first_visit_unknown(
    first: bool | None, readiness: Readiness
) -> None:
    found = verdict(benefit("active", "30"), first_visit=first)
    assert found.readiness is readiness
    assert ids(found) == (["massage-not-said", "authorization-not-said"] if readiness is UNKNOWN else [])


ONLY_PT = benefit("restricted", "BE", entities=(Entity("1P", taxonomy="225100000X"),))


@pytest.mark.parametrize(
    ("therapists", "id", "readiness"),
    [
        ((Therapist("Practitioner/7", "1234567893", ("225700000X",)),), "provider-not-allowed", BLOCKED),
        ((Therapist("Practitioner/7", "1234567893", ("225100000X",)),), "provider-allowed", READY),
        ((Therapist("Practitioner/7", "1234567893"),), "provider-limit", ACT),
        ((), "provider-limit", ACT),
    ],
)
def test_massage_only_by_a_physical_therapist(therapists: Any, id: str, readiness: Readiness) -> None:
    found = verdict(*GOOD, ONLY_PT, visit=appointment(therapists=therapists))
    assert (found.readiness, id in ids(found, told=True)) == (readiness, True)


def test_a_limit_of_providers_in_words_has_to_be_read_by_a_person() -> None:
    text = benefit("active", "BE", messages=("ONLY IF PERFORMED BY A PHYSICAL THERAPIST",))
    assert (verdict(*GOOD, text).readiness, ids(verdict(*GOOD, text))) == (ACT, ["provider-limit"])


@pytest.mark.parametrize(("role", "id", "readiness"), [("PRP", "other-payer-first", ACT), ("PR", "other-payer", ACT),
                                                       ("SEP", "other-payer-later", READY)])  # fmt: skip
def test_another_payer(role: str, id: str, readiness: Readiness) -> None:
    other = benefit("other-payer", "30", entities=(Entity(role, "Other Plan"),))
    found = verdict(*GOOD, other)
    assert (found.readiness, id in ids(found, told=True)) == (readiness, True)
    assert "Other Plan" not in " ".join(one.message for one in found.reasons)


# --- the dates that a payer states -----------------------------------------------------------------------------------

IN, EARLIER, NEXT = Standing.IN_FORCE, date(2026, 11, 17), date(2026, 11, 19)
OLD, NOW = Plan("old", None, IN, date(2025, 1, 1), EARLIER), Plan("now", None, IN, DAY, None)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"start": DAY}, []),
        ({"end": DAY}, []),
        ({"start": DAY, "end": DAY}, []),
        ({"plans": (OLD, NOW)}, []),
        ({"plans": (NOW, OLD)}, []),
        ({"plans": (replace(NOW, end=DAY), OLD)}, []),
        ({"plans": (OLD, replace(NOW, start=NEXT))}, []),  # in force by its word; the dates have a gap of a day
        ({"end": EARLIER}, ["coverage-ended"]),
        ({"start": NEXT}, ["coverage-not-started"]),
        ({"plans": (OLD, replace(OLD, end=date(2026, 11, 1)))}, ["coverage-ended"]),
        ({"plans": (replace(NOW, start=NEXT), replace(NOW, start=date(2027, 1, 1)))}, ["coverage-not-started"]),
    ],
)
def test_the_first_and_the_last_day_of_coverage_are_in_it(said: dict[str, Any], expected: list[str]) -> None:
    found = verdict(said=known(answer(*GOOD, **said)))
    assert [id for id in ids(found) if id.startswith("coverage-")] == expected
    assert (found.readiness is READY) is (not expected)
    assert (found.benefits is None) is bool(expected), "what is said of coverage that is out of force is no benefit"


# --- papers and visits ----------------------------------------------------------------------------------------------

NEEDED = (benefit("active", "BE", authorization=True), *GOOD[1:])
PAPER = Paper(PaperKind.AUTHORIZATION, "papers.csv:3", "Patient/1", "A1", visits=6, start=date(2026, 11, 1),
              end=date(2026, 12, 31))  # fmt: skip


def test_an_authorization_that_the_payer_wants_and_nobody_has_is_blocked() -> None:
    assert (verdict(*NEEDED).readiness, ids(verdict(*NEEDED))) == (BLOCKED, ["authorization-missing"])


def test_an_authorization_on_file_makes_it_ready_and_may_bind() -> None:
    found = verdict(*NEEDED, of=clinic(papers=(PAPER,)))
    assert (found.readiness, ids(found)) == (READY, [])
    assert found.visits_left is not None
    assert found.visits_left.binding is not None
    assert (found.visits_left.visits, found.visits_left.binding.of) == (6, "authorization")
    assert [clock.what for clock in found.clocks] == ["authorization ends"]


def test_one_that_ended_does_not_serve() -> None:
    found = verdict(*NEEDED, of=clinic(papers=(replace(PAPER, end=date(2026, 11, 17)),)))
    assert ids(found) == ["authorization-unfit"]
    assert "ended on 2026-11-17" in found.reasons[0].message


def test_another_patients_or_payers_paper_never_serves() -> None:
    for paper in (replace(PAPER, patient="Patient/2"), replace(PAPER, payer="other")):
        assert ids(verdict(*NEEDED, of=clinic(papers=(paper,)))) == ["authorization-missing"]


WANTS = {"papers": [{"kind": "authorization", "source": "own"}, {"kind": "order", "source": "own"}]}


def test_what_the_payers_policy_wants_is_asked_for_though_the_answer_is_silent() -> None:
    quiet = (benefit("active", "BE"), *GOOD[1:])
    found = verdict(*quiet, policy=WANTS)
    assert (found.readiness, ids(found)) == (BLOCKED, ["authorization-missing", "order-missing"])


def test_the_payers_no_outranks_the_policy() -> None:
    assert ids(verdict(policy=WANTS)) == ["order-missing"]


def test_a_policy_that_wants_it_from_the_seventh_visit_on() -> None:
    later = {"papers": [{"kind": "order", "source": "own", "from_visit": 7}]}
    use = PaperUse("injury:plan:", 5, 0)
    assert ids(verdict(policy=later, elsewhere=Elsewhere(uses=(use,), counted=True))) == []
    six = Elsewhere(uses=(replace(use, visits=6),), counted=True)
    assert ids(verdict(policy=later, elsewhere=six)) == ["order-missing"]
    booked = verdict(policy=later, elsewhere=Elsewhere(uses=(use,), counted=True), before=Before(booked=1))
    assert ids(booked) == ["order-missing"]
    assert ids(verdict(policy=later, elsewhere=Elsewhere())) == ["order-missing"]


@pytest.mark.parametrize(("first", "readiness"), [(True, UNKNOWN), (False, READY)])
def test_whether_an_authorization_is_needed_and_nobody_says(first: bool, readiness: Readiness) -> None:
    found = verdict(benefit("active", "BE"), *GOOD[1:], first_visit=first)
    assert found.readiness is readiness


def test_an_authorization_for_some_codes_is_unknown_where_no_code_is_planned() -> None:
    said = (benefit("active", "BE"), benefit("active", procedure="97124", authorization=True))
    other = benefit("active", procedure="72148", authorization=True)
    bare = appointment(codes=())
    assert ids(verdict(*said, visit=bare)) == ["authorization-by-code"]
    assert ids(verdict(said[0], other, visit=bare)) == []
    assert ids(verdict(*said, visit=appointment(codes=("97140",)))) == []
    assert "authorization-by-code" not in ids(verdict(*said, visit=bare, of=clinic(fees=None)))


def test_visits_that_are_used_up_are_blocked() -> None:
    found = verdict(GOOD[0], benefit("limit", "BE", counts=visits(20, 20, 0)), *GOOD[2:])
    assert (found.readiness, ids(found)) == (BLOCKED, ["visits-used-up"])
    assert found.cost is not None
    assert found.cost.least == Decimal("160.00")


def test_what_is_used_is_told_as_at_least_where_the_clinics_own_visits_are_counted_with_it() -> None:
    found = verdict(before=Before(booked=1, not_in_answer=2, this_year=4)).visits_left
    assert found is not None
    assert found.binding is not None
    assert (found.visits, found.binding.told) == (
        12,
        "The payer says that 15 of 20 visits are left in the calendar-year, 5 used; with 2 of this clinic that it does "
        "not count yet at least 7 are used; 1 booked before it.",
    )


@pytest.mark.parametrize("other", [{"network": Network.OUT}, {}])
def test_where_by_one_of_several_numbers_no_visit_is_left_it_is_never_ready(other: dict[str, Any]) -> None:
    none, more = (benefit("limit", "BE", counts=visits(None, None, n), **o) for n, o in ((0, {}), (12, other)))
    found = verdict(*GOOD[:1], benefit("active", "BE", authorization=False, network=Network.OUT), none, more,
                    network=Network.NO_DATA)  # fmt: skip
    assert (found.readiness, ids(found)) == (UNKNOWN, ["visits-unclear"])
    few = verdict(GOOD[0], *(replace(one, counts=visits(None, None, n)) for one, n in ((none, 2), (more, 12))),
                  network=Network.NO_DATA if other else Network.IN)  # fmt: skip
    assert few.visits_left is not None
    assert few.visits_left.visits == 2
    assert "few-visits-left" in ids(few, told=True)


def test_dollars_that_are_used_up_leave_the_price_to_the_patient() -> None:
    found = verdict(*GOOD, benefit("limit", "BE", **dollars("0", LEFT)))
    assert (found.readiness, ids(found)) == (BLOCKED, ["limit-dollars-used-up"])
    assert found.cost is not None
    assert found.cost.least == found.cost.most == Decimal("160.00")


def test_dollars_that_are_used_up_in_one_network_block_nothing_where_the_therapists_is_unknown() -> None:
    both = [replace(one, network=Network.BOTH) for one in GOOD]
    in_ = benefit("limit", "BE", **dollars("500", LEFT))
    out = replace(in_, network=Network.OUT, amount=Decimal(0))
    found = verdict(*both, in_, out, network=Network.NO_DATA)
    assert (found.readiness, ids(found)) == (UNKNOWN, ["limit-dollars-unclear"])
    assert found.cost is not None
    assert (found.cost.least, found.cost.most) == (Decimal("25.00"), Decimal("160.00"))
    assert verdict(*both, in_, out).readiness is READY
    for none, network in ((out, Network.OUT), (replace(out, network=Network.BOTH), Network.NO_DATA)):
        assert ids(verdict(*both, none, network=network)) == ["limit-dollars-used-up"]


def test_where_by_one_number_no_visit_is_left_the_price_may_be_the_patients() -> None:
    both = [replace(one, network=Network.BOTH) for one in (GOOD[0], *GOOD[2:])]
    none, more = (benefit("limit", "BE", counts=visits(None, None, n), network=network)
                  for n, network in ((0, Network.OUT), (12, Network.IN)))  # fmt: skip
    assert cost(*both, none, more, network=Network.NO_DATA) == (Decimal("25.00"), Decimal("160.00"))


def test_figures_of_the_last_plan_year_decide_nothing_in_the_new_one() -> None:
    used_up = (
        GOOD[0],
        benefit("limit", "BE", counts=visits(20, 20, 0)),
        benefit("limit", "BE", **dollars("0", LEFT)),
        *GOOD[2:],
        benefit("out-of-pocket", "30", **dollars("0", LEFT)),
    )
    before = known(answer(*used_up, asked_for=ago(3)), on=ago(3))
    assert "visits-used-up" in ids(verdict(said=before))
    begins = PayerAsking("ourselves", "x12", "60054", "Plan", plan_year_start=(11, 17))
    found = verdict(said=before, of=clinic(payer(asking=begins)))
    assert (found.readiness, ids(found)) == (UNKNOWN, ["answer-old"])
    assert found.benefits is not None
    assert (found.benefits.left, found.benefits.deductible_left, found.benefits.out_of_pocket_left) == (None,) * 3
    assert found.benefits.copay == Decimal(25)
    assert found.visits_left is not None
    assert found.visits_left.limits == ()
    assert found.cost is not None
    assert (found.cost.least, found.cost.most) == (Decimal("25.00"), Decimal("160.00"))
    same = known(answer(*used_up, asked_for=date(2026, 11, 17)), on=TODAY)
    assert "visits-used-up" in ids(verdict(said=same, of=clinic(payer(asking=begins))))


def test_appointments_booked_before_this_one_take_theirs_first() -> None:
    two = (GOOD[0], benefit("limit", "BE", counts=visits(20, 18, 2)), *GOOD[2:])
    assert verdict(*two, before=Before(booked=1)).readiness is READY
    assert ids(verdict(*two, before=Before(booked=2))) == ["visits-used-up"]
    assert ids(verdict(*two, before=Before(booked=1, not_in_answer=1))) == ["visits-used-up"]


def test_the_least_binds_and_every_limit_is_named() -> None:
    papers = (
        PAPER,
        replace(PAPER, kind=PaperKind.REFERRAL, source="papers.csv:4", number="R1", visits=4),
        replace(PAPER, kind=PaperKind.ORDER, source="ServiceRequest/4", number="O1", visits=9),
    )
    uses = Elsewhere(uses=(PaperUse("referral:R1", 1, 0, 1),), counted=True)
    wants = {"papers": [{"kind": "referral", "source": "own"}, {"kind": "order", "source": "own"}]}
    found = verdict(*NEEDED, of=clinic(papers=papers), elsewhere=uses, policy=wants)
    left = found.visits_left
    assert left is not None
    assert left.binding is not None
    assert (left.visits, left.binding.of) == (2, "referral")
    assert {limit.of: limit.visits for limit in left.limits} == {
        "plan": 15, "authorization": 6, "referral": 2, "prescription": 9,
    }  # fmt: skip
    assert "few-visits-left" in ids(found, told=True)


USED_UP = tuple(
    replace(PAPER, kind=kind, source=f"papers.csv:{line}", number=f"N{line}", visits=3, visits_used=3)
    for line, kind in ((4, PaperKind.REFERRAL), (5, PaperKind.ORDER), (6, PaperKind.PLAN_OF_CARE))
)


@pytest.mark.parametrize("paper", USED_UP, ids=lambda paper: paper.kind.value)
def test_a_used_up_paper_that_nobody_asks_for_blocks_nothing(paper: Paper) -> None:
    found = verdict(of=clinic(papers=(paper,)))
    assert (found.readiness, ids(found)) == (READY, [])
    assert found.visits_left is not None
    assert found.visits_left.visits == 15
    wants = {"papers": [{"kind": paper.kind.value, "source": "own"}]}
    asked_for = verdict(of=clinic(papers=(paper,)), policy=wants)
    assert (asked_for.readiness, "visits-used-up" in ids(asked_for)) == (BLOCKED, True)


def test_a_referral_that_the_payer_says_is_not_needed_is_not_asked_for_and_does_not_bind() -> None:
    wants = {"papers": [{"kind": "referral", "source": "own"}]}
    none = benefit("active", "BE", authorization=False, messages=("NO REFERRAL REQUIRED",))
    for papers in ((), USED_UP[:1]):
        found = verdict(none, *GOOD[1:], policy=wants, of=clinic(papers=papers))
        assert (found.readiness, ids(found)) == (READY, [])


@pytest.mark.parametrize("text", ["NO PCP REFERRAL REQUIRED", "REFERRAL REQUIRED: NO", "REFERRAL REQUIRED - N"])
def test_no_referral_is_asked_for_where_the_payer_says_no(text: str) -> None:
    assert ids(verdict(*GOOD, benefit("active", "BE", messages=(text,)))) == []


def test_a_used_up_authorization_binds_unless_the_payer_says_that_none_is_needed() -> None:
    used = clinic(papers=(replace(PAPER, visits_used=6),))
    quiet = verdict(benefit("active", "BE"), *GOOD[1:], of=used)
    assert (quiet.readiness, ids(quiet)) == (BLOCKED, ["visits-used-up"])
    assert verdict(of=used).readiness is READY


def test_a_second_authorization_adds_to_the_first() -> None:
    both = (PAPER, replace(PAPER, source="papers.csv:9", number="A2", visits=3))
    found = verdict(*NEEDED, of=clinic(papers=both))
    assert found.visits_left is not None
    assert found.visits_left.visits == 9


@pytest.mark.parametrize(
    ("unit", "left", "changes", "expected"),
    [
        (CountUnit.UNITS, 9, {}, 2),
        (CountUnit.UNITS, 9, {"codes": ()}, None),
        (CountUnit.UNITS, 0, {"codes": ()}, 0),
        (CountUnit.MINUTES, 150, {}, 2),
        (CountUnit.MINUTES, 150, {"end": None}, None),
        (CountUnit.HOURS, 3, {}, 3),
        (CountUnit.DAYS, 5, {}, 5),
        (CountUnit.MONTHS, 5, {}, None),
    ],
)
def test_units_and_minutes_are_visits_only_by_what_is_planned(
    unit: CountUnit, left: int, changes: dict[str, Any], expected: int | None
) -> None:
    limit = benefit("limit", "BE", counts=visits(None, None, left, unit))
    found = verdict(GOOD[0], limit, *GOOD[2:], visit=appointment(**changes))
    assert found.visits_left is not None
    assert found.visits_left.visits == expected
    assert ("limit-not-in-visits" in ids(found)) is (expected is None)


def test_a_limit_in_words_only_is_unknown() -> None:
    found = verdict(GOOD[0], benefit("limit", "BE", messages=("20 VISITS A YEAR",)), *GOOD[2:])
    assert (found.readiness, ids(found)) == (UNKNOWN, ["limit-in-words"])


def test_a_pool_with_other_therapies_is_told() -> None:
    found = verdict(GOOD[0], benefit("limit", "PT", counts=visits(20, 5, 15)), *GOOD[2:])
    assert "limit-shared" in ids(found, told=True)
    assert found.readiness is READY


def test_a_report_of_progress_that_is_due() -> None:
    wants = {"papers": [{"kind": "progress-report", "source": "own", "every_visits": 6, "every_days": 30}]}
    made = Paper(PaperKind.PROGRESS_REPORT, "papers.csv:5", "Patient/1", start=date(2026, 10, 20))
    fine = verdict(policy=wants, of=clinic(papers=(made,)))
    assert ids(fine) == []
    assert ("progress report due", date(2026, 11, 19)) in [(clock.what, clock.on) for clock in fine.clocks]
    assert ids(verdict(policy=wants, of=clinic(papers=(replace(made, start=date(2026, 10, 1)),)))) == [
        "progress-report-due"
    ]
    used = replace(made, visits_used=6)
    assert ids(verdict(policy=wants, of=clinic(papers=(used,)))) == ["progress-report-due"]


def test_earlier_visits_that_have_to_be_filed_soon_are_told() -> None:
    found = verdict(unfiled=(Unfiled("e1", date(2026, 11, 20)), Unfiled("e2", date(2027, 2, 1))))
    assert [one.about for one in found.reasons if one.id == "filing-limit-near"] == ["Encounter/e1"]
    assert [clock.days for clock in found.clocks] == [4, 77]


def test_reasons_of_credentials_count_like_any_other() -> None:
    reason = Reason("not-enrolled", BLOCKED, "Practitioner/7 is not enrolled.", "Enrol.", Who.OWNER)
    assert verdict(credential_reasons=(reason,)).readiness is BLOCKED


def test_a_problem_of_the_record_is_unknown() -> None:
    problem = Problem("record-readable", Result.NO_DATA, "Coverage/5 could not be read.", "Coverage/5")
    assert ids(verdict(visit=appointment(problems=(problem,)))) == ["record-problem"]


# --- cost -----------------------------------------------------------------------------------------------------------


def cost(*benefits: Benefit, **changes: Any) -> tuple[Decimal | None, Decimal | None]:
    found = verdict(*benefits, **changes).cost
    assert found is not None
    assert found.why
    return found.least, found.most


COPAY, SHARE = benefit("copay", "BE", **dollars("25")), benefit("coinsurance", "BE", share=Decimal("0.2"))
MET, NO_SHARE = benefit("deductible", "30", **dollars("0", LEFT)), benefit("coinsurance", "BE", share=Decimal(0))


@pytest.mark.parametrize(
    ("benefits", "expected"),
    [
        ((COPAY, MET, NO_SHARE), ("25.00", "25.00")),
        ((MET, NO_SHARE), ("0.00", "0.00")),
        ((MET, SHARE), (None, "32.00")),
        ((COPAY, MET, SHARE), ("25.00", "57.00")),
        ((benefit("deductible", "30", **dollars("60", LEFT)), SHARE), (None, "80.00")),
        ((benefit("deductible", "30", **dollars("900", LEFT)), SHARE), (None, "160.00")),
        ((COPAY,), ("25.00", "160.00")),
        ((SHARE,), (None, "160.00")),
        ((benefit("active", "30"),), (None, "160.00")),
        ((COPAY, MET, SHARE, benefit("out-of-pocket", "30", **dollars("30", LEFT))), ("25.00", "30.00")),
        ((COPAY, MET, SHARE, benefit("out-of-pocket", "30", **dollars("0", LEFT))), ("0.00", "0.00")),
    ],
)
def test_what_the_patient_is_expected_to_pay(benefits: Any, expected: tuple[str | None, str]) -> None:
    assert cost(*benefits) == tuple(None if each is None else Decimal(each) for each in expected)


def test_what_is_left_of_the_years_most_bounds_what_is_due_and_only_within_the_network() -> None:
    ten, nothing = (benefit("out-of-pocket", "30", **dollars(left, LEFT)) for left in ("10", "0"))
    assert cost(COPAY, MET, NO_SHARE, ten) == (Decimal("10.00"), Decimal("10.00"))

    def outside(*some: Benefit) -> tuple[Decimal | None, Decimal | None]:
        return cost(*(replace(one, network=Network.OUT) for one in some), network=Network.OUT)

    assert outside(COPAY, MET, SHARE, ten) == (Decimal("25.00"), Decimal("57.00")), "a plan's most is of its network"
    assert outside(COPAY, MET, SHARE, nothing) == (Decimal("0.00"), Decimal("160.00"))


def test_the_patients_part_is_never_more_than_the_charge() -> None:
    assert cost(replace(COPAY, amount=Decimal(150)), MET, SHARE) == (Decimal("150.00"), Decimal("160.00"))


def test_without_a_charge_only_what_does_not_hang_on_it_is_told() -> None:
    assert cost(COPAY, MET, SHARE, of=clinic(fees=None)) == (Decimal("25.00"), None)
    assert cost(COPAY, MET, NO_SHARE, of=clinic(fees=None)) == (Decimal("25.00"), Decimal("25.00"))


def test_without_an_answer_no_cost_can_be_told() -> None:
    assert cost(said=None) == (None, None)


def test_a_therapist_of_unknown_network_costs_a_range_over_both() -> None:
    outside = replace(COPAY, network=Network.OUT, amount=Decimal(60))
    free = [replace(one, network=Network.BOTH) for one in (MET, NO_SHARE)]
    assert cost(COPAY, outside, *free, network=Network.NO_DATA) == (Decimal("25.00"), Decimal("60.00"))


def test_another_coverage_that_pays_after_it_leaves_the_least_open() -> None:
    both = (coverage(order=1), coverage("Coverage/6", order=2))
    assert cost(COPAY, MET, NO_SHARE, visit=appointment(coverages=both)) == (None, Decimal("25.00"))


# --- properties -----------------------------------------------------------------------------------------------------

MANY = settings(max_examples=150, deadline=None)
FAVOURS = ("standing", "covered", "authorization", "limit", "network", "codes", "end", "first")
"""What can be taken away from an answer and an appointment that say only good things."""


def without(gone: set[str], first: bool) -> Verdict:
    """The verdict where only good is said, and some of it is not said; ``first``: whether it is the first visit."""
    said = [
        benefit("active", *([] if "covered" in gone else ["BE"]),
                authorization=None if "authorization" in gone else False),
        *([] if "limit" in gone else [GOOD[1]]),
        *GOOD[2:],
    ]  # fmt: skip
    if "covered" in gone:
        said = [replace(one, service_types=("30",)) for one in said]
    told: Answer = answer(*said, standing=Standing.NO_DATA if "standing" in gone else Standing.IN_FORCE)
    visit = appointment(
        codes=() if "codes" in gone else ("97124",), end=None if "end" in gone else datetime(2026, 11, 18, 11)
    )
    network = Network.NO_DATA if "network" in gone else Network.IN
    return verdict(visit=visit, said=known(told), network=network, first_visit=None if "first" in gone else first)


@MANY
@given(st.sets(st.sampled_from(FAVOURS)), st.sets(st.sampled_from(FAVOURS)), st.booleans())
def test_no_data_is_never_better_than_data_that_says_yes(gone: set[str], more: set[str], first: bool) -> None:
    assert WORSE[without(gone | more, first).readiness] >= WORSE[without(gone, first).readiness]


def test_taking_the_answer_away_is_never_better() -> None:
    assert WORSE[verdict(said=None).readiness] > WORSE[verdict().readiness]


anything = st.lists(
    st.builds(
        lambda kind, types, amount, counts, needed, entities: benefit(
            kind, *types, amount=amount, counts=counts, authorization=needed, entities=entities
        ),
        st.sampled_from(["active", "not-covered", "copay", "limit", "unlimited", "restricted", "other-payer", "contact",
                         "cannot-process", "deductible", "inactive"]),
        st.sampled_from([(), ("BE",), ("PT",), ("30",), ("35",)]), st.sampled_from([None, Decimal(0), Decimal(50)]),
        st.sampled_from([(), visits(20, 20, 0), visits(20), visits(None, None, 3, CountUnit.UNITS)]),
        st.sampled_from([None, True, False]),
        st.sampled_from([(), (Entity("1P", taxonomy="225100000X"),), (Entity("PRP", "x"),)]),
    ),
    max_size=5,
)  # fmt: skip
answers = st.none() | st.builds(
    lambda some, kind, standing, about, on, end, codes: known(
        answer(*some, kind=kind, standing=standing, asked_for=about, end=end,
               rejections=tuple(Rejection(code) for code in codes)), on=on
    ),
    anything, st.sampled_from([AnswerKind.ANSWERED] * 4 + [AnswerKind.REFUSED, AnswerKind.TRY_LATER]),
    st.sampled_from(Standing), st.sampled_from([DAY, ago(1), ago(40)]), st.sampled_from([TODAY, ago(1), ago(40)]),
    st.sampled_from([None, None, ago(3), date(2027, 1, 1)]),
    st.lists(st.sampled_from(["72", "42", "ZZ", ""]), max_size=2),
)  # fmt: skip
appointments = st.builds(
    appointment, codes=st.sampled_from([(), ("97124",), ("97124", "97140"), ("ABC",)]),
    therapists=st.sampled_from([(), appointment().therapists]),
    restricted=st.sampled_from([None, None, "Consent/1"]),
    coverages=st.sampled_from([(), (coverage(),), (coverage(end=date(2026, 11, 1)),),
                               (coverage(payer=PayerRef("Organization/77")),),
                               (coverage(order=1), coverage("Coverage/6", order=1))]),
)  # fmt: skip


@MANY
@given(appointments, answers, st.sampled_from([True, False, None]), st.sampled_from(list(Network)))
def test_whatever_is_answered_ready_means_that_nothing_is_worse_and_the_payer_said_yes(
    visit: Appointment, said: Known | None, first: bool | None, network: Network
) -> None:
    found = verdict(visit=visit, said=said, first_visit=first, network=network)
    assert WORSE[found.readiness] == max(WORSE[one.readiness] for one in found.reasons)
    assert [WORSE[one.readiness] for one in found.reasons] == sorted(
        (WORSE[one.readiness] for one in found.reasons), reverse=True
    )
    told = ids(found, told=True)
    if found.readiness is READY:
        assert {"coverage-in-force", "patient-pays", "patient-pays-restricted", "no-coverage"} & set(told)
    if found.readiness is READY and "coverage-in-force" in told:
        assert said is not None
        assert (said.answer.kind, said.answer.standing) == (AnswerKind.ANSWERED, Standing.IN_FORCE)
        assert said.answer.end is None or said.answer.end >= DAY
    if visit.restricted:
        assert (found.payer, found.coverage, found.benefits) == (None, None, None)
    for one in found.reasons:
        assert one.readiness is READY or (one.fix and one.who)


@MANY
@given(anything, st.randoms(use_true_random=False))
def test_the_order_in_which_a_payer_says_things_changes_no_verdict(some: list[Benefit], draw: Any) -> None:
    mixed = list(some)
    draw.shuffle(mixed)
    one, other = verdict(*GOOD, *some), verdict(*mixed, *GOOD)
    assert (one.readiness, set(one.reasons)) == (other.readiness, set(other.reasons))
    assert one.visits_left == other.visits_left
    assert one.cost is not None
    assert other.cost is not None
    assert (one.cost.least, one.cost.most, set(one.cost.why)) == (
        other.cost.least,
        other.cost.most,
        set(other.cost.why),
    )


def test_policies_of_the_book_can_be_varied_as_these_tests_do() -> None:
    day = Varied(BOOK, "commercial-midpoint", WANTS).on(DAY)
    assert isinstance(day.policy("commercial-midpoint").terms, PolicyRow)
    assert len(day.policy("commercial-midpoint").terms.papers) == 2
