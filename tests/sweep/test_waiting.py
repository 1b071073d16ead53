"""Payers that answer later: by polling, in a folder, on the host. Asked once, collected later, given up in the end."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import builders
from builders import ref
from massage_billing.eligibility_settings import EligibilitySettings, HostChannel, X12FolderChannel, X12Parties
from massage_billing.errors import PayerRejected, PayerUnreachable
from massage_billing.fhir import names
from massage_billing.payers.calls import Line
from massage_billing.payers.fhir_payer import FhirPayer, FhirPayerSettings
from massage_billing.payers.simulated.http_server import Server
from massage_billing.payers.simulated.payer import Options, SimulatedPayer
from massage_billing.payers.x12.parties import Parties
from massage_billing.payers.x12_folder import FolderSettings, X12Folder
from massage_billing.ports import Asked, Failed, Waiting
from massage_billing.wiring.channels import open_channels
from massage_billing.x12.answer_write_271 import Reply271, write_271
from massage_billing.x12.asked_270 import read_270
from massage_billing.x12.writer import Envelope
from sweep.world import MEMBER_ID, World

PATIENCE = timedelta(hours=24)


class Later:
    """A world whose payer answers later, and how to make it answer."""

    def __init__(self, world: World, answer: Callable[[], None], times_asked: Callable[[], int]) -> None:
        self.world, self.answer, self.times_asked = world, answer, times_asked


class Folder:
    """The other end of a batch folder."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.out, self.incoming = world, folder / "out", folder / "in"
        self.incoming.mkdir(parents=True)
        parties = Parties("CLINIC", "PAYER")
        settings = FolderSettings(self.out, self.incoming, parties, folder / "kept")
        world.channels["main"] = X12Folder("main", settings, clock=lambda: world.now)
        world.effort = replace(world.effort, wait={"main": PATIENCE})
        self.seen: dict[str, bytes] = {}

    def fetch(self) -> None:
        for file in self.out.glob("*") if self.out.is_dir() else ():
            self.seen[file.name] = file.read_bytes()
            file.unlink()

    def answer(self) -> None:
        self.fetch()
        for number, (name, text) in enumerate(self.seen.items()):
            (asked,) = read_270(text)
            benefits = (("EB", "1", "", ["30"]), ("EB", "F", "", ["BE"], "", "", "29", "", "", "VS", "7"))
            envelope = Envelope("PAYER", "CLINIC", self.world.now, 700 + number, 700 + number)
            file = self.incoming / f"{name}.271"
            file.write_bytes(write_271(Reply271(asked, benefits), envelope))
            past = self.world.now.timestamp() - 60
            os.utime(file, (past, past))

    def times(self) -> int:
        self.fetch()
        return len(self.seen)


