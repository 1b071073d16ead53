"""Payers that the host asks by itself: its answers count for the appointment and for billing, and are kept once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from builders import Json, ref
from massage_billing.model import Readiness, Standing
from massage_billing.previsit.verify import verified

from .world import TODAY, TOMORROW, World, plan


def told(id: str = "r1", *, in_force: bool, created: str = "2026-11-30") -> Json:
    """What the payer answered to the host, about tomorrow."""
    return {
        "resourceType": "CoverageEligibilityResponse",
        "id": id,
        "status": "active",
        "purpose": ["validation"],
        "patient": ref("Patient/p1"),
        "servicedDate": TOMORROW.isoformat(),
        "created": created,
        "request": {"identifier": {"system": "urn:elsewhere", "value": id}},
        "outcome": "complete",
        "insurer": ref("Organization/o2"),
        "insurance": [{"coverage": ref("Coverage/c1"), "inforce": in_force}],
    }


def asked_by_host(world: World) -> World:
    world.payers = (plan(asking={"ask": "host"}),)
    return world


def test_what_the_host_was_told_decides_though_nobody_here_asks() -> None:
    world = asked_by_host(World())
    world.put(told(in_force=False))
    report = world.run()
    assert report.asked == 0
    assert report.readiness == {Readiness.BLOCKED: 1}
    assert world.payer.asked == []


def test_an_answer_of_the_host_is_remembered_once_and_never_written_back() -> None:
    world = asked_by_host(World())
    world.put(told(in_force=False))
    for _ in range(3):
        world.run()
    (known,) = world.asking.answers(world.host.id, ["Coverage/c1"])["Coverage/c1"]
    assert (known.response, known.answer.standing) == ("CoverageEligibilityResponse/r1", Standing.NOT_IN_FORCE)
    assert world.asking.unwritten(world.host.id, 10) == []
    assert len(world.all("CoverageEligibilityResponse")) == 1
    assert world.all("CoverageEligibilityRequest") == []


def test_billing_goes_by_what_the_host_was_told() -> None:
    world = asked_by_host(World())
    world.put(told(in_force=False))
    world.run()
    answers = world.asking.answers(world.host.id, ["Coverage/c1"])["Coverage/c1"]
    said = verified("Coverage/c1", answers, TOMORROW)
    assert said is not None
    assert not said.in_force
    assert verified("Coverage/c1", answers, date(2026, 12, 20)) is None


def test_a_later_answer_of_the_host_counts_in_place_of_the_earlier() -> None:
    world = asked_by_host(World())
    world.put(told("r1", in_force=False, created="2026-11-29"))
    world.run()
    world.put(told("r2", in_force=True, created=TODAY.isoformat()))
    assert Readiness.BLOCKED not in world.run().readiness
    newest = world.asking.answers(world.host.id, ["Coverage/c1"])["Coverage/c1"][0]
    assert newest.response == "CoverageEligibilityResponse/r2"


def test_an_answer_that_the_host_changed_counts_as_it_is_now() -> None:
    world = asked_by_host(World())
    world.put(told(in_force=False))
    world.run()
    world.pass_time(hours=1)
    world.put(told(in_force=True))
    world.run()
    answers = world.asking.answers(world.host.id, ["Coverage/c1"])["Coverage/c1"]
    said = verified("Coverage/c1", answers, TOMORROW)
    assert said is not None
    assert said.in_force


def test_a_dry_run_remembers_nothing() -> None:
    world = asked_by_host(World())
    world.put(told(in_force=False))
    world.sweep().run(dry_run=True)
    assert world.asking.answers(world.host.id, ["Coverage/c1"]) == {}


def test_a_host_whose_clock_is_wrong_does_not_make_its_changed_answer_an_old_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What came when is told by one clock, that of this machine, whoever answered."""
    world = asked_by_host(World())
    world.put(told(in_force=False))
    world.run()
    monkeypatch.setattr(world.host, "now", lambda: world.now - timedelta(days=3))
    world.put(told(in_force=True))
    world.run()
    newest = world.asking.answers(world.host.id, ["Coverage/c1"])["Coverage/c1"][0]
    assert (newest.answer.standing, newest.answered_at) == (Standing.IN_FORCE, world.now)
