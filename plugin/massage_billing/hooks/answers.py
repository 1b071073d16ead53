"""Work that somebody waits for only so long: it goes on behind, and what comes too late is kept for the next to ask.

Nothing is given twice: an answer that came in time is not kept, for a moment later the record may have been mended.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")

KEPT_SECONDS: Final = 30.0
"""How long an answer that came too late is good for."""
KEPT: Final = 200
"""Such answers at a time."""
WAITING: Final = 32
"""Pieces of work that may be under way or wait; more are turned away."""


@dataclass(slots=True)
class _Flight(Generic[T]):
    future: Future[T]
    late: bool = False


class Answers(Generic[T]):
    """Does work in a few threads, the same work once at a time. Close it when done."""

    def __init__(self, workers: int = 4, waiting: int = WAITING, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="hooks")
        self._waiting, self._clock = waiting, clock
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight[T]] = {}
        self._late: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def close(self) -> None:
        """Begin nothing any more; what is under way ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def begin(self, key: str, work: Callable[[], T]) -> Future[T] | None:
        """The answer to come: of work under way, of one that came too late a moment ago, else of new work. None where
        too much is under way."""
        with self._lock:
            kept = self._late.pop(key, None)
            if kept is not None and self._clock() - kept[0] < KEPT_SECONDS:
                ready: Future[T] = Future()
                ready.set_result(kept[1])
                return ready
            flight = self._flights.get(key)
            if flight is None:
                if len(self._flights) >= self._waiting:
                    return None
                flight = self._flights[key] = _Flight(Future())
                flight.future.set_running_or_notify_cancel()  # several may wait: none of them can call it off
                self._pool.submit(self._do, key, flight, work)
            return flight.future

    def too_late(self, key: str) -> None:
        """Nobody waits for it any more: keep it for the next one who asks."""
        with self._lock:
            if (flight := self._flights.get(key)) is not None:
                flight.late = True

    def _do(self, key: str, flight: _Flight[T], work: Callable[[], T]) -> None:
        try:
            found = work()
        except BaseException as error:
            with self._lock:
                self._flights.pop(key, None)
            flight.future.set_exception(error)
            return
        with self._lock:
            self._flights.pop(key, None)
            if flight.late:
                self._late[key] = (self._clock(), found)
                while len(self._late) > KEPT:
                    self._late.popitem(last=False)
        flight.future.set_result(found)
