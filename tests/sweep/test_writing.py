"""Questions and answers on the host: each once, both together, and only what is recorded."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from builders import ref
from massage_billing.cli.eligibility_run import UNWRITTEN_EXIT
from massage_billing.errors import HostError, HostRejected, HostUnreachable
from massage_billing.fhir import names
from massage_billing.fhir.schemas import Validator
from massage_billing.hosts.memory import MemoryHost
from massage_billing.model import Question
from massage_billing.payers.memory import MemoryPayer
from massage_billing.ports import Reply, WriteGroup
from massage_billing.profiles import load_schema
from sweep.world import Channel, World

REQUEST, RESPONSE = "CoverageEligibilityRequest", "CoverageEligibilityResponse"


def written(world: World) -> tuple[int, int]:
    return len(world.all(REQUEST)), len(world.all(RESPONSE))


def test_question_and_answer_are_written_in_one_group_and_refer_to_one_another() -> None:
    world = World()
    groups: list[WriteGroup] = []
    write = world.host.write

    def spy(given: Any) -> Any:
        groups.extend(given)
        return write(given)

    world.host.write = spy  # type: ignore[method-assign]
    world.run()
    (group,) = groups
    assert [one.type for one in group.writes] == [REQUEST, RESPONSE]
    (request,), (response,) = world.all(REQUEST), world.all(RESPONSE)
    key = world.row().key
    assert response["request"] == ref(f"{REQUEST}/{request['id']}")
    for one in (request, response):
        assert {"system": names.SID_QUESTION_KEY, "value": key} in one["identifier"]
        assert [str(fault) for fault in Validator(load_schema(one["resourceType"])).check(one)] == []
    assert (request["patient"], request["insurer"]) == (ref("Patient/p1"), ref("Organization/o2"))
    assert request["insurance"][0]["coverage"] == ref("Coverage/c1")
    assert request["servicedDate"] == "2026-12-01"
    assert "discovery" not in request["purpose"]
    (known,) = world.answers()
    assert known.response == f"{RESPONSE}/{response['id']}"


@pytest.mark.parametrize("problem", [HostRejected("422"), HostUnreachable("no connection")], ids=["refuses", "is down"])
def test_what_the_host_does_not_take_stays_and_the_next_sweep_writes_it(problem: HostError) -> None:
    world = World()
    world.host.fail("write", problem, times=1)
    report = world.run()
    assert (report.written, report.unwritten, written(world)) == (0, 1, (0, 0))
    assert [problem.what in one for one in report.problems] == [True]
    assert world.reasons() == [], "what is recorded counts, whether it stands on the host or not"
    report = world.run()
    assert (report.asked, report.written, report.unwritten, written(world)) == (0, 1, 0, (1, 1))
    assert len(world.payer.asked) == 1


def test_an_answer_that_is_refused_again_and_again_waits_and_holds_up_no_other() -> None:
    world = World()
    world.insured("p2", "c2", member="SYN2")
    world.seen("p2")
    world.book("m2", "p2")
    world.host.refuses = lambda one: "no" if one.get("patient") == ref("Patient/p1") else None
    for _ in range(3):
        report = world.run()
        assert (report.unwritten, written(world)) == (1, (1, 1))
    world.host.refuses = lambda one: None
    assert (world.run().unwritten, written(world)) == (0, (2, 2))


def test_a_write_whose_answer_was_lost_is_not_written_twice() -> None:
    world = World()
    world.host.fail("write", HostUnreachable("the answer was lost"), done=True)
    assert world.run().unwritten == 1
    assert written(world) == (1, 1)
    report = world.run()
    assert (report.unwritten, written(world)) == (0, (1, 1))
    (known,) = world.answers()
    assert known.response == f"{RESPONSE}/{world.all(RESPONSE)[0]['id']}"


@pytest.mark.parametrize("missing", [(REQUEST,), (RESPONSE,), (REQUEST, RESPONSE)])
def test_on_a_host_without_these_resources_nothing_is_written_and_nothing_waits(missing: tuple[str, ...]) -> None:
    world = World()
    world.without(*missing)
    report = world.run()
    assert (report.answered, report.written, report.unwritten, report.problems) == (1, 0, 0, ())
    assert written(world) == (0, 0)
    assert world.reasons() == []
    world.host = MemoryHost("clinic", store=world.data)
    assert world.run().written == 0


def test_a_host_whose_calendar_cannot_be_read_ends_the_sweep_and_nobody_is_asked() -> None:
    world = World()
    world.host.fail("appointments", HostUnreachable("no connection"))
    with pytest.raises(HostUnreachable):
        world.run()
    assert world.payer.asked == []


def test_answers_of_earlier_sweeps_are_written_although_the_calendar_fails_later() -> None:
    world = World()
    world.host.fail("write", HostUnreachable("no connection"))
    world.run()
    world.host.fail("appointments", HostUnreachable("no connection"))
    with pytest.raises(HostUnreachable):
        world.run()
    assert written(world) == (1, 1)


def test_the_exit_code_of_waiting_answers_is_that_of_waiting_claims() -> None:
    assert UNWRITTEN_EXIT == 5


def test_the_second_question_of_a_day_is_written_beside_the_first() -> None:
    world = World()
    world.run()
    world.change("Coverage/c1", subscriberId="SYN-CORRECTED")
    world.pass_time(hours=1)
    world.run()
    assert written(world) == (2, 2)
    assert len({one["identifier"][0]["value"] for one in world.all(REQUEST)}) == 2


@pytest.mark.parametrize("host", ["is well", "fails"])
def test_answers_of_others_are_written_while_one_payer_still_hangs(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("massage_billing.sweep.carry.QUIET", 0.05)
    world = World()
    world.insured("p2", "c2", "o3", member="SYN2")
    world.seen("p2")
    world.book("m2", "p2")
    usual, tried = MemoryPayer("slow"), threading.Event()
    seen: list[int] = []
    writes = world.host.write

    def tries(groups: Any) -> Any:
        try:
            if host == "fails":
                raise HostUnreachable("no connection")
            return iter(list(writes(groups)))
        finally:
            tried.set()

    world.host.write = tries  # type: ignore[method-assign]

    def hangs(question: Question) -> Reply:
        tried.wait(5)
        seen.append(len(world.all(RESPONSE)))
        world.host.write = writes  # type: ignore[method-assign]
        return usual.ask(question)

    world.payer_of("slow", "o3", Channel("slow", hangs))
    report = world.run()
    assert seen[-1] == (host == "is well")
    assert (report.answered, report.written, report.unwritten, written(world)) == (2, 2, 0, (2, 2))
    assert report.problems == (() if host == "is well" else ("no connection",))
