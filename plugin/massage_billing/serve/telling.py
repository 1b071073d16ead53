"""How far a job is, told into the store about once a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from massage_billing.errors import StoreError
from massage_billing.ports.jobs import JobQueue, Progress

_EVERY: Final = 1.0
"""Seconds between two words about the same thing."""


class Teller:
    """run.report.Progress of a job. ``clock`` counts seconds."""

    def __init__(self, queue: JobQueue, id: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._queue, self._id, self._clock = queue, id, clock
        self._last: dict[str, float] = {}

    def advance(self, what: str, done: int, total: int | None) -> None:
        """See run.report.Progress. A store that is away is no reason to stop: whoever needs it finds out."""
        now = self._clock()
        if now - self._last.get(what, now - _EVERY) < _EVERY and done != total:
            return
        self._last[what] = now
        try:
            self._queue.tell(self._id, {what: Progress(done, total)})
        except StoreError:
            return
