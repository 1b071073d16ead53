"""Killed at any moment, an import leaves the old releases or the new ones, never a mixture; two at once take turns."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path

import pytest

from massage_billing.coding.rulebook import Rulebook
from massage_billing.releases.importing import Request, import_files
from massage_billing.releases.shelf import INDEX, Shelf, folder_of
from massage_billing.rulebook.files import load_rulebook
from releases.child import generation

TESTS = Path(__file__).resolve().parents[1]
PATHS = os.pathsep.join([str(TESTS.parent / "plugin"), str(TESTS)])
SEED = int(os.environ.get("MB_TEST_KILL_SEED", "20261123"))  # another seed, other moments
FOREVER = "1000000"


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(__file__).with_name("child.py")), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": PATHS})


def generations(shelf: Shelf) -> dict[str, int]:
    """The generation that each release which is kept tells of itself; its table has to be whole."""
    found = {}
    for release, content in shelf.everything():
        told = content.decode().splitlines()[-1].split(",")
        found[release.kind] = int(told[1]) if release.kind == "mue" else int(told[2][:4]) - 2010
    return found


@pytest.mark.slow
def test_killed_at_any_moment_all_of_an_import_is_there_or_nothing(tmp_path: Path) -> None:
    print(f"MB_TEST_KILL_SEED={SEED}")
    chance = random.Random(SEED)
    shelf = Shelf(folder_of(tmp_path / "state"))
    last, imports = 0, 0
    for _ in range(12):
        with start(str(tmp_path / "state"), str(tmp_path), str(last % 80), FOREVER) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            for _ in range(chance.randrange(3)):
                child.stdout.readline()
            # Not just when it has spoken: at some moment of its next imports.
            killer = threading.Timer(chance.uniform(0.0, 0.08), child.kill)
            killer.start()
            said = [int(line) for line in child.stdout if line.endswith("\n")]
            killer.join()
        assert child.returncode == -signal.SIGKILL
        imports += len(said)
        found = generations(shelf)
        assert set(found) in ({"ncci-ptp", "mue"}, set())
        assert len(set(found.values())) <= 1
        if said:
            assert found["mue"] in (said[-1], said[-1] + 1)
        last = found.get("mue", 0)
    assert imports
    load_rulebook(releases=shelf.folder)
    import_files(request(tmp_path, 85), shelf, shipped)
    assert {file.name for file in shelf.folder.iterdir()} == {INDEX, *(one.file for one in shelf.releases())}


def shipped() -> Rulebook:
    return load_rulebook()


def request(folder: Path, number: int) -> Request:
    return Request(generation(folder, number), date(2026, 11, 23))


@pytest.mark.slow
def test_the_command_itself_killed_leaves_what_was_or_what_is_to_be(tmp_path: Path) -> None:
    print(f"MB_TEST_KILL_SEED={SEED}")
    chance = random.Random(SEED)
    shelf = Shelf(folder_of(tmp_path / "state"))
    import_files(request(tmp_path, 1), shelf, shipped)
    files = [str(file) for file in generation(tmp_path, 2)]
    command = [sys.executable, "-m", "massage_billing", "rules", "import", *files]
    env = {**os.environ, "PYTHONPATH": PATHS, "MASSAGE_BILLING_STATE": str(tmp_path / "state")}
    for _ in range(4):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env) as child:
            killer = threading.Timer(chance.uniform(0.5, 3.0), child.kill)
            killer.start()
            child.wait()
            killer.cancel()
        assert set(generations(shelf).values()) in ({1}, {2})
    assert subprocess.run(command, env=env, check=False, capture_output=True).returncode == 0
    assert set(generations(shelf).values()) == {2}


@pytest.mark.slow
def test_two_imports_at_once_take_turns_and_a_reader_sees_whole_releases(tmp_path: Path) -> None:
    shelf = Shelf(folder_of(tmp_path / "state"))
    folders = [tmp_path / kind for kind in ("ptp", "mue")]
    for folder in folders:
        folder.mkdir()
    children = [start(str(tmp_path / "state"), str(folder), "1", "25", folder.name) for folder in folders]
    seen = []
    while any(child.poll() is None for child in children):
        seen.append(len(shelf.everything()))
    for child in children:
        said, _ = child.communicate()
        assert child.returncode == 0
        assert said.splitlines()[-1] == "25"
    assert generations(shelf) == {"ncci-ptp": 25, "mue": 25}
    assert seen == sorted(seen)  # what was there once never went
