"""Visits that are booked before the days looked at take theirs of what is left, however far ahead those days are."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from massage_billing.model import Readiness
from sweep.test_visits_left import left
from sweep.world import TODAY, TOMORROW, World

FAR = TODAY + timedelta(days=28)


@pytest.fixture
def world() -> World:
    """One visit is left by the plan, and it is booked tomorrow; the patient comes again in four weeks."""
    made = World()
    made.payer.says("Coverage/c1", left(1))
    made.book("m9", day=FAR)
    return made


def test_a_later_day_is_not_ready_by_a_visit_that_an_earlier_appointment_takes(world: World) -> None:
    world.run()
    report = world.run(FAR, 0)
    assert report.readiness == {Readiness.BLOCKED: 1}
    assert "visits-used-up" in report.reasons
    (task,) = world.open_tasks()
    assert "m9" in str(task), "the Task of the day looked at, not of the day before it"


def test_the_huddle_of_a_day_weeks_ahead_counts_them_too(world: World) -> None:
    world.run(FAR, 0)
    assert list(world.huddle(FAR)) == ["m9"]
    assert "visits-used-up" in world.reasons("m9", FAR)


def test_only_the_days_that_were_wanted_are_asked_about_counted_and_reported(world: World) -> None:
    world.insured("p2", "c2", member="SYN2")
    world.book("m2", "p2", clock="08:00")
    report = world.run(FAR, 0)
    assert (report.first, report.last, report.appointments, report.asked) == (FAR, FAR, 1, 1)
    assert world.asked() == ["Coverage/c1"]
    assert [one.serviced for one in world.payer.asked] == [FAR]
    assert sum(report.readiness.values()) == 1


def test_tasks_of_days_before_those_that_were_wanted_are_left_alone(world: World) -> None:
    world.payer.says("Coverage/c1", left(0))
    world.run()
    before = world.open_tasks()
    assert len(before) == 1
    world.run(FAR, 0)
    assert before[0] in world.open_tasks()


def test_days_that_have_passed_are_looked_at_by_themselves(world: World) -> None:
    world.run()
    world.now += timedelta(days=3)
    assert list(world.huddle(TOMORROW)) == ["m1"]
    assert world.run(date(2026, 12, 1), 0).appointments == 1
