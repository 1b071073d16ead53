"""Processes that race for the same questions and are killed in the middle of it: each question is answered once, no
recorded answer is asked again, and what was lost is asked again under the same trace number."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path

import pytest

from massage_billing.ports import QuestionState
from massage_billing.store import open_store
from store.asking_child import payer, say
from store.asking_making import DAY, question
from store.making import HOST

NUMBER = 200
ROUNDS = 3


def start(url: str, folder: Path, seed: int) -> subprocess.Popen[str]:
    tests = Path(__file__).resolve().parents[1]
    path = os.pathsep.join([str(tests.parent / "plugin"), str(tests)])
    arguments = [url, str(folder / "processes"), str(folder / "payer"), str(seed), str(NUMBER)]
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("asking_child.py")), *arguments],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def let_go(children: list[subprocess.Popen[str]]) -> None:
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()


def killed_at_random(children: list[subprocess.Popen[str]], folder: Path, chance: random.Random) -> set[int]:
    """Kill these at random moments of their work; the ids of those that had not ended before."""

    def kill(child: subprocess.Popen[str]) -> None:
        with payer(str(folder / "payer")) as handle:
            say(handle, "killing", child.pid)
        child.kill()

    let_go(children)
    killers = [threading.Timer(chance.uniform(0.0, 0.06), kill, [child]) for child in children]
    for killer in killers:
        killer.start()
    for child, killer in zip(children, killers, strict=True):
        killer.join()
        child.communicate()
    return {child.pid for child in children if child.returncode == -signal.SIGKILL}


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 4])
def test_each_question_is_answered_once_whoever_asks_and_whoever_is_killed(url, tmp_path, processes):
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    open_store(url).close()
    killed: set[int] = set()
    for _ in range(ROUNDS):
        children = [start(url, tmp_path, chance.randrange(1_000_000)) for _ in range(processes)]
        killed |= killed_at_random(children, tmp_path, chance)
    last = [start(url, tmp_path, chance.randrange(1_000_000)) for _ in range(processes)]
    let_go(last)
    for child in last:
        said, _ = child.communicate(timeout=120)
        assert (child.returncode, said) == (0, "done\n")
    assert len(killed) >= ROUNDS  # it was killed at work

    with open_store(url) as store:
        rows = list(store.asking().rows(HOST, DAY))
        found = store.asking().answers(HOST, [row.coverage for row in rows])
        unwritten = store.asking().unwritten(HOST, 10 * NUMBER)
    assert {row.key for row in rows} == {question(str(n)).key for n in range(NUMBER)}
    assert {row.state for row in rows} == {QuestionState.ANSWERED}
    assert [len(some) for some in found.values()] == [1] * NUMBER
    assert len(unwritten) == NUMBER
    lost = asked_again_rightly((tmp_path / "payer").read_text().splitlines())
    print(f"killed {len(killed)} of {processes * ROUNDS}, lost and asked again {lost}")


def asked_again_rightly(lines: list[str]) -> int:
    """How many questions were asked again because their process was killed. AssertionError where one was asked again
    that was recorded, or that a process was asking that was not being killed."""
    asked: dict[str, list[str]] = defaultdict(list)
    traces: dict[str, set[str]] = defaultdict(set)
    settled: dict[str, str] = {}
    killed: set[str] = set()
    lost = 0
    for what, pid, *rest in (line.split() for line in lines):
        if what == "killing":
            killed.add(pid)
            continue
        key, *trace = rest
        if what != "ask":
            settled[key] = what
            continue
        assert settled.get(key) != "recorded", f"{key} was recorded and is asked again"
        if asked[key] and settled.pop(key, None) != "later":
            assert asked[key][-1] in killed, f"{key} is asked by two processes at once"
            lost += 1
        asked[key].append(pid)
        traces[key].update(trace)
    assert all(len(some) == 1 for some in traces.values())
    return lost
