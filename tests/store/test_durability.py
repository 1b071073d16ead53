"""What was committed is there after SIGKILL, whole, and what was not committed is not there at all."""

from __future__ import annotations

import contextlib
import random
import signal
import sqlite3
import threading
from collections import Counter
from pathlib import Path

import pytest

from massage_billing.ports import Touched
from massage_billing.store import open_store
from store.making import HOST, start_child


def killed_at_random(url: str, start: int, chance: random.Random) -> list[str]:
    """What a writer said it had done before it was killed in the middle of something."""
    with start_child("write-for-ever", url, str(start)) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        said = [child.stdout.readline().strip() for _ in range(chance.randrange(4))]
        # Not just when it has spoken: at some moment of its next steps.
        killer = threading.Timer(chance.uniform(0.0, 0.03), child.kill)
        killer.start()
        said += [line.strip() for line in child.stdout if line.endswith("\n")]
        killer.join()
    assert child.returncode == -signal.SIGKILL
    return said


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_half_there(url: str, tmp_path: Path) -> None:
    chance = random.Random(7)
    kills = 24 if str(tmp_path) in url else 8  # on PostgreSQL only the client dies
    said = [line for n in range(kills) for line in killed_at_random(url, n * 1000, chance)]
    committed = {line.split()[1] for line in said if line.startswith("committed")}
    confirmed = {line.split()[1] for line in said if line.startswith("confirmed")}
    assert len(said) > kills  # what it was waited for, whatever the machine: it was killed at work
    assert committed
    assert confirmed
    with open_store(url) as store:
        rows = {visit.encounter: visit for visit in store.rows(HOST)}
        pending = {out.group.encounter: out.group for out in store.pending(HOST, 1_000_000)}
        trail = Counter(about for _, about, _ in store.trail(HOST))
        used = store.waking(HOST, [Touched("Coverage/5", "none")])
        own = store.waking(HOST, [Touched(f"Procedure/{encounter}", "2") for encounter in rows])
    assert committed <= {encounter.partition("-")[0] for encounter in rows}
    # All of a commit or nothing: each batch has its 20 visits, each visit what it used, its line, its group.
    assert set(Counter(encounter.partition("-")[0] for encounter in rows).values()) == {20}
    assert used == own == set(rows)
    assert trail == dict.fromkeys(rows, 1)
    written = {encounter for encounter, visit in rows.items() if visit.claim}
    assert written == set(rows) - set(pending)
    assert {f"{n}-{i}" for n in confirmed for i in range(10)} <= written
    assert {len(group.writes[0].body) for group in pending.values()} == {3000}
    if not url.startswith("postgresql"):
        with contextlib.closing(sqlite3.connect(Path(url) / "store.sqlite")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
