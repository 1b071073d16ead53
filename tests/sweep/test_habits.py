"""What answers taught of a payer is asked next time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from massage_billing.model import (
    Answer,
    AnswerKind,
    Benefit,
    BenefitKind,
    Count,
    CountUnit,
    Measure,
    Question,
    Standing,
)
from massage_billing.ports import Habit
from sweep.world import TERMS, World, plan

LEFT = (Count(Decimal(8), CountUnit.VISITS, Measure.LEFT, "calendar-year"),)


def only_under(service_type: str, *, always: bool = False) -> Any:
    """A payer that has limits under one service type, and tells them only to who asks it."""

    def say(question: Question) -> Answer:
        tells = always or service_type in question.service_types
        limit = Benefit(BenefitKind.LIMIT, "F", (service_type,), counts=LEFT)
        return Answer(AnswerKind.ANSWERED, question.serviced, Standing.IN_FORCE, benefits=(limit,) * tells)

    return say


def days(world: World, count: int) -> list[str]:
    """The first service type that each of so many days' questions asks."""
    world.settings["max_age"] = timedelta(0)
    asked = []
    for _ in range(count):
        world.book("m1", day=world.now.date() + timedelta(days=1))
        world.run()
        asked.append(world.payer.asked[-1].service_types[0])
        world.pass_time(days=1)
    assert len(world.payer.asked) == count
    return asked


def test_the_service_type_that_brings_limits_is_found_and_asked_from_then_on() -> None:
    world = World()
    world.payer.says("Coverage/c1", only_under("PT"))
    assert days(world, 6) == ["BE", "BE", "BE", "PT", "PT", "PT"]
    habits = {one.service_type: (one.asked, one.limits) for one in world.asking.habits()}
    assert habits == {"BE": (3, 0), "PT": (3, 3)}


def test_it_is_learnt_of_one_payer_for_all_its_patients() -> None:
    world = World()
    world.asking.learn([Habit("plan", "AE", 4, 4, 4), Habit("other", "33", 9, 9, 9)])
    world.insured("p2", "c2", member="SYN2")
    world.book("m2", "p2")
    world.run()
    assert {one.coverage: one.service_types[0] for one in world.payer.asked} == {
        "Coverage/c1": "AE",
        "Coverage/c2": "AE",
    }


def test_only_the_type_under_which_a_limit_stands_is_credited_of_those_asked_together() -> None:
    world = World()
    world.payers = (plan(asking={"service_types": ("BE", "PT", "30")}),)
    world.settings["terms"] = several_at_once(3)
    world.payer.says("Coverage/c1", only_under("PT", always=True))
    world.run()
    assert world.payer.asked[0].service_types == ("BE", "PT", "30")
    assert world.asking.habits() == [
        Habit("plan", "30", 1, 0, 0),
        Habit("plan", "BE", 1, 0, 0),
        Habit("plan", "PT", 1, 1, 1),
    ]


@pytest.mark.parametrize("kind", ["refused", "ended"])
def test_answers_without_benefits_teach_nothing(kind: str) -> None:
    world = World()
    refused = kind == "refused"
    world.payer.says("Coverage/c1", lambda question: Answer(
        AnswerKind.REFUSED if refused else AnswerKind.ANSWERED, question.serviced,
        Standing.NO_DATA if refused else Standing.NOT_IN_FORCE))  # fmt: skip
    world.run()
    assert world.asking.habits() == []


def several_at_once(count: int) -> Any:
    asking = TERMS.asking.model_copy(
        update={"service_types": TERMS.asking.service_types.model_copy(update={"at_once": count})}
    )
    return replace(TERMS, asking=asking)
