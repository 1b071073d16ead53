"""SIGKILL of any process of the service, or an end of its database, while 1,000 visits are billed: nothing is lost,
nothing is written twice, and what was wrong is told meanwhile and afterwards.

Real processes, a real PostgreSQL, a FHIR server in a process of its own (servers/fast_fhir.py). What has to stand on
the host in the end is what one process makes of the same visits undisturbed.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from journeys.clinic import by_key, doubled, live, open_tasks
from massage_billing.fhir.claim_state import encounters_named
from massage_billing.store import open_store
from servers.postgresql import Server, postgresql
from servers.shared_service import HOST, WRITTEN, Host, Json, Service, service

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("MB_TEST_KILL_SEED", "20261130"))
VISITS = 1000
KILLS = 5
WORKERS = 2
RUN = 600.0
"""Seconds within which a run is over on a busy machine."""


@dataclass
class Whole:
    """What has to stand there in the end, and what it stands on."""

    host: Host
    database: Server
    wanted: dict[str, Any]
    """What one process made of it."""
    usual: float
    """Seconds that took."""
    draw: random.Random
    """Moments."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """A clinic billed once by one process."""
    folder = tmp_path_factory.mktemp("workers")
    with postgresql() as database:
        host = Host(folder / "clinic", VISITS)
        try:
            with service(folder / "one", host, database, "one", 1) as alone:
                begun = time.monotonic()
                job = alone.ended(alone.ask(), RUN)
                usual = time.monotonic() - begun
                assert (job["state"], job["counts"]["visits"], job["problems"]) == ("done", VISITS, [])
            print(f"seed {SEED}: one process takes {usual:.1f} s")
            yield Whole(host, database, standing(host), usual, random.Random(SEED))
        finally:
            host.child.stop()


@pytest.fixture
def fresh(whole: Whole) -> Whole:
    """The same host without anything of ours."""
    whole.host.forget()
    return whole


def standing(host: Host) -> dict[str, Any]:
    """Live Claims by key with their lines, and the keys of open Tasks; nothing stands twice."""
    written = {kind: host.all(kind) for kind in WRITTEN}
    assert doubled(written) == []
    claims = {key: [said_of(one) for one in some] for key, some in by_key(live(written["Claim"])).items()}
    assert {len(some) for some in claims.values()} == {1}
    provenances = Counter(target["reference"] for one in written["Provenance"] for target in one["target"])
    assert {provenances[f"Claim/{one['id']}"] for one in live(written["Claim"])} == {1}
    return {"claims": claims, "tasks": sorted(by_key(open_tasks(written["Task"])))}


def said_of(claim: Json) -> tuple[object, ...]:
    """What a Claim says."""
    lines = [(line["productOrService"]["coding"][0]["code"], line["quantity"]["value"]) for line in claim["item"]]
    return claim["status"], sorted(encounters_named(claim)), lines


def settled(running: Service, id: str, whole: Whole, name: str) -> None:
    """After the run, or one more: everything stands there once, the outbox is empty, and nothing is left to do."""
    job = running.ended(id, RUN)
    if job["state"] in ("failed", "abandoned"):  # killed too often: a person or the schedule begins the next one
        job = running.ended(running.ask(), RUN)
    assert job["state"] in ("done", "problems"), job
    assert standing(whole.host) == whole.wanted
    before = {kind: len(whole.host.all(kind)) for kind in WRITTEN}
    last = running.ended(running.ask(), RUN)
    assert (last["state"], last["counts"].get("claims_created", 0)) == ("done", 0), last
    assert {kind: len(whole.host.all(kind)) for kind in WRITTEN} == before
    with open_store(whole.database.url(name)) as store:
        assert store.waiting(HOST) == 0
        assert sum(1 for _ in store.rows(HOST)) == VISITS


def wait(seconds: float) -> None:
    threading.Event().wait(seconds)


def progressed(running: Service, id: str, share: float) -> Json:
    """The job, once so much of it is done, or it is over."""
    while True:
        job = running.job(id)
        done = job["progress"].get("visits", {"done": 0})["done"]
        if done >= share * VISITS or job["state"] not in ("waiting", "running"):
            return job
        wait(0.05)


def test_processes_killed_at_random_moments(fresh: Whole, tmp_path: Path) -> None:
    with service(tmp_path / "state", fresh.host, fresh.database, "killed", WORKERS) as running:
        id = running.ask()
        killed = 0
        for _ in range(KILLS):
            wait(fresh.draw.uniform(0, fresh.usual / 4))
            if running.job(id)["state"] != "running":
                break
            os.kill(fresh.draw.choice(running.processes()), signal.SIGKILL)
            killed += 1
            assert running.get("/healthz")[0] == 200
        print(f"seed {SEED}: {killed} processes killed")
        job = running.ended(id, RUN)
        assert killed >= 2
        assert any("ended" in problem for problem in job["problems"]), job
        settled(running, id, fresh, "killed")
        assert len(running.processes()) == WORKERS
        assert running.get("/readyz")[0] == 200


def test_the_whole_service_killed_and_started_again(fresh: Whole, tmp_path: Path) -> None:
    with service(tmp_path / "first", fresh.host, fresh.database, "again", WORKERS) as running:
        id = running.ask()
        progressed(running, id, fresh.draw.uniform(0.1, 0.6))
        for pid in (running.child.pid, *running.processes()):
            os.kill(pid, signal.SIGKILL)
        running.child.process.wait(30)
    second = Service(tmp_path / "second", fresh.host, fresh.database.url("again"), WORKERS)
    try:
        # Another folder, as on another machine: whether who did the job lives is not known here, and its lease decides.
        settled(second, id, fresh, "again")
    finally:
        second.child.stop()


def test_who_started_them_is_killed_and_none_is_left_behind(fresh: Whole, tmp_path: Path) -> None:
    with service(tmp_path / "state", fresh.host, fresh.database, "orphans", WORKERS) as running:
        children = running.processes()
        os.kill(running.child.pid, signal.SIGKILL)
        running.child.process.wait(30)
        for pid in children:
            while Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
                wait(0.05)
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{running.url}/healthz", timeout=5)


def test_the_database_ends_and_comes_back(fresh: Whole, tmp_path: Path) -> None:
    with service(tmp_path / "state", fresh.host, fresh.database, "away", WORKERS) as running:
        id = running.ask()
        for share in (fresh.draw.uniform(0.05, 0.3), fresh.draw.uniform(0.4, 0.7)):
            progressed(running, id, share)
            fresh.database.stop()
            try:
                while (told := running.get("/readyz"))[0] == 200:
                    wait(0.05)
                assert "cannot be reached" in told[1]["problems"][0]
                status, health = running.get("/healthz")
                assert (status, health["status"]) == (200, "ok")
                assert "cannot be reached" in health["problems"][0]
                status, told_of_job = running.get(f"/jobs/{id}")
                assert (status, "cannot be reached" in told_of_job["problem"]) == (503, True)
                page = requests.get(f"{running.url}/login", timeout=60)
                assert page.status_code < 500
            finally:
                fresh.database.start()
        job = running.ended(id, RUN)
        assert any("The work went on when that was over" in problem for problem in job["problems"]), job
        settled(running, id, fresh, "away")
        while running.get("/readyz")[0] != 200:
            wait(0.1)


def test_a_process_that_starts_while_the_database_is_away_waits_for_it(fresh: Whole, tmp_path: Path) -> None:
    with service(tmp_path / "state", fresh.host, fresh.database, "starting", WORKERS) as running:
        fresh.database.stop()
        try:
            old = running.processes()
            for pid in old:
                os.kill(pid, signal.SIGKILL)
            while len(set(running.processes()) - set(old)) < WORKERS:
                wait(0.05)
            status, told = running.get("/readyz")
            assert (status, len(told["problems"])) == (503, 1)
            assert running.get("/healthz")[1]["problems"] != []
        finally:
            fresh.database.start()
        while running.get("/readyz")[0] != 200:
            wait(0.1)
        settled(running, running.ask(), fresh, "starting")
