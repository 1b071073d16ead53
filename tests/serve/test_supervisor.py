"""Processes that are started, watched, started again and ended: with small ones in place of the service's."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from massage_billing.errors import StoreError
from massage_billing.serve.supervisor import Supervisor

GOOD = "print('ready', flush=True); sys.stdin.read()"
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
WAIT = 60


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        yield made


def command(script: str, folder: Path) -> list[str]:
    """A process that notes its id first."""
    note = f"open(os.path.join({str(folder)!r}, str(os.getpid())), 'w').close()"
    return [sys.executable, "-c", f"import os, signal, sys, time; {note}; {script}"]


def born(folder: Path, many: int) -> set[int]:
    """Ids of those that were started, once there are so many."""
    for _ in range(WAIT * 20):
        if len(found := {int(one) for one in os.listdir(folder)}) >= many:
            return found
        threading.Event().wait(0.05)
    raise AssertionError(f"{len(os.listdir(folder))} of {many} processes")


def gone(pid: int) -> bool:
    """Whether a process has ended and was waited for."""
    return not Path(f"/proc/{pid}").exists()


def children() -> list[str]:
    """Ids of the processes that this one has."""
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()


def stop() -> None:
    """As somebody who ends the service; its handler is that of this process now."""
    os.kill(os.getpid(), signal.SIGTERM)


def test_one_that_dies_is_started_again_and_all_end_in_order(sock: socket.socket, tmp_path: Path) -> None:
    supervisor = Supervisor(2, (command(GOOD, tmp_path), sock.fileno()), timedelta())
    seen: list[set[int]] = []

    def kill_one() -> None:
        first = born(tmp_path, 2)
        os.kill(min(first), signal.SIGKILL)
        seen.extend((first, born(tmp_path, 3)))
        stop()

    supervisor.run(lambda: threading.Thread(target=kill_one).start())
    first, then = seen
    assert (len(first), len(then)) == (2, 3)
    assert all(gone(pid) for pid in then)


def test_one_that_does_not_end_is_killed(sock: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("massage_billing.serve.supervisor._GRACE", 0.2)
    Supervisor(1, (command(DEAF, tmp_path), sock.fileno()), timedelta()).run(stop)
    (pid,) = born(tmp_path, 1)
    assert gone(pid)


@pytest.mark.parametrize("script", ["sys.exit(3)", "print('not so', flush=True)"])
def test_where_one_does_not_start_none_is_left(sock: socket.socket, tmp_path: Path, script: str) -> None:
    told: list[int] = []
    before = children()
    with pytest.raises(StoreError, match="did not start"):
        Supervisor(2, (command(script, tmp_path), sock.fileno()), timedelta()).run(lambda: told.append(1))
    assert told == []
    # The first said something wrong, or ended; the other may have been ended before it noted its id.
    assert all(gone(pid) for pid in born(tmp_path, 1))
    assert children() == before


def test_one_that_ends_at_once_again_and_again_is_started_ever_more_rarely(
    sock: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("massage_billing.serve.supervisor._WAITS", (0.0, 0.1, 600.0))
    script = "print('ready', flush=True); sys.exit(1)"
    supervisor = Supervisor(1, (command(script, tmp_path), sock.fileno()), timedelta())

    def watch() -> None:
        born(tmp_path, 2)
        stop()

    supervisor.run(lambda: threading.Thread(target=watch).start())
    assert len(born(tmp_path, 2)) == 2
