"""What payers answered, in billing: over a host, a store and the memory of asking."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from builders import coverage
from flow.world import World
from massage_billing.fhir.visit import read_visit
from massage_billing.model import Answer, AnswerKind, Known, Standing
from massage_billing.ports import Asking, QuestionRow, QuestionState, Settled
from massage_billing.run import answered
from massage_billing.service import Billing
from massage_billing.store import open_store
from massage_billing.store.memory_asking import MemoryAsking

VISIT = date(2026, 11, 20)
"""The day of World's visit."""
YES, NO = Standing.IN_FORCE, Standing.NOT_IN_FORCE
_AN_HOUR = timedelta(hours=1)


class Counting(MemoryAsking):
    """Asking in memory, which tells how often it was asked for answers."""

    asked = 0

    def answers(self, *args: Any) -> dict[str, list[Known]]:
        self.asked += 1
        return super().answers(*args)


@pytest.fixture
def world() -> World:
    made = World()
    made.setup = replace(made.setup, asking=Counting())
    return made


def answer(world: World, standing: Standing, *, about: date = VISIT, n: int = 1, hours: int = 0, **said: Any) -> None:
    """The payer was asked, and answered; ``member``: whom it was asked about, as ``Coverage.member``."""
    asking: Asking | None = world.setup.asking
    assert asking is not None
    kind = said.pop("kind", AnswerKind.ANSWERED)
    at = datetime(about.year, about.month, about.day, 8, tzinfo=UTC) + timedelta(hours=hours)
    row = QuestionRow(f"MQ{n}", "clinic", "Patient/p1", "Coverage/c1", "plan", about, about, QuestionState.ASKING)
    row = replace(row, holder=f"{member}-of" if (member := said.pop("member", "")) else "")
    asking.claim([row], "me", at, _AN_HOUR)
    told = Known("Patient/p1", "Coverage/c1", "plan", about, at, Answer(kind, about, standing, **said), row.key)
    asking.settle([Settled(replace(row, state=QuestionState.ANSWERED), told)])


def held(world: World) -> list[str]:
    return [rule for row in world.store.rows("clinic") for rule, _ in row.holds]


def test_a_no_from_the_payer_holds_a_visit_that_the_record_would_bill(world: World) -> None:
    answer(world, NO)
    report = world.run()
    assert (report.claims_created, report.holds) == (0, 1)
    (row,) = world.store.rows("clinic")
    assert [rule for rule, _ in row.holds] == ["coverage-in-force"]
    assert "MQ1, asked on 2026-11-20" in row.holds[0][1]


def test_a_yes_from_the_payer_bills_a_visit_that_the_record_would_hold(world: World) -> None:
    world.put(coverage("c1", status="cancelled", period={"start": "2026-01-01", "end": "2026-11-01"}))
    answer(world, YES)
    assert world.run().claims_created == 1


@pytest.mark.parametrize("standing", [YES, NO])
def test_an_answer_given_before_the_visit_does_not_tell_of_it(world: World, standing: Standing) -> None:
    answer(world, standing, about=date(2026, 11, 19), start=date(2026, 1, 1))
    assert world.run().claims_created == 1
    ended = coverage("c1", period={"start": "2026-01-01", "end": "2026-11-01"})
    other = World()
    other.setup = replace(other.setup, asking=world.setup.asking)
    other.put(ended)
    assert other.run().claims_created == 0


def test_a_refusal_changes_nothing(world: World) -> None:
    answer(world, NO, kind=AnswerKind.REFUSED)
    assert world.run().claims_created == 1


def test_a_new_yes_wakes_the_visit_that_was_held(world: World) -> None:
    world.put(coverage("c1", period={"start": "2026-01-01", "end": "2026-11-01"}))
    world.run()
    assert held(world) == ["coverage-in-force"]
    answer(world, YES)
    assert world.run().claims_created == 1
    assert held(world) == []
    assert world.alive("Task") == []


def test_a_new_no_wakes_the_visit_that_was_billed_and_its_claim_is_cancelled(world: World) -> None:
    world.run()
    assert len(world.alive("Claim")) == 1
    answer(world, NO)
    world.run()
    assert held(world) == ["coverage-in-force"]
    assert world.alive("Claim") == []


