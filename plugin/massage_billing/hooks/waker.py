"""Has the news of a host read that has told of some: once, however often it told, and again where it told meanwhile.

What is remembered is a moment a configured host, and some ids: a flood costs nothing but its requests.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

_log = structlog.get_logger(__name__)

Start = Callable[[str, tuple[str, ...]], bool]
"""Begins to read the news of a host: of some Encounters, or all there are where none is named. False: it is busy."""
AGAIN: Final = 2.0
"""Seconds after which a host that was busy is tried again."""
APART: Final = 5.0
"""Seconds between two starts for one host: a flood of news is no flood of runs."""
MOST: Final = 50
"""Encounters that are read by themselves; of more, everything new is read."""


@dataclass(slots=True)
class _News:
    """What a host has told that nobody looked at yet."""

    due: float
    encounters: set[str] = field(default_factory=set)
    everything: bool = False

    def add(self, encounter: str | None) -> None:
        if encounter is not None:
            self.encounters.add(encounter)
        self.everything = self.everything or encounter is None or len(self.encounters) > MOST

    def named(self) -> tuple[str, ...]:
        return () if self.everything else tuple(sorted(self.encounters))


class Waker:
    """One thread that begins runs. ``clock`` counts seconds."""

    def __init__(self, start: Start, pause: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        """``pause``: seconds within which several pieces of news are one."""
        self._start, self._pause, self._clock = start, pause, clock
        self._changed = threading.Condition()
        self._news: dict[str, _News] = {}
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

    def wake(self, host: str, encounter: str | None = None) -> None:
        """A host has told of news, of an Encounter or without saying of what. Returns at once."""
        with self._changed:
            if host not in self._news:
                earliest = self._begun.get(host, float("-inf")) + APART
                self._news[host] = _News(max(self._clock() + self._pause, earliest))
                self._changed.notify_all()
            self._news[host].add(encounter)

    def begin_due(self) -> float | None:
        """Begin what is due; seconds until something else is, None where nothing waits."""
        with self._changed:
            now = self._clock()
            due = [host for host, news in self._news.items() if news.due <= now and not self._closed]
            ready = {host: self._news.pop(host) for host in due}  # what is told from here on is news again
        for host, news in ready.items():
            self._begin(host, news)
        with self._changed:
            return max(0.0, min(one.due for one in self._news.values()) - self._clock()) if self._news else None

    def _begin(self, host: str, news: _News) -> None:
        try:
            begun = self._start(host, news.named())
        except Exception as error:  # the store may be away; the schedule begins a run in any case
            _log.error("waker.failed", host=host, error=type(error).__name__)
            begun = False
        with self._changed:
            if begun:
                self._begun[host] = self._clock()
                return
            later = self._news.setdefault(host, news)
            later.due = self._clock() + AGAIN
            later.encounters |= news.encounters
            later.everything = later.everything or news.everything or len(later.encounters) > MOST

    def _loop(self) -> None:
        while not self._over():
            wait = self.begin_due()
            with self._changed:
                if not self._closed and (wait is not None or not self._news):
                    self._changed.wait(wait)

    def _over(self) -> bool:
        with self._changed:
            return self._closed
