"""A payer that says how long it must not be asked again is left alone so long (X12 AAA04)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from massage_billing.model import Answer, AnswerKind, Question, Rejection
from massage_billing.payers.memory import in_force
from massage_billing.x12.codes import default_codes
from sweep.world import World

CODES = default_codes().follow_ups


def says(*follow_ups: str) -> Callable[[Question], Answer]:
    def say(question: Question) -> Answer:
        rejections = tuple(Rejection("42", one) for one in follow_ups)
        return Answer(AnswerKind.TRY_LATER, question.serviced, rejections=rejections, trace=question.trace)

    return say


def world_of(*follow_ups: str, days_ahead: int = 45) -> World:
    world = World()
    world.book("m1", day=(world.now + timedelta(days=days_ahead)).date())
    world.payer.says("Coverage/c1", says(*follow_ups))
    return world


@pytest.mark.parametrize(("follow_ups", "days"), [(("W",), 30), (("X",), 10), (("X", "W"), 30), (("R", "X"), 10)])
def test_it_is_asked_again_when_the_days_it_named_are_over(follow_ups: tuple[str, ...], days: int) -> None:
    world = world_of(*follow_ups)
    report = world.run(days=60)
    assert (len(world.payer.asked), report.later) == (1, 1)
    world.payer.says("Coverage/c1", in_force)
    day = datetime(2026, 11, 30, 16, tzinfo=UTC) + timedelta(days=days)
    for back in (timedelta(days=days) - timedelta(hours=1), timedelta(days=days - 1), timedelta(hours=1)):
        world.now = day - back
        report = world.run(days=60)
        assert (report.asked, report.not_asked) == (0, {"not to be asked again yet": 1})
    world.now = day
    assert world.run(days=60).answered == 1


def test_the_front_desk_reads_until_when_the_payer_is_not_asked() -> None:
    world = world_of("X", days_ahead=5)
    world.run(days=60)
    day = date(2026, 12, 5)
    (reason,) = [one for one in world.verdict("m1", day).reasons if one.readiness != "ready"]
    assert reason.id == "answer-failed"
    assert "must not be asked again before 2026-12-10" in reason.message
    (task,) = world.open_tasks()
    assert "2026-12-10" in str(task)


def test_a_corrected_coverage_does_not_wait_for_what_was_said_of_the_old_one() -> None:
    world = world_of("W")
    world.run(days=60)
    world.payer.says("Coverage/c1", in_force)
    world.now += timedelta(days=1)
    world.change("Coverage/c1", subscriberId="SYN-CORRECTED")
    assert world.run(days=60).answered == 1


def test_days_to_wait_outlast_the_tries_of_the_day() -> None:
    world = world_of("W")
    world.effort = replace(world.effort, tries_a_day=1)
    assert world.run(days=60).given_up == 1
    world.now += timedelta(days=2)
    assert world.run(days=60).asked == 0
    assert len(world.payer.asked) == 1


def test_an_ordinary_later_does_not_hold_it_back_on_the_next_day() -> None:
    world = world_of("R")
    world.now = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)  # ten in the evening in Denver: tomorrow by UTC
    world.run(days=60)
    world.pass_time(minutes=11)
    assert world.run(days=60).asked == 1, "still the same day, and due"


@pytest.mark.parametrize("code", ["N", "S", "Y"])
def test_what_forbids_asking_without_saying_how_long_holds_for_the_day(code: str) -> None:
    world = world_of(code)
    world.run(days=60)
    world.pass_time(hours=2)
    world.run(days=60)
    assert len(world.payer.asked) == 1
    world.now += timedelta(days=1)
    world.run(days=60)
    assert len(world.payer.asked) == 2


def test_which_codes_hold_and_for_how_long_is_data() -> None:
    assert {code for code, one in CODES.items() if one.hold} == set("NSWXY")
    assert {code: one.wait_days for code, one in CODES.items() if one.wait_days} == {"W": 30, "X": 10}
