"""A run that is killed around one of its requests."""

from __future__ import annotations

import random
import signal
from queue import Queue

from journeys.forked import RUN_SECONDS, Forker
from journeys.proxy import Request


class Trap:
    """Around a random request of a run, or around one of its first writes: kills the run, before or after it."""

    def __init__(self, forker: Forker, draw: random.Random) -> None:
        self._forker = forker
        self._writes = draw.random() < 0.5
        self._left = draw.randrange(2 if self._writes else 40)
        self._pid: Queue[int] = Queue()
        self.hook = draw.choice(("before", "after"))

    def __call__(self, request: Request) -> None:
        if request.writes or not self._writes:
            self._left -= 1
            if self._left == -1:
                self._forker.kill(self._pid.get(timeout=RUN_SECONDS))

    def spring(self, arguments: list[str]) -> bool:
        """Start the run; False where it ended before the trap was met."""
        pid = self._forker.start(arguments)
        self._pid.put(pid)
        code = self._forker.ended(RUN_SECONDS)
        assert code in (0, -signal.SIGKILL), (code, *self._forker.said(pid))
        return code != 0
