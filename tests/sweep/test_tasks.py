"""Tasks for whoever must act before a visit: one an appointment, closed when all is settled or it is over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from massage_billing.errors import HostRejected, HostUnreachable
from massage_billing.fhir.schemas import Validator
from massage_billing.model import Answer, AnswerKind, Question, Rejection, Standing
from massage_billing.payers.memory import in_force
from massage_billing.profiles import load_schema
from massage_billing.store.memory import MemoryStore
from sweep.world import HOST, TODAY, TOMORROW, World


def ended(question: Question) -> Answer:
    return Answer(AnswerKind.ANSWERED, question.serviced, Standing.NOT_IN_FORCE, end=date(2026, 11, 15),
                  trace=question.trace)  # fmt: skip


def wrong_id(question: Question) -> Answer:
    return Answer(AnswerKind.REFUSED, question.serviced, rejections=(Rejection("72", "C"),), trace=question.trace)


@pytest.fixture
def world() -> World:
    """The payer says that the coverage has ended."""
    made = World()
    made.payer.says("Coverage/c1", ended)
    made.run()
    return made


def codes(task: dict[str, Any]) -> list[str]:
    return [coding["code"] for coding in task["reasonCode"]["coding"]]


def fix(world: World) -> None:
    """The coverage is corrected, and its payer says yes."""
    world.payer.says("Coverage/c1", in_force)
    world.change("Coverage/c1", subscriberId="SYN-CORRECTED")
    world.pass_time(hours=1)


def test_a_task_is_opened_for_who_must_act(world: World) -> None:
    (task,) = world.all("Task")
    assert (task["status"], task["focus"], task["for"]) == (
        "requested",
        {"reference": "Appointment/m1"},
        {"reference": "Patient/p1"},
    )
    assert codes(task) == ["coverage-ended"]
    assert task["owner"]["display"] == "Front desk"
    assert "2026-11-15" in task["input"][0]["valueString"]
    assert task["restriction"]["period"]["end"] == TOMORROW.isoformat()
    assert [str(fault) for fault in Validator(load_schema("BeforeVisitTask")).check(task)] == []


def test_an_appointment_with_nothing_to_settle_has_none() -> None:
    world = World()
    report = world.run()
    assert (world.all("Task"), report.tasks_opened) == ([], 0)


def test_the_same_again_writes_nothing(world: World) -> None:
    before = world.all("Task")
    for _ in range(3):
        world.pass_time(hours=1)
        report = world.run()
        assert (report.tasks_opened, report.tasks_closed) == (0, 0)
    assert world.all("Task") == before


def test_a_changed_verdict_changes_the_task_where_it_stands(world: World) -> None:
    world.change("Coverage/c1", subscriberId=...)
    report = world.run()
    (task,) = world.all("Task")
    assert (codes(task), report.tasks_opened) == (["no-member-id"], 1)
    assert task["meta"]["versionId"] == "2"


def test_what_is_settled_closes_it(world: World) -> None:
    fix(world)
    report = world.run()
    (task,) = world.all("Task")
    assert (task["status"], report.tasks_closed, report.tasks_opened) == ("completed", 1, 0)
    assert world.run().tasks_closed == 0
    assert world.asking.tasks(HOST) == []


def test_what_is_unsettled_again_opens_the_same_task_again(world: World) -> None:
    fix(world)
    world.run()
    world.payer.says("Coverage/c1", wrong_id)
    world.change("Coverage/c1", subscriberId="SYN-WRONG")
    world.pass_time(hours=1)
    world.run()
    (task,) = world.all("Task")
    assert task["status"] == "requested"


@pytest.mark.parametrize("how", ["cancelled", "noshow", "deleted", "moved out of reach", "past"])
def test_an_appointment_that_is_over_closes_it(world: World, how: str) -> None:
    if how == "deleted":
        world.data.remove("Appointment/m1")
    elif how == "moved out of reach":
        world.book("m1", day=TODAY + timedelta(days=40))
    elif how == "past":
        world.now = datetime(2026, 12, 2, 16, tzinfo=UTC)
    else:
        world.change("Appointment/m1", status=how)
    report = world.run()
    (task,) = world.all("Task")
    assert (task["status"], report.tasks_closed) == ("completed", 1)


def test_one_that_moved_within_reach_keeps_its_task_and_says_the_new_day(world: World) -> None:
    world.book("m1", day=TOMORROW + timedelta(days=1))
    world.run()
    (task,) = world.open_tasks()
    assert task["restriction"]["period"]["end"] == "2026-12-02"


def test_days_that_a_sweep_does_not_look_at_keep_their_tasks(world: World) -> None:
    report = world.run(first=TODAY + timedelta(days=10), days=5)
    assert report.tasks_closed == 0
    assert len(world.open_tasks()) == 1


def test_the_first_and_the_last_day_that_a_sweep_looks_at_are_among_them(world: World) -> None:
    world.change("Appointment/m1", status="cancelled")
    for first, days in ((TODAY, 0), (TOMORROW + timedelta(days=1), 3)):
        world.run(first=first, days=days)
        assert len(world.open_tasks()) == 1, "the day lies outside"
    report = world.run(first=TOMORROW, days=0)
    assert (report.tasks_closed, world.open_tasks()) == (1, [])


def test_todays_appointment_has_its_task_whatever_later_days_are_looked_at() -> None:
    world = World()
    world.payer.says("Coverage/c1", ended)
    world.book("m1", day=TODAY, clock="15:00")
    assert world.run().tasks_opened == 1
    assert world.run(first=TOMORROW, days=0).tasks_closed == 0
    assert len(world.open_tasks()) == 1


def test_days_that_are_over_get_none_though_a_sweep_looks_at_them() -> None:
    world = World()
    world.payer.says("Coverage/c1", ended)
    world.run()
    (task,) = world.open_tasks()
    world.now = datetime(2026, 12, 3, 16, tzinfo=UTC)
    world.insured("p2", "c2", subscriberId=...)
    world.book("m2", "p2", day=TOMORROW)
    report = world.run(first=TODAY, days=5)
    assert (report.appointments, report.tasks_opened, report.tasks_closed) == (2, 0, 1)
    assert [one["id"] for one in world.all("Task")] == [task["id"]]


def test_a_person_who_cancels_it_with_a_reason_is_obeyed(world: World) -> None:
    (task,) = world.all("Task")
    world.put({**task, "status": "cancelled", "statusReason": {"text": "The patient pays."}})
    before = world.all("Task")
    world.change("Coverage/c1", subscriberId=...)
    for _ in range(2):
        world.pass_time(hours=1)
        world.run()
    assert world.all("Task") == before


def test_a_person_who_completes_it_too_early_finds_it_open_again_once(world: World) -> None:
    (task,) = world.all("Task")
    world.put({**task, "status": "completed"})
    world.run()
    (again,) = world.all("Task")
    assert (again["status"], len(again["note"])) == ("requested", 1)
    world.put({**again, "status": "completed"})
    world.run()
    assert world.all("Task")[0]["status"] == "completed"


def test_a_lost_store_doubles_no_task(world: World) -> None:
    world.store = MemoryStore()
    world.asking = world.store.asking(clock=lambda: world.now)  # type: ignore[attr-defined]
    world.run()
    (task,) = world.all("Task")
    assert (task["status"], task["meta"]["versionId"]) == ("requested", "1")
    assert len(world.all("CoverageEligibilityResponse")) == 1


@pytest.mark.parametrize("problem", [HostRejected("422"), HostUnreachable("down")])
def test_a_task_that_the_host_does_not_take_is_named_and_tried_again(problem: Any) -> None:
    world = World()
    world.payer.says("Coverage/c1", ended)
    world.without("CoverageEligibilityRequest")
    world.host.fail("write", problem)
    report = world.run()
    assert (report.tasks_opened, len(report.problems)) == (0, 1)
    assert world.run().tasks_opened == 1


def test_on_a_host_without_tasks_none_is_written() -> None:
    world = World()
    world.payer.says("Coverage/c1", ended)
    world.without("Task")
    report = world.run()
    assert (world.all("Task"), report.tasks_opened, report.problems) == ([], 0, ())


# --- the huddle -----------------------------------------------------------------------------------------------------


def test_the_huddle_asks_nobody_and_writes_nothing() -> None:
    world = World()
    world.payer.says("Coverage/c1", ended)
    world.book("m2", day=TOMORROW + timedelta(days=1))
    for step in ("before anything is asked", "with an answer"):
        host, store, asked = repr(world.data.resources), repr(world.asking._kept), len(world.payer.asked)  # type: ignore[attr-defined]
        world.huddle(TODAY)
        world.huddle(TOMORROW)
        world.huddle(TODAY - timedelta(days=30))
        world.huddle(TODAY + timedelta(days=400))
        assert repr(world.data.resources) == host, step
        assert repr(world.asking._kept) == store, step  # type: ignore[attr-defined]
        assert len(world.payer.asked) == asked, step
        world.run()


def test_the_huddle_names_what_our_own_data_lacks_without_a_sweep() -> None:
    world = World()
    world.change("Patient/p1", birthDate=...)
    assert world.reasons() == ["no-birth-date"]


def test_the_huddle_lists_only_its_day_though_it_reads_the_days_before() -> None:
    world = World()
    world.book("m2", day=TOMORROW + timedelta(days=1))
    assert (set(world.huddle(TOMORROW)), set(world.huddle(TOMORROW + timedelta(days=1)))) == ({"m1"}, {"m2"})
