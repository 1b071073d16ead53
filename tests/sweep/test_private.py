"""Where no name, birth date or member id stands: logs, reports, Tasks, errors, what the store keeps of questions."""

from __future__ import annotations

import json
import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import structlog

from massage_billing.cli import shell
from massage_billing.model import Answer, AnswerKind, Corrected, Question, Rejection, Standing
from massage_billing.payers.calls import Line
from massage_billing.payers.clearinghouse.mapping import load
from massage_billing.payers.clearinghouse_json import ClearinghouseJson, ClearinghouseSettings
from massage_billing.payers.core_x12 import CoreSettings, CoreX12
from massage_billing.payers.fhir_payer import FhirPayer, FhirPayerSettings
from massage_billing.payers.simulated.http_server import Server
from massage_billing.payers.simulated.payer import Options, SimulatedPayer
from massage_billing.payers.x12.parties import Parties
from massage_billing.store import open_store
from sweep.world import BIRTH_DATE, FAMILY, GIVEN, MEMBER_ID, PRIVATE, World

SPEAKS = ("core", "fhir", "fhir-async", "clearinghouse")
BEHAVES = ("SYN-ACTIVE", "SYN-DOWN", "SYN-GARBAGE", "SYN-CUT", "SYN-WRONG-ID", "SYN-CORRECTED", "SYN-SLOW")


def leaks(*texts: str | bytes) -> list[str]:
    """Which private words stand in these, whatever their case."""
    whole = b"\n".join(one if isinstance(one, bytes) else one.encode() for one in texts).lower()
    return [word for word in PRIVATE if word.lower().encode() in whole]


def channel(world: World, name: str, url: str) -> Any:
    line = Line(f"{url}/{name}", seconds=0.5)
    if name == "core":
        return CoreX12("main", CoreSettings(line, Parties("CLINIC", "PAYER")))
    if name == "clearinghouse":
        return ClearinghouseJson("main", line, ClearinghouseSettings(load("medical-network-v3")))
    return FhirPayer("main", line, FhirPayerSettings(), clock=lambda: world.now)


@pytest.fixture
def world(tmp_path: Path) -> Any:
    with open_store(tmp_path) as store:
        yield World(store=store)


@pytest.mark.parametrize("speaks", SPEAKS)
def test_whatever_real_payers_do(
    world: World, tmp_path: Path, speaks: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Errors of every kind, with the patient's name in the payer's web page, in every language."""
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    payer = SimulatedPayer(Options(slow=0.9, polls=0, poll_after=0))
    with Server(payer.handle) as server, structlog.testing.capture_logs() as logs:
        for number, script in enumerate(BEHAVES):
            person = f"x{number}"
            world.insured(person, f"c{person}", member=f"{script}-{MEMBER_ID}")
            world.seen(person)
            world.book(f"m{person}", person, clock=f"{8 + number:02}:00")
        world.data.remove("Appointment/m1")
        made = channel(world, speaks, server.url)
        world.channels["main"] = made
        for _ in range(3):
            told += [json.dumps(shell.plain(world.run())), repr(logs)]
            world.pass_time(minutes=20)
        told.append(json.dumps(shell.plain([one for _, one in world.huddled()])))
        made.close()
    kinds = {str(row.state) for row in world.rows()}
    assert "answered" in kinds
    assert kinds - {"answered"}
    assert caplog.records, "what calls log is looked through too"
    assert leaks(*told, json.dumps(world.all("Task")), caplog.text, *capfd.readouterr()) == []
    assert leaks(*payer.seen) == [], "what stands around bodies: URLs and headers"
    database = sqlite3.connect(tmp_path / "store.sqlite")
    database.text_factory = bytes
    questions = list(database.execute("select * from questions"))
    assert len(questions) == len(BEHAVES)
    assert leaks(repr(questions)) == []
    assert leaks(repr(list(database.execute("select * from ahead_tasks"))), repr(world.rows())) == []


def test_the_search_for_leaks_finds_one() -> None:
    assert leaks(f"Dear {FAMILY},", b'{"memberId": "syn7788991"}') == [FAMILY, MEMBER_ID]


def test_what_payers_write_stands_in_no_task_and_no_report(world: World) -> None:
    """A payer's own text may name the patient."""

    def chatty(question: Question) -> Answer:
        said = f"{GIVEN} {FAMILY} BORN {BIRTH_DATE} IS UNKNOWN"
        return Answer(AnswerKind.REFUSED, question.serviced, rejections=(Rejection("72", "C", message=said),),
                      messages=(said,), kept=(said,), trace=question.trace)  # fmt: skip

    world.payer.says("Coverage/c1", chatty)
    report = world.run()
    assert world.open_tasks() != []
    assert leaks(json.dumps(shell.plain(report)), json.dumps(world.all("Task"))) == []


@pytest.mark.parametrize(
    ("reference", "changes", "reason"),
    [
        ("Patient/p1", {"birthDate": f"about {BIRTH_DATE}"}, "no-birth-date"),
        ("Coverage/c1", {"subscriberId": f" {MEMBER_ID} ~*"}, "answer-failed"),
        ("Coverage/c1", {"subscriberId": [MEMBER_ID]}, "no-member-id"),
    ],
)
def test_errors_of_our_own_data_name_resources_and_fields(
    world: World, reference: str, changes: dict[str, Any], reason: str
) -> None:
    world.channels["main"] = CoreX12("main", CoreSettings(Line("http://127.0.0.1:9/core"), Parties("CLINIC", "PAYER")))
    world.change(reference, **changes)
    report = world.run()
    assert reason in world.reasons()
    assert leaks(json.dumps(shell.plain([report, world.verdict()])), json.dumps(world.all("Task"))) == []


def test_where_a_payer_has_something_else_on_file_the_value_stays_out_of_the_task(world: World) -> None:
    def other(question: Question) -> Answer:
        corrected = Corrected("M-ON-FILE-1", None, "Onfile", "Ona")
        return Answer(AnswerKind.ANSWERED, question.serviced, Standing.IN_FORCE, corrected=corrected)

    world.payer.says("Coverage/c1", other)
    world.run()
    (task,) = world.open_tasks()
    assert [code["code"] for code in task["reasonCode"]["coding"]] == ["record-differs"]
    assert not any(word in json.dumps(task) for word in ("M-ON-FILE-1", "Onfile"))
