"""Begins what is due, in the one process that keeps the schedule."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog

from massage_billing.errors import StoreError
from massage_billing.serve.runner import Runner
from massage_billing.serve.schedule import Plan, due, next_look

_log = structlog.get_logger(__name__)

_LONGEST: Final = 60.0
"""Seconds after which the schedule looks again in any case: clocks are set, machines sleep."""
_SOON: Final = 5.0
"""Seconds after which it looks again where a host is busy, the store is away, or another process keeps it."""


class Scheduler:
    """Begins what is due, until it is closed; of several processes one at a time does."""

    def __init__(
        self, runner: Runner, plans: Sequence[Plan], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._runner, self._plans, self._clock = runner, plans, clock
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="schedule", daemon=True)

    def open(self) -> None:
        """Look from now on."""
        self._thread.start()

    def close(self) -> None:
        """Begin nothing any more."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def begin_due(self) -> float:
        """Begin what is due, where this process keeps the schedule; seconds until something may be due next. Raises
        StoreError."""
        queue = self._runner.queue
        if not queue.lead(self._runner.owner):
            return _SOON
        now, begun = self._clock(), queue.last_begun()
        waits = [_LONGEST]
        for plan in self._plans:
            for kind in due(plan, now, begun):
                new = self._runner.start(kind, plan.host, "schedule").new
                waits.append(_LONGEST if new else _SOON)
            upcoming = next_look(plan, now, queue.last_begun())
            if upcoming is not None:
                waits.append(max((upcoming - now).total_seconds(), 1.0))
        return min(waits)

    def _loop(self) -> None:
        wait = 0.0
        while not self._closed.wait(wait):
            try:
                wait = self.begin_due()
            except StoreError as error:
                _log.warning("schedule.waits", why=error.what)
                wait = _SOON
