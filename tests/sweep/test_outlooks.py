"""What is known of a coming visit, for the screens of a host that asks for it: the same again writes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fhir.resources.R4B.task import Task

from massage_billing.errors import HostRejected
from massage_billing.fhir import names
from massage_billing.fhir.schemas import Validator
from massage_billing.hosts.memory import MemoryHost
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
from massage_billing.profiles import load_schema
from sweep.world import HOST, PRIVATE, TODAY, TOMORROW, World

AUTHORIZATION = Paper(PaperKind.AUTHORIZATION, "papers.csv:3", patient="Patient/p1", payer="plan", number="A1",
                      visits=8, visits_used=3, end=date(2026, 12, 20))  # fmt: skip


def limited(question: Question) -> Answer:
    """In force; two of twenty visits are left."""
    year = "calendar-year"
    counts = (Count(Decimal(20), CountUnit.VISITS, Measure.ALLOWED, year), Count(Decimal(2), CountUnit.VISITS,
              Measure.LEFT, year))  # fmt: skip
    benefit = Benefit(BenefitKind.LIMIT, "F", question.service_types, counts=counts)
    return Answer(AnswerKind.ANSWERED, question.serviced, Standing.IN_FORCE, benefits=(benefit,), trace=question.trace)


def ended(question: Question) -> Answer:
    return Answer(AnswerKind.ANSWERED, question.serviced, Standing.NOT_IN_FORCE, end=date(2026, 11, 15),
                  trace=question.trace)  # fmt: skip


@pytest.fixture
def world() -> World:
    made = World()
    asks(made)
    return made


def asks(world: World) -> None:
    """From now on the host's screens ask for outlooks."""
    can = replace(world.host.capabilities(), profiles=frozenset({names.PROFILE_VISIT_OUTLOOK}))
    world.host = MemoryHost(HOST, store=world.data, capabilities=can)


def outlooks(world: World) -> list[dict[str, Any]]:
    return [one for one in world.all("Task") if one["code"]["coding"][0]["code"] == "visit-outlook"]


def said(task: dict[str, Any], code: str) -> list[Any]:
    found = []
    for output in task["output"]:
        if output["type"]["coding"][0]["code"] == code:
            found += [value for name, value in output.items() if name.startswith("value")]
    return found


def reasons(task: dict[str, Any], code: str) -> list[str]:
    return [one["coding"][0]["code"] for one in said(task, code)]


def test_a_ready_appointment_has_one_though_nobody_has_to_do_anything(world: World) -> None:
    report = world.run()
    (task,) = outlooks(world)
    assert report.outlooks == 1
    assert (task["status"], task["focus"], task["for"]) == (
        "completed",
        {"reference": "Appointment/m1"},
        {"reference": "Patient/p1"},
    )
    assert task["executionPeriod"] == {"start": TOMORROW.isoformat()}
    assert (said(task, "readiness"), said(task, "judged-on")) == (["ready"], [TODAY.isoformat()])
    assert "coverage-in-force" in reasons(task, "told")
    assert (said(task, "payer"), said(task, "coverage")) == (["plan"], [{"reference": "Coverage/c1"}])
    assert (said(task, "standing"), said(task, "answered-on")) == (["in-force"], [TODAY.isoformat()])
    assert (world.open_tasks(), said(task, "to-settle"), said(task, "visits-left")) == ([], [], [8])


def test_it_says_what_is_left_what_binds_and_when_it_ends(world: World) -> None:
    world.payer.says("Coverage/c1", limited)
    world.clinic["papers"] = (AUTHORIZATION,)
    world.run()
    (task,) = outlooks(world)
    assert (said(task, "visits-left"), said(task, "binds")) == ([2], ["plan"])
    assert "2 of 20 visits" in said(task, "visits-left-told")[0]
    assert (said(task, "authorization"), said(task, "authorization-ends")) == (["A1"], ["2026-12-20"])
    assert said(task, "authorization-left") == [5]
    (clock,) = (one for one in task["output"] if one["type"].get("text") == "authorization ends")
    assert clock["valueDate"] == "2026-12-20"
    Task.model_validate(task)
    assert Validator(load_schema("VisitOutlookTask")).check({k: v for k, v in task.items() if k != "id"}) == ()


def test_an_authorization_that_does_not_serve_is_not_shown_as_if_it_did(world: World) -> None:
    world.clinic["papers"] = (replace(AUTHORIZATION, end=TODAY),)
    world.run()
    (task,) = outlooks(world)
    assert said(task, "authorization") == []


def test_what_is_to_be_settled_stands_in_it_beside_its_own_task(world: World) -> None:
    world.payer.says("Coverage/c1", ended)
    world.run()
    (task,) = outlooks(world)
    assert (said(task, "readiness"), reasons(task, "to-settle")) == (["blocked"], ["coverage-ended"])
    assert said(task, "standing") == ["not-in-force"]
    assert len(world.open_tasks()) == 1
    assert not any(word in str(world.all("Task")) for word in PRIVATE)


def test_the_same_again_on_the_same_day_writes_nothing(world: World) -> None:
    world.run()
    before = outlooks(world)
    for _ in range(3):
        world.pass_time(hours=1)
        assert world.run().outlooks == 0
    assert outlooks(world) == before


def test_the_next_day_says_it_anew_and_what_is_over_stays_as_it_was(world: World) -> None:
    world.book("m2", day=TOMORROW + timedelta(days=1))
    world.run()
    world.now = world.now + timedelta(days=2)
    world.run()
    versions = {one["focus"]["reference"]: one["meta"]["versionId"] for one in outlooks(world)}
    assert versions == {"Appointment/m1": "1", "Appointment/m2": "2"}
    days = {one["focus"]["reference"]: said(one, "judged-on") for one in outlooks(world)}
    assert days["Appointment/m2"] == ["2026-12-02"]


def test_a_lost_store_doubles_none(world: World) -> None:
    world.run()
    again = World()
    again.data, again.now = world.data, world.now
    asks(again)
    again.run()
    assert len(outlooks(again)) == 1


def test_one_of_two_that_a_host_let_in_is_entered_in_error(world: World) -> None:
    world.run()
    (task,) = outlooks(world)
    world.put({**task, "id": "zzz"})
    world.run()
    assert [(one["id"], one["status"]) for one in sorted(outlooks(world), key=lambda one: str(one["id"]))] == [
        (task["id"], "completed"),
        ("zzz", "entered-in-error"),
    ]


def test_where_the_patient_pays_it_says_so_and_names_no_plan(world: World) -> None:
    bill_to = {"url": names.EXT_BILL_TO, "valueCode": "self-pay"}
    world.change("Appointment/m1", extension=[bill_to])
    world.run()
    (task,) = outlooks(world)
    assert (said(task, "patient-pays"), said(task, "payer"), said(task, "coverage")) == ([True], [], [])


def test_a_host_that_does_not_ask_gets_none_and_one_that_refuses_is_named() -> None:
    world = World()
    world.run()
    assert outlooks(world) == []
    asks(world)
    world.host.fail("write", HostRejected("422"))
    report = world.run()
    assert (report.outlooks, len(report.problems)) == (0, 1)
    assert world.run().outlooks == 1


def test_a_dry_run_writes_none(world: World) -> None:
    world.run(dry_run=True)
    assert world.all("Task") == []
