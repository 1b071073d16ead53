"""What an earlier run left unfinished, or a host's fault doubled, is put right by the next (DESIGN 16)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders import consent, coverage, encounter, procedure
from flow.test_service import World
from massage_billing.errors import HostUnreachable
from massage_billing.service import Billing
from massage_billing.store.memory import MemoryStore


@pytest.fixture
def world() -> World:
    return World()


def copied(world: World, kind: str, id_: str, **changes: object) -> dict[str, object]:
    """A second resource of the same key, as a host's fault stores it."""
    (first,) = world.data.all(kind)
    second = {**first, "id": id_, **changes}
    world.put(second)
    return second


def test_a_claim_left_in_the_outbox_is_not_written_once_the_patient_asks_not_to_tell_the_plan(world: World) -> None:
    world.host.fail("write", HostUnreachable("No answer."))
    assert world.run().pending_writes == 1
    world.put(consent())
    assert world.run().pending_writes == 0
    assert world.data.all("Claim") == []


def test_a_claim_left_in_the_outbox_is_not_written_once_the_visit_is_held(world: World) -> None:
    world.host.fail("write", HostUnreachable("No answer."))
    world.run()
    world.put(coverage(subscriberId=...))
    world.run()
    assert world.data.all("Claim") == []
    assert [task["status"] for task in world.data.all("Task")] == ["requested"]


@pytest.mark.parametrize("done", [False, True], ids=["before it arrived", "after it arrived"])
def test_an_approval_that_was_not_written_is_not_forgotten(world: World, done: bool) -> None:
    world.setup = replace(world.setup, draft=True)
    world.run()
    world.host.fail("write", HostUnreachable("No answer."), done=done)
    assert Billing(world.setup).approve(None).pending_writes == 1
    report = world.run()
    assert (report.pending_writes, world.data.all("Claim")[0]["status"]) == (0, "active")
    assert not any(row.draft for row in world.setup.store.rows("clinic"))


def test_an_approval_of_what_has_changed_since_waits_again(world: World) -> None:
    world.setup = replace(world.setup, draft=True)
    world.run()
    world.host.fail("write", HostUnreachable("No answer."))
    Billing(world.setup).approve(None)
    world.put(procedure(mins=45))
    world.run()
    (claim,) = world.data.all("Claim")
    assert (claim["status"], claim["item"][0]["quantity"]["value"]) == ("draft", 3)  # type: ignore[index]


def test_a_provenance_that_was_not_written_before_store_and_run_were_lost_is_written(world: World) -> None:
    world.run()
    (provenance,) = world.data.all("Provenance")
    world.data.remove(f"Provenance/{provenance['id']}")
    world.setup = replace(world.setup, store=MemoryStore())
    assert world.run().claims_created == 0
    (again,) = world.data.all("Provenance")
    assert again["target"] == provenance["target"]
    version = again["meta"]["versionId"]  # type: ignore[index]
    world.setup = replace(world.setup, store=MemoryStore())
    world.run()
    assert world.data.all("Provenance")[0]["meta"]["versionId"] == version  # type: ignore[index]


def test_the_provenance_of_a_withdrawn_claim_goes_to_the_one_that_stays(world: World) -> None:
    world.run()
    (claim,) = world.data.all("Claim")
    (provenance,) = world.data.all("Provenance")
    copied(world, "Claim", f"{claim['id']}9")
    world.put({**provenance, "target": [{"reference": f"Claim/{claim['id']}9"}]})
    world.put(encounter(reasonCode=[{"text": "again"}]))
    world.run()
    assert [one["id"] for one in world.alive("Claim")] == [claim["id"]]
    (again,) = world.data.all("Provenance")
    assert again["target"] == [{"reference": f"Claim/{claim['id']}"}]


def test_a_claim_that_was_withdrawn_stays_withdrawn_and_holds_nothing(world: World) -> None:
    world.run()
    (claim,) = world.data.all("Claim")
    copied(world, "Claim", f"{claim['id']}9")
    for _ in range(3):
        world.put(encounter(reasonCode=[{"text": "again"}]))
        assert world.run().holds == 0
        assert [one["id"] for one in world.alive("Claim")] == [claim["id"]]
    assert len(world.data.all("Claim")) == 2


def test_of_two_tasks_of_one_visit_one_stays_open(world: World) -> None:
    world.put(coverage(subscriberId=...))
    world.run()
    (task,) = world.data.all("Task")
    copied(world, "Task", f"{task['id']}9")
    world.put(encounter(reasonCode=[{"text": "again"}]))
    world.run()
    assert {one["id"]: one["status"] for one in world.data.all("Task")} == {
        task["id"]: "requested",
        f"{task['id']}9": "entered-in-error",
    }
    world.put(coverage())
    world.run()
    assert {one["id"]: one["status"] for one in world.data.all("Task")} == {
        task["id"]: "completed",
        f"{task['id']}9": "entered-in-error",
    }


def test_a_visit_that_is_gone_is_named(world: World) -> None:
    world.host.fail("write", HostUnreachable("No answer."))
    world.run()
    world.data.remove("Encounter/e1")
    report = world.run()
    assert (report.pending_writes, world.data.all("Claim")) == (1, [])
    assert any("Encounter/e1" in problem for problem in report.problems)
