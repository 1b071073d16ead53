"""Whatever exports at once and whatever ends an export, every claim is in exactly one file, and files are whole."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Barrier

import pytest

from claims_answers import ack
from claims_clinic import DATABASE, HOST, Billed, controls_of, keys_in, prepare
from journeys.forked import Forker, forking
from massage_billing.wiring import sending

KILLS = 14
SEED = int(os.environ.get("MB_TEST_KILL_SEED", "20261123"))
VISITS = 120


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Billed:
    return prepare(tmp_path_factory.mktemp("large") / "clinic", VISITS)


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, large: Billed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Billed:
    """A clinic whose store several processes may use."""
    clinic = large.copied(tmp_path / "clinic")
    if request.param == "postgresql":
        monkeypatch.setenv(DATABASE, request.getfixturevalue("postgresql_url"))
        clinic = replace(clinic, database=True)
        clinic.write_settings()
        clinic.run()  # the store is found again from what stands on the host
    return clinic


def once(clinic: Billed, expected: int, times: int = 1) -> None:
    """Every claim is in so many files; files are whole, are what their manifests say, and have numbers of their own."""
    files = clinic.files()
    counted = Counter(key for data in files.values() for key in keys_in(data))
    assert (len(counted), set(counted.values())) == (expected, {times})
    for name, data in files.items():
        told = json.loads(Path(clinic.out, f"{name}.manifest.json").read_text())
        assert told["sha256"] == hashlib.sha256(data).hexdigest()
        assert [one["control"] for one in told["carries"]] == keys_in(data)
    numbers = controls_of(iter(files.values()))
    assert len(set(numbers)) == len(numbers) == len(files)


def exportable(clinic: Billed) -> int:
    with clinic.exporter() as exporter:
        return sum(file.claims for file in exporter.run(dry_run=True).files)


def test_threads_that_export_at_once(shared: Billed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the lock that keeps two processes of one machine apart: as on two machines with one database."""
    expected = exportable(shared)
    barrier = Barrier(4)

    def go(number: int) -> None:
        with shared.exporter() as exporter:  # of the same store
            barrier.wait()
            exporter.run(payer=("cedar-health" if number == 3 else None))

    monkeypatch.setattr(sending, "one_at_a_time", lambda *_: _nothing())
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(go, range(4)))
    once(shared, expected)


class _nothing:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def test_processes_that_export_at_once(shared: Billed) -> None:
    expected = exportable(shared)
    with forking() as one, forking() as two, forking() as three:
        arguments = ["export", "837", "--settings", str(shared.file), "--json"]
        forkers = (one, two, three)
        pids = [forker.start(arguments) for forker in forkers]
        codes = [forker.ended(120) for forker in forkers]
        assert all(code in (0, 12) for code in codes), [
            forker.said(pid) for forker, pid in zip(forkers, pids, strict=True)
        ]
    once(shared, expected)


def test_a_file_that_two_write_at_once_is_whole(large: Billed, tmp_path: Path) -> None:
    """One has committed it and is about to write it; the other finds it missing and writes it too."""
    clinic = large.copied(tmp_path / "clinic")
    with clinic.exporter() as exporter:
        exporter.run()
        batch = exporter.setup.ledger.batch(HOST, 1)
        assert batch is not None
        for _ in range(10):
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda _: exporter._write(batch, again=True), range(8)))
    once(clinic, len(clinic.sent()))
    assert [path.name for path in clinic.out.rglob(".*")] == []


def killed_or_not(forker: Forker, arguments: list[str], seconds: float) -> bool:
    pid = forker.start(arguments)
    code = forker.ended(seconds)
    if code is None:
        forker.kill(pid)
        code = forker.ended(120)
    assert code in (0, 12, -9), forker.said(pid)
    return code == -9


@pytest.mark.slow
def test_killed_at_random_moments(shared: Billed, tmp_path: Path) -> None:
    """Each round begins with all claims rejected, so that every one has to go into one new file."""
    draw = random.Random(SEED)
    arguments = ["export", "837", "--again", "all", "--settings", str(shared.file), "--json"]
    with forking() as forker:
        at = datetime.now()
        killed_or_not(forker, arguments, 120)
        usual = (datetime.now() - at).total_seconds()
        print(f"seed {SEED}: {KILLS} kills between 0.2 and 1.1 of {usual:.2f} s")
        expected = len(shared.sent())
        assert expected > 60
        killed = 0
        while killed < KILLS:
            rejected_all(shared)
            shutil.rmtree(shared.out)
            for _ in range(draw.randrange(1, 4)):
                killed += killed_or_not(forker, arguments, draw.uniform(0.2 * usual, 1.1 * usual))
                _whole(shared)
            killed_or_not(forker, arguments, 120)
            once(shared, expected)
            again(shared)


def rejected_all(clinic: Billed) -> None:
    with clinic.ledger() as ledger:
        numbers = sorted({one.batch for one in ledger.all(HOST)})
    clinic.receive(*(ack(number, group="R") for number in numbers), name="rejects")


def _whole(clinic: Billed) -> None:
    """What stands in a folder is whole at any moment, and no claim is in two."""
    counted = Counter(key for data in clinic.files().values() for key in keys_in(data))
    assert set(counted.values()) <= {1}
    for name in clinic.files():
        assert Path(clinic.out, f"{name}.manifest.json").exists()


def again(clinic: Billed) -> None:
    """Every file is written again as it was."""
    before = clinic.files()
    with clinic.exporter() as exporter:
        for name in before:
            exporter.only(int(name.rpartition("-")[2].partition(".")[0]))
    assert clinic.files() == before


class _Dead(BaseException):
    """The process ended."""


MOMENTS = ("commit_batch", "sent", "_put:1", "_put:2", "_put:3", "_put:4", "written")


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_ended_at_every_step(
    large: Billed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, after: bool
) -> None:
    clinic = large.copied(tmp_path / "clinic")
    expected = exportable(clinic)
    name, _, nth = moment.partition(":")
    count = iter(range(1, 100))

    def trap(original):
        def called(*arguments: object, **named: object) -> object:
            now = next(count) == int(nth or 1)
            if now and not after:
                raise _Dead
            result = original(*arguments, **named)
            if now:
                raise _Dead
            return result

        return called

    with monkeypatch.context() as patched, clinic.exporter() as exporter:
        where: object = {"sent": type(exporter.setup.store)}.get(name, type(exporter.setup.ledger))
        if name == "_put":
            from massage_billing.sending import files as where
        patched.setattr(where, name, trap(getattr(where, name)))
        with pytest.raises(_Dead):
            exporter.run()
    _whole(clinic)
    with clinic.exporter() as exporter:
        exporter.run()
    once(clinic, expected)
