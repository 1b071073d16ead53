"""How many visits are left before an appointment, by all that is remembered: answers, booked visits, papers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from builders import bill_to
from massage_billing.model import (
    Answer,
    AnswerKind,
    Benefit,
    BenefitKind,
    Count,
    CountUnit,
    Measure,
    Paper,
    PaperKind,
    Question,
    Standing,
)
from massage_billing.ports import Entry, VisitRow, VisitState
from sweep.world import HOST, TODAY, TOMORROW, World

FRIDAY = date(2026, 12, 4)


def left(count: int, measure: Measure = Measure.LEFT) -> Any:
    def say(question: Question) -> Answer:
        counts = (Count(Decimal(count), CountUnit.VISITS, measure, "calendar-year"),)
        limit = Benefit(BenefitKind.LIMIT, "F", question.service_types, period="calendar-year", counts=counts)
        return Answer(AnswerKind.ANSWERED, question.serviced, Standing.IN_FORCE, benefits=(limit,))

    return say


def visits(world: World, appointment: str = "m1", day: date = TOMORROW) -> int | None:
    found = world.verdict(appointment, day).visits_left
    return None if found is None else found.visits


@pytest.fixture
def world() -> World:
    made = World()
    made.payer.says("Coverage/c1", left(8))
    return made


def visit(world: World, day: date, state: VisitState = VisitState.HELD, **fields: Any) -> None:
    """A visit of this clinic that was decided."""
    given = {"patient": "Patient/p1", "outcome": "hold", "payer": "plan", **fields}
    world.store.commit([Entry(VisitRow(HOST, f"e{day}", date=day, state=state, **given))])


def test_as_the_payer_says() -> None:
    world = World()
    world.payer.says("Coverage/c1", left(8))
    world.run()
    assert visits(world) == 8


def test_appointments_booked_before_it_take_theirs_first(world: World) -> None:
    world.book("m0", clock="08:00")
    world.book("m3", day=FRIDAY)
    world.run()
    assert [visits(world, "m0"), visits(world, "m1"), visits(world, "m3", FRIDAY)] == [8, 7, 6]
    report = world.run(days=7)
    assert report.readiness == {"ready": 3}


def test_the_appointment_after_the_last_visit_is_blocked(world: World) -> None:
    world.payer.says("Coverage/c1", left(1))
    world.book("m3", day=FRIDAY)
    world.run()
    assert (world.reasons("m1"), world.reasons("m3", FRIDAY)) == ([], ["visits-used-up"])
    assert world.verdict("m3", FRIDAY).readiness == "blocked"


def test_appointments_that_the_patient_pays_take_none(world: World) -> None:
    world.book("m0", clock="08:00", extension=[bill_to("self-pay")])
    world.run()
    assert visits(world) == 8


def test_appointments_of_somebody_else_or_cancelled_ones_take_none(world: World) -> None:
    world.insured("p2", "c2", member="SYN2")
    world.book("m0", "p2", clock="08:00")
    world.book("m9", clock="08:00", status="cancelled")
    world.run()
    assert visits(world) == 8


def test_visits_after_the_answer_and_those_not_billed_by_then_are_counted(world: World) -> None:
    visit(world, date(2026, 11, 20))
    visit(world, date(2026, 11, 23), VisitState.CLAIMED, outcome="claim", claim="Claim/1")
    visit(world, date(2026, 11, 24), VisitState.DONE, outcome="self-pay")
    world.run()
    assert visits(world) == 7, "the held one; the claim was there when the payer answered"
    visit(world, TOMORROW, VisitState.CLAIMED, outcome="claim", claim="Claim/2")
    world.book("m3", day=FRIDAY)
    world.change("Appointment/m1", status="fulfilled")
    assert visits(world, "m3", FRIDAY) == 6, "and the one since"


@pytest.mark.parametrize(
    ("fields", "left_over"),
    [
        ({}, 8),
        ({"draft": True}, 7),
        ({"claim": None}, 7),
        ({"claim": None, "payer": "other"}, 8),
        ({"claim": None, "payer": None}, 7),
        ({"claim": None, "patient": "Patient/p2"}, 8),
    ],
    ids=["sent before", "a draft", "not written", "another payer's", "of whom it is not known", "somebody else's"],
)
def test_of_the_visits_before_the_question_only_what_this_payer_cannot_have_counted_is_taken_off(
    world: World, fields: dict[str, Any], left_over: int
) -> None:
    visit(world, date(2026, 11, 20), VisitState.CLAIMED, **{"outcome": "claim", "claim": "Claim/1", **fields})
    world.run()
    assert visits(world) == left_over


@pytest.mark.parametrize(
    ("day", "left_over"), [(date(2025, 12, 31), 8), (date(2026, 1, 1), 7), (TODAY, 7), (TOMORROW, 8)]
)
def test_visits_count_from_the_first_day_of_the_plan_year_to_the_day_before_the_appointment(
    world: World, day: date, left_over: int
) -> None:
    world.run()
    visit(world, day)
    assert visits(world) == left_over


def billed_in_september(world: World, how_many: int) -> None:
    for day in range(1, how_many + 1):
        visit(world, date(2026, 9, day), VisitState.CLAIMED, outcome="claim", claim=f"Claim/{day}")


def test_of_a_limit_without_what_is_used_the_clinics_own_visits_of_the_plan_year_are_taken_off(world: World) -> None:
    world.payer.says("Coverage/c1", left(5, Measure.ALLOWED))
    billed_in_september(world, 3)
    visit(world, date(2025, 12, 20), VisitState.CLAIMED, outcome="claim", claim="Claim/90")
    visit(world, date(2026, 9, 20), VisitState.DONE, outcome="self-pay")
    world.run()
    found = world.verdict().visits_left
    assert found is not None
    assert found.binding is not None
    assert (found.visits, found.binding.told) == (
        2,
        "The payer allows 5 visits in the calendar-year and does not say how many are used: at least 3 are used, by "
        "this clinic since the plan year began.",
    )
    billed_in_september(world, 8)
    assert (world.verdict().readiness, world.reasons()) == ("blocked", ["visits-used-up"])


def test_a_visit_of_the_day_of_the_question_was_not_counted_in_its_answer(world: World) -> None:
    world.run()
    visit(world, TODAY, VisitState.CLAIMED, outcome="claim", claim="Claim/1")
    assert visits(world) == 7, "asked before the visit"


def test_a_visit_is_not_counted_twice_while_its_appointment_still_says_arrived(world: World) -> None:
    world.book("m3", day=FRIDAY)
    world.run()
    assert visits(world, "m3", FRIDAY) == 7
    visit(world, TOMORROW)
    world.change("Appointment/m1", status="arrived")
    assert visits(world, "m3", FRIDAY) == 7
    assert visits(world, "m1") == 8, "nor against itself"


def test_a_visit_of_last_year_that_is_held_still_takes_none_of_this_year(world: World) -> None:
    visit(world, date(2025, 12, 20))
    world.run()
    assert visits(world) == 8


def test_papers_of_the_clinics_own_list_bind_where_they_have_less_left(world: World) -> None:
    paper = Paper(PaperKind.AUTHORIZATION, "papers.csv:3", patient="Patient/p1", payer="plan", number="A1",
                  start=date(2026, 1, 1), end=date(2026, 12, 31), visits=6, visits_used=4)  # fmt: skip
    world.clinic["papers"] = (paper,)
    world.book("m3", day=FRIDAY)
    world.run()
    found = world.verdict().visits_left
    assert found is not None
    assert found.binding is not None
    assert (found.visits, found.binding.of, found.binding.source) == (2, "authorization", "papers.csv:3")
    assert {limit.of for limit in found.limits} >= {"plan", "authorization"}
    assert visits(world, "m3", FRIDAY) == 1
    world.clinic["papers"] = (replace(paper, visits_used=5),)
    assert world.verdict("m3", FRIDAY).readiness == "blocked"


def test_the_huddle_of_a_later_day_counts_the_days_between(world: World) -> None:
    for number in range(3):
        world.book(f"b{number}", day=TOMORROW + timedelta(days=number + 1))
    far = TOMORROW + timedelta(days=9)
    world.book("m9", day=far)
    world.run()
    assert visits(world, "m9", far) == 4
