"""What a run leaves for the workbench: whose visit it is, the clinic's day, how the queue stands."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from builders import practitioner
from flow.world import CLINIC, World
from massage_billing.ports.desk import ClaimFilter, HoldFilter, HoldOrder
from massage_billing.program import Program


@pytest.fixture
def world() -> World:
    return World()


def program(world: World, **changes: object) -> Program:
    setup = replace(world.setup, desk=world.store.desk(), **changes)  # type: ignore[arg-type]
    return Program(setup, configured=True, lock=nullcontext)


def test_a_visit_is_of_those_who_treated_in_it(world: World) -> None:
    world.run()
    (row,) = world.store.rows("clinic")
    assert row.therapists == ("Practitioner/t1",)
    assert world.store.desk().treated("clinic", "Practitioner/t1", [row.encounter]) == {row.encounter}


def test_a_procedure_that_was_not_done_makes_nobody_the_therapist(world: World) -> None:
    for procedure in world.data.all("Procedure"):
        world.put({**procedure, "status": "not-done"})
    world.run()
    assert [row.therapists for row in world.store.rows("clinic")] == [()]


def test_of_a_record_with_fifty_therapists_no_more_are_remembered_than_the_store_takes(world: World) -> None:
    """A nonsense record is held like any other (tests/store: a row of twelve long references can be indexed)."""
    first, *_ = world.data.all("Procedure")
    for number in range(50):
        world.put(practitioner(f"a{number:02}"))
        actor = {"reference": f"Practitioner/a{number:02}"}
        world.put({**first, "id": f"x{number}", "performer": [{"actor": actor}]})
    world.run()
    (row,) = world.store.rows("clinic")
    assert row.therapists == tuple(f"Practitioner/a{number:02}" for number in range(12))


def test_a_visit_that_waits_is_of_its_therapist_too(world: World) -> None:
    for one in world.data.all("Encounter"):
        world.put({**one, "status": "in-progress"})
    world.run()
    (row,) = world.store.rows("clinic")
    assert (row.state, row.therapists) == ("waiting", ("Practitioner/t1",))


def test_days_to_a_claim_are_counted_at_the_clinic(world: World) -> None:
    """Half past nine in the evening in Los Angeles is the next day in UTC."""
    (visit,) = world.data.all("Encounter")
    day = date.fromisoformat(str(visit["period"]["start"])[:10])  # type: ignore[index]
    world.now = datetime(day.year, day.month, day.day + 1, 5, 30, tzinfo=UTC)
    world.run()
    (week,) = world.store.desk().claim_days("clinic", day, day)
    assert (week.claims, week.slowest) == (1, 0)
    (claim,) = world.store.desk().claims("clinic", ClaimFilter()).rows
    assert claim.claimed is not None
    assert claim.claimed.date() == date(day.year, day.month, day.day + 1)


@pytest.mark.parametrize("demo", [False, True])
def test_a_run_keeps_how_the_queue_stands_on_the_clinics_day(world: World, demo: bool) -> None:
    world.now = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)  # the evening of the 23rd in Los Angeles
    held = program(world, clinic=replace(CLINIC, fees=()), demo=demo)
    held.run()
    desk = world.store.desk()
    rule = desk.holds("clinic", HoldFilter(), HoldOrder.AGE).rows[0].visit.holds[0][0]
    days = desk.held_days("clinic", date(2026, 11, 1), date(2026, 11, 30))
    assert [(one.day.day, one.rule, one.visits) for one in days] == [(23, "", 1), (23, rule, 1)]
    program(world, clinic=replace(CLINIC, digest="clinic-2"), demo=demo).run()
    assert [one.visits for one in desk.held_days("clinic", date(2026, 11, 23), date(2026, 11, 23))] == [0]


def test_a_dry_run_keeps_nothing(world: World) -> None:
    program(world, clinic=replace(CLINIC, fees=())).run(dry_run=True)
    assert world.store.desk().held_days("clinic", date(2026, 1, 1), date(2026, 12, 31)) == []