def member(world: World, member_id: str) -> str:
    """``Coverage.member`` of the world's coverage once it has this member id."""
    world.put(coverage("c1", subscriberId=member_id))
    (record,) = world.host.visits(["e1"])
    (one,) = read_visit(record, world.setup.reading).coverages
    assert one.member_id == member_id
    return one.member


def test_an_answer_about_another_member_id_says_nothing_of_the_corrected_coverage(world: World) -> None:
    wrong = member(world, "M1000001")
    answer(world, NO, member=wrong)
    world.run()
    assert held(world) == ["coverage-in-force"]
    right = member(world, "M1000002")
    assert right != wrong
    assert world.run().claims_created == 1
    answer(world, NO, n=2, hours=1, member=right)
    world.run()
    assert held(world) == ["coverage-in-force"]


def test_the_same_yes_about_the_corrected_member_wakes_the_visit(world: World) -> None:
    ended = {"period": {"start": "2026-01-01", "end": "2026-11-01"}}
    answer(world, YES, member=member(world, "M1000001"))
    right = member(world, "M1000002")
    world.put(coverage("c1", subscriberId="M1000002", **ended))
    world.run()
    assert held(world) == ["coverage-in-force"]
    answer(world, YES, n=2, hours=1, member=right)
    assert world.run().claims_created == 1


def test_a_newer_answer_overrules_an_older_one(world: World) -> None:
    answer(world, NO)
    world.run()
    answer(world, YES, n=2, hours=3)
    world.run()
    assert held(world) == []
    assert len(world.alive("Claim")) == 1


def test_an_answer_that_agrees_with_what_was_known_wakes_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [world.now]
    monkeypatch.setattr(answered, "now", lambda: clock[0])
    world.setup = replace(world.setup, asking=Counting(clock=lambda: clock[0]))
    world.run()
    answer(world, YES)
    world.run()
    clock[0] += timedelta(hours=1)
    world.run()
    reads: list[list[str]] = []
    visits = world.host.visits
    world.host.visits = lambda ids: reads.append(list(ids)) or visits(ids)  # type: ignore[method-assign,func-returns-value]
    answer(world, YES, n=2, about=date(2026, 11, 21), start=date(2026, 1, 1))
    world.run()
    assert [ids for ids in reads if ids] == []


def test_an_answer_is_news_once(world: World) -> None:
    world.put(coverage("c1", period={"start": "2026-01-01", "end": "2026-11-01"}))
    answer(world, NO)
    world.run()
    before = {kind: world.data.all(kind) for kind in ("Claim", "Task", "Provenance")}
    report = world.run()
    assert {kind: world.data.all(kind) for kind in before} == before
    assert (report.holds_opened, report.claims_created) == (0, 0)


def test_a_lost_memory_of_what_was_seen_changes_nothing(world: World) -> None:
    answer(world, YES)
    world.run()
    world.setup = replace(world.setup, asking=Counting())
    answer(world, YES)
    report = world.run()
    assert (report.claims_created, report.claims_cancelled, report.holds) == (0, 0, 0)


def test_a_dry_run_leaves_the_news_for_the_next_run(world: World) -> None:
    world.put(coverage("c1", period={"start": "2026-01-01", "end": "2026-11-01"}))
    world.run()
    answer(world, YES)
    Billing(world.setup).run(dry_run=True)
    assert world.run().claims_created == 1


def test_a_batch_asks_for_answers_once(world: World) -> None:
    world.run()
    asking = world.setup.asking
    assert isinstance(asking, Counting)
    assert asking.asked == 1


def test_the_store_on_disk_wakes_and_attaches_the_same(tmp_path: Path) -> None:
    with open_store(tmp_path / "state") as store:
        world = World()
        world.put(coverage("c1", period={"start": "2026-01-01", "end": "2026-11-01"}))
        world.store = store  # type: ignore[assignment]
        world.setup = replace(world.setup, store=store, asking=store.asking())
        world.run()
        assert held(world) == ["coverage-in-force"]
        answer(world, YES)
        assert world.run().claims_created == 1
        answer(world, NO, n=2, hours=3)
        world.run()
        assert held(world) == ["coverage-in-force"]


def test_without_asking_the_record_alone_counts() -> None:
    world = World()
    assert world.run().claims_created == 1
