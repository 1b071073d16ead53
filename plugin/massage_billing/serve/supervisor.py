"""Starts the processes of the service, watches them, starts one that dies again, ends all of them in order.

uvicorn's own supervisor kills a process that does not answer within seconds; ours may be busy longer, and a run that is
killed is only done again. So it goes by whether they live.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from types import FrameType
from typing import Final

import structlog

from massage_billing.errors import StoreError

_log = structlog.get_logger(__name__)

READY: Final = "ready"
"""What a process says once it answers."""
_START: Final = 60.0
"""Seconds within which a process has to say so."""
_SHORT: Final = 5.0
"""A process that lived less long than so many seconds is started again only after a while."""
_WAITS: Final = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before it is started again, by how often that happened in a row."""
_GRACE: Final = 10.0
"""Seconds beyond ``serve.stop_after`` after which processes that were told to end are killed."""


class _Child:
    """One of the processes, or its place while there is none."""

    def __init__(self, command: Sequence[str], descriptor: int) -> None:
        self._command, self._descriptor = command, descriptor
        self.process: subprocess.Popen[bytes] | None = None
        self.due = 0.0
        """When it is started, if it is not."""
        self._began = 0.0
        self._short = 0
        """How often in a row it ended soon."""

    def start(self) -> None:
        """Start it. It ends in order when its standard input does, so it does not outlive this process."""
        self._began = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 # our own command
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[self._descriptor], bufsize=0
        )

    def ready(self, stopped: Callable[[], bool]) -> bool:
        """Whether it says that it answers, in time."""
        assert self.process is not None  # noqa: S101
        assert self.process.stdout is not None  # noqa: S101
        said = b""
        while time.monotonic() - self._began < _START and not stopped():
            if select.select([self.process.stdout], [], [], 0.5)[0]:
                piece = os.read(self.process.stdout.fileno(), 64)
                said += piece
                if not piece or said.strip() == READY.encode():
                    return bool(piece)
        return False

    def look(self) -> None:
        """Start it again where it has ended and it is time."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            self._short = self._short + 1 if now - self._began < _SHORT else 0
            self.due = now + _WAITS[min(self._short, len(_WAITS) - 1)]
            _log.warning("process.ended", pid=self.process.pid, code=self.process.returncode)
            self._close_pipes()
            self.process = None
        if self.process is None and self.due <= now:
            self.start()
            _log.info("process.started", pid=self.process.pid if self.process else None)

    def tell(self, kind: signal.Signals) -> None:
        """Send it a signal, if it lives."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(kind)

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within so long."""
        if self.process is None:
            return True
        try:
            self.process.wait(max(seconds, 0))
        except subprocess.TimeoutExpired:
            return False
        self._close_pipes()
        return True

    def _close_pipes(self) -> None:
        assert self.process is not None  # noqa: S101
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class Supervisor:
    """So many processes of one command; ``child``: the command and the socket that they share."""

    def __init__(self, workers: int, child: tuple[Sequence[str], int], stop_after: timedelta) -> None:
        self._children = [_Child(*child) for _ in range(workers)]
        self._patience = stop_after.total_seconds() + _GRACE
        self._stopped = False

    def run(self, ready: Callable[[], None]) -> None:
        """Until SIGTERM or SIGINT. ``ready`` is told once all answer. Raises StoreError where one does not begin to."""
        before = {kind: signal.signal(kind, self._stop) for kind in (signal.SIGTERM, signal.SIGINT)}
        try:
            for child in self._children:
                child.start()
            if not all(child.ready(lambda: self._stopped) for child in self._children):
                if self._stopped:
                    return
                raise StoreError("A process of the service did not start.", "Its log tells why.")
            ready()
            while not self._stopped:
                for child in self._children:
                    child.look()
                time.sleep(0.2)
        finally:
            self._end()
            for kind, handler in before.items():
                signal.signal(kind, handler)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopped = True

    def _end(self) -> None:
        """End all in order; kill those that do not."""
        for child in self._children:
            child.tell(signal.SIGTERM)
        until = time.monotonic() + self._patience
        for child in self._children:
            if not child.wait(until - time.monotonic()):
                child.tell(signal.SIGKILL)
                child.wait(5)