@pytest.fixture(params=["memory", "folder", "fhir 202", "fhir create"])
def later(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    world = World()
    if request.param == "memory":
        world.payer.later = True
        yield Later(world, world.payer.deliver, lambda: len(world.payer.asked))
    elif request.param == "folder":
        folder = Folder(world, tmp_path)
        yield Later(world, folder.answer, folder.times)
    else:
        payer = SimulatedPayer(Options(usual="SYN-ACTIVE", held=True, polls=10_000, poll_after=60), lambda: world.now)
        with Server(payer.handle) as server:
            mode = "submit" if request.param == "fhir 202" else "create"
            base = f"{server.url}/fhir-async" if mode == "submit" else f"{server.url}/fhir"
            world.channels["main"] = FhirPayer("main", Line(base), FhirPayerSettings(mode), clock=lambda: world.now)
            yield Later(world, payer.finish, lambda: sum(asked for asked, _ in payer.counts().values()))
            world.channels["main"].close()


def test_asked_once_and_collected_when_the_answer_is_there(later: Later) -> None:
    world = later.world
    report = world.run()
    assert (report.asked, report.waiting, report.answered, world.row().state) == (1, 1, 0, "waiting")
    assert world.reasons() == ["answer-awaited"]
    for _ in range(3):
        world.pass_time(minutes=15)
        report = world.run()
        assert (report.asked, report.answered, report.waiting) == (0, 0, 1)
    later.answer()
    world.pass_time(minutes=15)
    report = world.run()
    assert (report.asked, report.answered, report.waiting, report.written) == (0, 1, 0, 1)
    assert later.times_asked() == 1
    assert (world.row().state, world.row().ticket) == ("answered", "")
    assert world.verdict().readiness == "ready"
    assert len(world.all("CoverageEligibilityRequest")) == len(world.all("CoverageEligibilityResponse")) == 1


def test_collect_alone_brings_the_answer_and_writes_it(later: Later) -> None:
    world = later.world
    world.run()
    later.answer()
    world.pass_time(minutes=15)
    report = world.sweep().collect()
    assert (report.answered, report.written, report.asked) == (1, 1, 0)
    assert len(world.all("CoverageEligibilityResponse")) == 1


def test_it_is_waited_for_over_midnight_and_not_asked_again(later: Later) -> None:
    world = later.world
    world.run()
    world.now = datetime(2026, 12, 1, 13, 0, tzinfo=UTC)
    report = world.run()
    assert (report.asked, report.not_asked) == (0, {"an answer is awaited": 1})
    later.answer()
    world.pass_time(minutes=15)
    assert world.run().answered == 1
    assert later.times_asked() == 1
    assert world.row().day.isoformat() == "2026-11-30"


def test_after_the_patience_it_is_given_up_and_asked_anew(later: Later) -> None:
    world = later.world
    world.book("m1", day=(world.now + timedelta(days=6)).date())
    world.run(days=14)
    world.pass_time(hours=22)
    assert world.run(days=14).given_up == 0
    world.pass_time(hours=20)  # past the patience, also where only the day of asking is known
    report = world.run(days=14)
    assert report.given_up == 1
    assert report.asked == 1, "another day, another question"
    assert [row.state for row in world.rows()] == ["given-up", "waiting"]
    assert later.times_asked() == 2


@pytest.mark.parametrize("meanwhile", ["moved", "cancelled", "the visit was yesterday"])
def test_an_answer_is_collected_though_the_appointment_changed(later: Later, meanwhile: str) -> None:
    world = later.world
    world.run()
    if meanwhile == "moved":
        world.book("m1", day=(world.now + timedelta(days=3)).date())
    elif meanwhile == "cancelled":
        world.change("Appointment/m1", status="cancelled")
    else:
        world.pass_time(hours=22)
        world.change("Appointment/m1", status="fulfilled")
    later.answer()
    world.pass_time(minutes=15)
    report = world.run()
    assert (report.answered, report.given_up, later.times_asked()) == (1, 0, 1)
    (known,) = world.answers()
    assert known.answer.asked_for.isoformat() == "2026-12-01"


@pytest.mark.parametrize("meanwhile", ["appointment deleted", "coverage deleted", "member id corrected"])
def test_what_it_was_asked_for_is_gone(later: Later, meanwhile: str) -> None:
    world = later.world
    world.run()
    old = world.row().key
    if meanwhile == "appointment deleted":
        world.data.remove("Appointment/m1")
        world.book("m9")
    elif meanwhile == "coverage deleted":
        world.data.remove("Coverage/c1")
    else:
        world.change("Coverage/c1", subscriberId="SYN-CORRECTED")
    world.pass_time(minutes=15)
    report = world.run()
    assert [one for one in report.problems if "is gone, or has changed" in one] != []
    assert MEMBER_ID not in repr(report)
    states = {row.key: str(row.state) for row in world.rows()}
    if meanwhile == "coverage deleted":
        assert states == {old: "later"}
        assert world.answers() == []
    elif meanwhile == "member id corrected":
        assert states.pop(old) == "later"
        assert list(states.values()) == ["waiting"]
    else:
        assert states == {old: "waiting"}, "the other appointment of the coverage takes the question over"
        later.answer()
        world.pass_time(minutes=15)
        assert world.run().answered == 1


# --- trouble on the way ---------------------------------------------------------------------------------------------


class Polled:
    """A channel whose questions wait, and whose answers come as told."""

    name = "main"

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)
        self.asked: list[Any] = []
        self.looked: list[str] = []

    def ask(self, question: Any) -> Waiting:
        self.asked.append(question)
        return Waiting("/poll/1")

    def collect(self, waiting: Any) -> Any:
        for asked in waiting:
            assert isinstance(asked, Asked)
            self.looked.append(asked.ticket)
            reply = self.replies.pop(0)
            if isinstance(reply, PayerUnreachable):
                raise reply
            yield asked, reply

    def close(self) -> None: ...


@pytest.mark.parametrize("in_one_go", [True, False])
def test_a_payer_out_of_reach_while_it_is_polled_still_has_the_question(in_one_go: bool) -> None:
    world = World()
    channel = Polled(PayerUnreachable("Channel main: no connection."), None)
    world.channels["main"] = channel
    if in_one_go:
        world.effort = replace(world.effort, wait={"main": PATIENCE})
    world.run()
    world.pass_time(minutes=15)
    report = world.run()
    assert (report.waiting, report.payers) == (1, {"plan": "Channel main: no connection."})
    assert (world.row().state, world.row().ticket) == ("waiting", "/poll/1")
    world.pass_time(minutes=15)
    world.run()
    assert (len(channel.asked), channel.looked) == (1, ["/poll/1", "/poll/1"])


