"""Begins a run of a host that has told of news: once, however often it told, and again where it told meanwhile.

What is remembered is a moment a configured host: a flood costs nothing but its requests.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import structlog

_log = structlog.get_logger(__name__)

Start = Callable[[str], bool]
"""Begins a run of a host; False where one is under way already."""
AGAIN: Final = 2.0
"""Seconds after which a host that was busy is tried again."""
APART: Final = 5.0
"""Seconds between two runs of a host that are begun here: a flood of news is no flood of runs."""


class Waker:
    """One thread that begins runs. ``clock`` counts seconds."""

    def __init__(self, start: Start, pause: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        """``pause``: seconds within which several pieces of news are one."""
        self._start, self._pause, self._clock = start, pause, clock
        self._changed = threading.Condition()
        self._due: dict[str, float] = {}
        self._begun: dict[str, float] = {}
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name="waker", daemon=True)

    def open(self) -> None:
        """Begin runs from now on."""
        self._thread.start()

    def close(self) -> None:
        """Begin nothing any more. What was still to begin is found by the next scheduled run."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(5)

    def wake(self, host: str) -> None:
        """A host has told of news. Returns at once."""
        with self._changed:
            if host not in self._due:
                earliest = self._begun.get(host, float("-inf")) + APART
                self._due[host] = max(self._clock() + self._pause, earliest)
                self._changed.notify_all()

    def begin_due(self) -> float | None:
        """Begin what is due; seconds until something else is, None where nothing waits."""
        with self._changed:
            now = self._clock()
            ready = [host for host, due in self._due.items() if due <= now and not self._closed]
            for host in ready:
                del self._due[host]  # what is told from here on is news again
        for host in ready:
            begun = self._begin(host)
            with self._changed:
                if begun:
                    self._begun[host] = self._clock()
                else:
                    self._due.setdefault(host, self._clock() + AGAIN)
        with self._changed:
            return max(0.0, min(self._due.values()) - self._clock()) if self._due else None

    def _begin(self, host: str) -> bool:
        try:
            return self._start(host)
        except Exception as error:  # a run that cannot be begun now is begun by the schedule
            _log.error("waker.failed", host=host, error=type(error).__name__)
            return True

    def _loop(self) -> None:
        while not self._over():
            wait = self.begin_due()
            with self._changed:
                if not self._closed and (wait is not None or not self._due):
                    self._changed.wait(wait)

    def _over(self) -> bool:
        with self._changed:
            return self._closed
