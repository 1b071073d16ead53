"""The simulated payer: one script, four ways to be asked, and the same said in each."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest
import requests

from massage_billing.errors import PayerAnswerUnreadable, PayerBusy, PayerUnreachable
from massage_billing.model import (
    Answer,
    AnswerKind,
    BenefitKind,
    CountUnit,
    Measure,
    Standing,
)
from massage_billing.payers.calls import Line
from massage_billing.payers.clearinghouse.mapping import load
from massage_billing.payers.clearinghouse.request import digits9
from massage_billing.payers.clearinghouse_json import ClearinghouseJson, ClearinghouseSettings
from massage_billing.payers.core_x12 import CoreSettings, CoreX12
from massage_billing.payers.fhir_payer import FhirPayer
from massage_billing.payers.simulated.members import insured, script_of
from massage_billing.payers.x12.parties import Parties
from massage_billing.ports import PayerChannel, Replied
from payers.questions import SERVICED, question
from servers.process import ROOT, Child
from servers.simulated_payer import Start

ANSWERING = [name for name, script in insured().members.items() if not script.behaves and script.times is None]


def channels(url: str, seconds: float = 5) -> dict[str, PayerChannel]:
    """Every way to ask a simulated payer."""
    v3, plans = (ClearinghouseSettings(load(name)) for name in ("medical-network-v3", "stedi-2026-06"))
    return {
        "core": CoreX12("core", CoreSettings(Line(f"{url}/core", seconds=seconds), Parties("SYNCLINIC", "SYN01"))),
        "fhir": FhirPayer("fhir", Line(f"{url}/fhir", seconds=seconds)),
        "v3": ClearinghouseJson("v3", Line(f"{url}/clearinghouse", seconds=seconds), v3),
        "plans": ClearinghouseJson("plans", Line(f"{url}/clearinghouse/plans", seconds=seconds), plans),
    }


def ask(channel: PayerChannel, member_id: str, number: int = 1) -> Answer:
    reply = channel.ask(question(number, member_id=member_id))
    assert isinstance(reply, Replied)
    return reply.answer


@dataclass(frozen=True)
class Gist:
    """What matters of an answer before a visit, however it is told: left, or allowed and used."""

    kind: AnswerKind
    standing: Standing
    copays: frozenset[Decimal]
    shares: frozenset[tuple[str, Decimal]]
    visits_left: frozenset[Decimal]
    deductible_left: frozenset[Decimal]
    authorization: bool | None
    not_covered: bool
    reasons: tuple[str, ...]
    messages: frozenset[str]
    plans: frozenset[tuple[str | None, str | None, Standing, date | None, date | None]]


def gist(answer: Answer) -> Gist:
    massage = [one for one in answer.benefits if {"BE", "30"} & {*one.service_types} or not one.service_types]
    counts = [one for benefit in massage for one in benefit.counts if one.unit is CountUnit.VISITS]
    money = [one for one in massage if one.kind is BenefitKind.DEDUCTIBLE and one.amount is not None]
    told = {one.authorization for one in massage} - {None}
    return Gist(
        answer.kind,
        answer.standing,
        frozenset(one.amount for one in massage if one.kind is BenefitKind.COPAY and one.amount is not None),
        frozenset((one.network.value, one.share) for one in massage if one.share is not None),
        left([(one.measure, one.quantity) for one in counts]),
        left([(one.measure, one.amount) for one in money if one.amount is not None]),
        None if not told else True in told,
        any(one.kind is BenefitKind.NOT_COVERED for one in massage),
        tuple(one.code for one in answer.rejections),
        frozenset(text for benefit in massage for text in benefit.messages),
        frozenset((one.name, one.number, one.standing, one.start, one.end) for one in answer.plans),
    )


def left(figures: list[tuple[Measure, Decimal]]) -> frozenset[Decimal]:
    told = {number for measure, number in figures if measure is Measure.LEFT}
    if told:
        return frozenset(told)
    allowed = {number for measure, number in figures if measure is Measure.ALLOWED}
    used = {number for measure, number in figures if measure is Measure.USED}
    return frozenset(a - u for a in allowed for u in used)


@pytest.mark.parametrize("member", ANSWERING)
def test_all_ways_of_asking_are_told_the_same(simulated_payer: str, member: str) -> None:
    told = {name: gist(ask(channel, member)) for name, channel in channels(simulated_payer).items()}
    assert told["v3"] == told["plans"] == told["core"]
    assert told["fhir"] == told["core"]


def expected(member: str, asked: Answer) -> bool:
    massage = [one for one in asked.benefits if "BE" in one.service_types]
    counts = {(one.measure, one.quantity) for benefit in massage for one in benefit.counts}
    return {
        "SYN-ACTIVE": asked.standing is Standing.IN_FORCE and (Measure.LEFT, Decimal(8)) in counts,
        "SYN-ENDED": asked.standing is Standing.NOT_IN_FORCE and asked.end is not None and asked.end < SERVICED,
        "SYN-FUTURE": asked.standing is Standing.NOT_IN_FORCE and asked.start is not None and asked.start > SERVICED,
        "SYN-WRONG-ID": [one.code for one in asked.rejections] == ["72"],
        "SYN-WRONG-BIRTH": [one.code for one in asked.rejections] == ["71"],
        "SYN-OTHER-PAYER": [one.name for one in asked.other_payers] == ["SYNTHETIC MUTUAL"],
        "SYN-USED-UP": (Measure.LEFT, Decimal(0)) in counts,
        "SYN-PT-ONLY": any(one.kind is BenefitKind.RESTRICTED for one in massage),
        "SYN-AUTH": any(one.authorization for one in massage),
        "SYN-DEDUCTIBLE": any(one.amount == Decimal("1120.50") for one in asked.benefits),
        "SYN-ONLY-30": not massage and asked.standing is Standing.IN_FORCE,
        "SYN-MSG-LIMITS": {(Measure.ALLOWED, Decimal(15)), (Measure.USED, Decimal(4))} <= counts,
        "SYN-PT-POOL": any({"PT", "BE"} <= {*one.service_types} and one.counts for one in asked.benefits),
        "SYN-PLANS": sorted(str(one.standing) for one in asked.plans) == ["in-force", "not-in-force"],
        "SYN-NOT-COVERED": any(one.kind is BenefitKind.NOT_COVERED for one in massage),
        "SYN-CORRECTED": asked.corrected is not None and asked.corrected.member_id == "SYN-CORRECTED-ON-FILE",
    }[member]


@pytest.mark.parametrize("member", ANSWERING)
def test_each_member_is_told_what_its_script_says(simulated_payer: str, member: str) -> None:
    assert expected(member, ask(channels(simulated_payer)["core"], f"{member}-0042"))


def test_massage_is_told_of_only_to_who_asks_for_it(simulated_payer: str) -> None:
    for channel in channels(simulated_payer).values():
        asked = question(member_id="SYN-ACTIVE", service_types=("30",))
        reply = channel.ask(asked)
        assert isinstance(reply, Replied)
        assert not [one for one in reply.answer.benefits if one.counts]


def test_try_later_is_over_after_two_tries_of_the_same_question(start_payer: Start) -> None:
    payer, url = start_payer()
    for place, channel in enumerate(channels(url).values(), start=1):
        asked = question(place, member_id=f"SYN-TRY-LATER-{place}")
        kinds = []
        for _ in range(3):
            reply = channel.ask(asked)
            assert isinstance(reply, Replied)
            kinds.append(reply.answer.kind)
        assert kinds == [AnswerKind.TRY_LATER, AnswerKind.TRY_LATER, AnswerKind.ANSWERED]
    assert payer.counts()[question(1).trace] == (3, 1)
    assert payer.counts()[digits9(question(3).trace)] == (3, 1)


@pytest.mark.parametrize(
    ("member", "problem"),
    [("SYN-DOWN", PayerBusy), ("SYN-GARBAGE", PayerAnswerUnreadable), ("SYN-CUT", PayerUnreachable)],
)
def test_faults_are_faults_in_every_language(simulated_payer: str, member: str, problem: type[Exception]) -> None:
    for channel in channels(simulated_payer).values():
        with pytest.raises(problem):
            ask(channel, member)


def test_an_answer_that_comes_too_late_is_not_waited_for(start_payer: Start) -> None:
    _, url = start_payer(slow=600)
    for channel in channels(url, seconds=0.3).values():
        with pytest.raises(PayerUnreachable):
            ask(channel, "SYN-SLOW")


def test_what_is_counted_can_be_asked(simulated_payer: str) -> None:
    asked = question(77, member_id="SYN-ACTIVE-77")
    channel = channels(simulated_payer)["core"]
    channel.ask(asked)
    channel.ask(asked)
    counts = requests.get(f"{simulated_payer}/counts", timeout=5).json()
    assert counts[asked.trace] == {"asked": 2, "answered": 2}


def test_nobody_outside_this_machine_can_reach_it(simulated_payer: str) -> None:
    assert simulated_payer.startswith("http://127.0.0.1:")
    port = int(simulated_payer.rpartition(":")[2])
    others = [one[4][0] for one in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    for address in {one for one in others if not str(one).startswith("127.")}:
        with socket.socket() as made:
            made.settimeout(1)
            assert made.connect_ex((address, port)) != 0


@pytest.mark.parametrize(
    "sent",
    [b"\x00\xff\r\n\r\n", b"POST /core HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"POST /core HTTP/1.1\r\n\r\n",
     b"POST /core HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"G" * 100_000],
)  # fmt: skip
def test_nonsense_does_not_end_it(simulated_payer: str, sent: bytes) -> None:
    host, _, port = simulated_payer.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as made:
        made.sendall(sent)
        assert made.recv(1 << 16).startswith((b"HTTP/1.1 4", b""))
    assert requests.get(f"{simulated_payer}/counts", timeout=5).status_code == 200


@pytest.mark.parametrize("path", ["/", "/core/", "/fhir/Patient", "/fhir-async/status/999999", "/counts/1"])
def test_what_it_does_not_know_is_not_found(simulated_payer: str, path: str) -> None:
    assert requests.get(f"{simulated_payer}{path}", timeout=5).status_code == 404


def test_a_member_nobody_insures_is_not_found(simulated_payer: str) -> None:
    assert [one.code for one in ask(channels(simulated_payer)["core"], "ELSEWHERE-1").rejections] == ["75"]
    assert script_of("syn-active-0001-9") is script_of("SYN-ACTIVE")


# --- as a program -----------------------------------------------------------------------------------------------------


@pytest.fixture
def child() -> Iterator[Child]:
    command = [sys.executable, "-m", "massage_billing.payers.simulated", "--latency", "0"]
    with Child(command, env={"PYTHONPATH": str(ROOT / "plugin")}) as made:
        assert made.read_line(30).startswith("READY http://127.0.0.1:")
        yield made


def test_it_ends_when_its_parent_is_gone(child: Child) -> None:
    assert child.process.stdin is not None
    child.process.stdin.close()
    assert child.process.wait(10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_by_a_signal(child: Child, number: signal.Signals) -> None:
    os.kill(child.pid, number)
    assert child.process.wait(10) == 0
