"""SIGKILL at random moments of sweeps: no recorded answer is asked again, a lost one once more under the same trace
number, and on the host stands each question with its answer exactly once."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
import requests

from journeys.clinic import environment, question_key
from journeys.forked import Forker
from massage_billing.payers.clearinghouse.request import digits9
from massage_billing.ports import QuestionRow, QuestionState
from massage_billing.store import open_store
from servers.process import ROOT, Child
from sweep.on_disk import nearby, patient, settings, write_out, written
from sweep.world import HOST

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("MB_TEST_KILL_SEED", "20261130"))  # another seed, other moments
KILLS = 12
LATENCY = 0.08
NEW = 9
"""Patients who make an appointment between two sweeps."""
REQUEST, RESPONSE = "CoverageEligibilityRequest", "CoverageEligibilityResponse"
RUN_SECONDS = 120


@pytest.fixture(scope="module")
def payer() -> Iterator[str]:
    """A simulated payer that takes its time, as a process of its own."""
    command = [sys.executable, "-m", "massage_billing.payers.simulated", "--latency", str(LATENCY)]
    with Child(command, env={"PYTHONPATH": str(ROOT / "plugin")}) as child:
        yield child.read_line(30).partition(" ")[2]


class Practice:
    """A clinic in a folder whose calendar fills, and what its payers counted."""

    def __init__(self, folder: Path, payer: str, prefix: str) -> None:
        self.folder, self.host, self.payer, self.prefix = folder, folder / "host", payer, prefix
        self.world = nearby()
        self.people = 0
        self.settings = settings(folder, payer, self.host)

    def fill(self, count: int) -> None:
        """So many new patients with an appointment tomorrow, spread over three payers."""
        for number in range(self.people, self.people + count):
            minute = f"{8 + number % 9:02}:{number % 60:02}"
            patient(self.world, f"{self.prefix}{number:03}", payer=f"o{2 + number % 3}", clock=minute)
        self.people += count
        write_out(self.world, self.host)

    def counts(self) -> dict[str, int]:
        """Trace number → how often it was asked, as the payer counted."""
        told = requests.get(f"{self.payer}/counts", timeout=30).json()
        return {trace: one["asked"] for trace, one in told.items()}

    def asked(self) -> dict[str, int]:
        """Question → how often it was asked."""
        counts = self.counts()
        return {row.key: counts.get(at_the_payer(row), 0) for row in self.rows()}

    def rows(self) -> list[QuestionRow]:
        if not (self.folder / "state" / "store.sqlite").exists():
            return []
        with open_store(self.folder / "state") as store:
            return list(store.asking().rows(HOST, date(2000, 1, 1)))

    def responses(self) -> dict[str, str | None]:
        """Question → the response that the store believes is on the host."""
        with open_store(self.folder / "state") as store:
            return {one.question: one.response for one in store.asking().answered_since(HOST, None)}

    def once_on_the_host(self) -> None:
        """Of each recorded answer one request and one response stand on the host, and the store knows which."""
        rows = self.rows()
        assert len(rows) == len({(row.coverage, row.day) for row in rows}) == self.people
        assert {row.state for row in rows} == {QuestionState.ANSWERED}
        requests_, responses = written(self.host, REQUEST), written(self.host, RESPONSE)
        assert Counter(map(question_key, requests_)) == Counter(row.key for row in rows)
        assert Counter(map(question_key, responses)) == Counter(row.key for row in rows)
        by_id = {f"{REQUEST}/{one['id']}": question_key(one) for one in requests_}
        assert {by_id[one["request"]["reference"]] for one in responses} == {row.key for row in rows}
        assert all(by_id[one["request"]["reference"]] == question_key(one) for one in responses)
        assert self.responses() == {question_key(one): f"{RESPONSE}/{one['id']}" for one in responses}


def at_the_payer(row: QuestionRow) -> str:
    """The trace number as the payer of this row has it: a clearinghouse wants nine digits."""
    return digits9(row.trace) if row.payer == "three" else row.trace


def test_killed_at_random_moments(tmp_path: Path, payer: str, forker: Forker) -> None:
    practice = Practice(tmp_path, payer, "k")
    arguments = ["eligibility", "run", "--json", "--settings", str(practice.settings)]
    practice.fill(NEW)
    forker.run(arguments)
    practice.fill(NEW)
    begun = datetime.now()
    forker.run(arguments)
    usual = (datetime.now() - begun).total_seconds()
    draw = random.Random(SEED)
    print(f"seed {SEED}: {KILLS} kills between 0 and {1.6 * usual:.2f} s")

    killed = ended = 0
    recorded: dict[str, int] = {}
    """Question with a recorded answer → how often it had been asked."""
    first_seen: dict[str, int] = {}
    met: Counter[str] = Counter()
    """What the kills met."""
    while killed < KILLS:
        assert ended < 5 * KILLS, "the sweeps end before they can be killed"
        practice.fill(NEW)
        if forker.killed_after(arguments, draw.uniform(0.0, 1.6 * usual)):
            killed += 1
        else:
            ended += 1
        rows, asked = practice.rows(), practice.asked()
        on_host = {question_key(one) for one in written(practice.host, RESPONSE)}
        done = [row for row in rows if row.state is QuestionState.ANSWERED]
        met["with questions under way"] += len(done) < len(rows)
        met["with answers that were not on the host"] += len(done) > len(on_host)
        assert {one: asked[one] for one in recorded} == recorded, "a recorded answer was asked again"
        recorded = {row.key: asked[row.key] for row in done}
        for row in rows:
            first_seen.setdefault(row.key, killed)
            assert row.trace == row.key, "the same trace number for every try"
        for kind in (REQUEST, RESPONSE):
            assert max(Counter(map(question_key, written(practice.host, kind))).values(), default=1) == 1
        assert on_host <= recorded.keys(), "what is not recorded stands on the host"

    report = forker.run(arguments)
    assert (report["unwritten"], report["problems"]) == (0, [])
    asked = practice.asked()
    assert {one: asked[one] for one in recorded} == recorded
    practice.once_on_the_host()
    # A kill loses what was under way: it is asked once more for each kill that it lived through, never more.
    assert all(1 <= times <= 2 + killed - first_seen.get(one, killed) for one, times in asked.items())
    lost = sum(times - 1 for times in asked.values())
    print(f"{len(asked)} questions, {lost} asked once more; kills {dict(met)}; {ended} runs ended before")
    assert sum(met.values()) > 0, "no kill met work under way"
    before = practice.counts()
    again = forker.run(arguments)
    assert (again["asked"], again["written"], again["tasks_opened"]) == (0, 0, 0)
    assert practice.counts() == before


@pytest.mark.parametrize("machines", [1, 2], ids=["one state folder", "two machines, one database"])
def test_two_processes_at_once_ask_each_question_once(
    tmp_path: Path, payer: str, machines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MB_JOURNEY_DATABASE", f"sqlite:///{tmp_path}/state/store.sqlite")
    (tmp_path / "state").mkdir(mode=0o700)
    practice = Practice(tmp_path, payer, f"t{machines}")
    practice.fill(30)
    database = "MB_JOURNEY_DATABASE" if machines == 2 else ""
    states = ("state", "other") if machines == 2 else ("state", "state")
    files = [settings(tmp_path, payer, practice.host, state=state, database=database) for state in states]
    before = practice.counts()
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "massage_billing", "eligibility", "run", "--json", "--settings", str(file)],
            cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for file in files
    ]  # fmt: skip
    ran = [process.communicate(timeout=RUN_SECONDS) for process in processes]
    assert {process.returncode for process in processes} <= {0, 5}, [errors for _, errors in ran]
    reports = [json.loads(out) for out, _ in ran]
    assert sum(report["asked"] for report in reports) == sum(report["answered"] for report in reports) == 30
    asked = Counter(practice.counts()) - Counter(before)
    assert sorted(asked.values()) == [1] * 30
    assert {at_the_payer(row) for row in practice.rows()} == asked.keys()
    last = subprocess.run(
        [sys.executable, "-m", "massage_billing", "eligibility", "run", "--json", "--settings", str(files[0])],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True, timeout=RUN_SECONDS,
    )  # fmt: skip
    assert (json.loads(last.stdout)["asked"], json.loads(last.stdout)["unwritten"]) == (0, 0)
    practice.once_on_the_host()
