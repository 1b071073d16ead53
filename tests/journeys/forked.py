"""Runs of the command line in forked children, to be killed at a moment of the test's choosing."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from journeys.clinic import Json, environment
from servers.process import Child

READY_SECONDS = 60
RUN_SECONDS = 120


class Forker:
    """Children of one process that has imported everything (forker.py)."""

    def __init__(self) -> None:
        self._child = Child([sys.executable, "-P", Path(__file__).with_name("forker.py")], env=environment())
        assert self._child.read_line(READY_SECONDS) == "ready"

    def start(self, arguments: list[str]) -> int:
        """Start a run; its process id."""
        self._child.write_line(json.dumps(arguments))
        word, pid = self._child.read_line(READY_SECONDS).split()
        assert word == "started"
        return int(pid)

    def ended(self, seconds: float) -> int | None:
        """Exit code of the run under way, -9 where it was killed; None where it goes on for longer than this."""
        line = self._child.try_line(seconds)
        return None if line is None else int(line.split()[2])

    def kill(self, pid: int) -> None:
        """End a run as nothing else does; one that has just ended by itself is left."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def said(self, pid: int) -> tuple[str, str]:
        """Standard output and standard error of a run that ended."""
        return tuple((self._child.folder / f"{pid}.{name}").read_text() for name in ("out", "err"))  # type: ignore[return-value]

    def run(self, arguments: list[str]) -> Json:
        """Run to the end, which must be a good one; the report."""
        pid = self.start(arguments)
        code = self.ended(RUN_SECONDS)
        out, errors = self.said(pid)
        assert code == 0, f"{code}: {errors} {out}"
        return json.loads(out)

    def killed_after(self, arguments: list[str], seconds: float) -> bool:
        """Start a run and kill it after so long; False where it had ended by itself."""
        pid = self.start(arguments)
        code = self.ended(seconds)
        if code is None:
            self.kill(pid)
            code = self.ended(RUN_SECONDS)
        assert code in (0, -signal.SIGKILL), (code, *self.said(pid))
        return code != 0

    def stop(self) -> None:
        """End it."""
        self._child.stop()


@contextmanager
def forking() -> Iterator[Forker]:
    """A Forker, ended at the end."""
    forker = Forker()
    try:
        yield forker
    finally:
        forker.stop()


@pytest.fixture(scope="session")
def forker() -> Iterator[Forker]:
    """One for the whole run."""
    with forking() as made:
        yield made