def test_a_question_that_was_turned_down_is_tried_again_as_any_other() -> None:
    world = World()
    channel = Polled(Failed(PayerRejected("Channel main: turned down (999).")))
    world.channels["main"] = channel
    world.run()
    world.pass_time(minutes=15)
    report = world.run()
    assert report.payers == {"plan": "Channel main: turned down (999)."}
    assert world.row().state == "later"
    world.pass_time(minutes=15)
    world.run()
    assert len({one.trace for one in channel.asked}) == 1


def test_a_payer_that_wants_to_be_left_alone_is_not_polled_before() -> None:
    world = World()
    channel = Polled(Waiting("/poll/2", world.now + timedelta(hours=3)), None)
    world.channels["main"] = channel
    world.run()
    world.pass_time(minutes=15)
    world.run()
    world.pass_time(hours=1)
    world.run()
    assert channel.looked == ["/poll/1"]
    world.pass_time(hours=2)
    world.run()
    assert channel.looked == ["/poll/1", "/poll/2"], "and where it says that the answer will be"


def test_a_channel_that_is_gone_from_the_settings_gives_its_questions_up() -> None:
    world = World()
    world.payer.later = True
    world.run()
    del world.channels["main"]
    world.pass_time(minutes=15)
    report = world.run()
    assert report.given_up == 1
    assert world.reasons() == ["payer-no-channel"]


def test_a_crash_between_claim_and_look_loses_no_ticket() -> None:
    """A question with a ticket that some process claimed: it is looked for again, not lost, and not asked twice."""
    world = World()
    world.payer.later = True
    world.run()
    world.pass_time(minutes=30)
    (row,) = world.asking.claim([world.row()], "somebody who is killed", world.now, timedelta(minutes=5))
    assert (row.state, bool(row.ticket)) == ("asking", True)
    world.pass_time(minutes=30)
    world.run()
    world.payer.deliver()
    world.pass_time(minutes=1)
    report = world.run()
    assert (report.answered, len(world.payer.asked)) == (1, 1)


# --- the clinic's own host ------------------------------------------------------------------------------------------


def response(world: World, request: str, id: str = "r1", **changes: Any) -> dict[str, Any]:
    (asked,) = (one for one in world.all("CoverageEligibilityRequest") if one["id"] == request)
    base = {
        "status": "active",
        "purpose": asked["purpose"],
        "patient": ref("Patient/p1"),
        "servicedDate": asked["servicedDate"],
        "created": "2026-11-30",
        "request": ref(f"CoverageEligibilityRequest/{request}"),
        "outcome": "complete",
        "insurer": ref("Organization/o2"),
        "insurance": [{"coverage": ref("Coverage/c1"), "inforce": True}],
    }
    return builders.resource("CoverageEligibilityResponse", id, base, changes)


def test_by_way_of_the_host_the_request_is_created_once_and_its_response_waited_for(tmp_path: Path) -> None:
    world = World()
    settings = EligibilitySettings(channels={"main": HostChannel(kind="host")})
    world.channels = open_channels(settings, world.host, world.host, tmp_path)
    world.effort = replace(world.effort, wait={"main": PATIENCE})
    for _ in range(3):
        report = world.run()
        assert report.answered == 0
        world.pass_time(minutes=15)
    (request,) = world.all("CoverageEligibilityRequest")
    assert {"system": names.SID_QUESTION_KEY, "value": world.row().key} in request["identifier"]
    world.put(response(world, request["id"]))
    report = world.run()
    assert (report.answered, report.written, report.unwritten) == (1, 0, 0)
    assert len(world.all("CoverageEligibilityRequest")) == len(world.all("CoverageEligibilityResponse")) == 1
    (known,) = (one for one in world.answers() if one.question)
    assert known.response == "CoverageEligibilityResponse/r1"
    assert world.verdict().readiness == "ready"


def test_a_folder_of_the_settings_is_what_the_sftp_client_sees(tmp_path: Path) -> None:
    world = World()
    out, incoming = tmp_path / "out", tmp_path / "in"
    incoming.mkdir()
    channel = X12FolderChannel(kind="x12-folder", out=out, incoming=incoming,
                               x12=X12Parties(sender_id="CLINIC", receiver_id="PAYER"))  # fmt: skip
    world.channels = open_channels(EligibilitySettings(channels={"main": channel}), world.host, world.host, tmp_path)
    world.effort = replace(world.effort, wait={"main": PATIENCE})
    world.run()
    (file,) = out.iterdir()
    (asked,) = read_270(file.read_bytes())
    assert asked.trace == world.row().trace
    assert MEMBER_ID not in file.name
