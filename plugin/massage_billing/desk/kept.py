"""Figures that take longer than a page may: the last ones are shown at once, new ones are made behind the page.

Kept in memory only, by process: another process makes its own. Nothing that a person did depends on it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, TypeVar

import structlog

from massage_billing.errors import MassageBillingError

T = TypeVar("T")
_log = structlog.get_logger(__name__)
KEPT: Final = 64
"""Values that one ``Kept`` remembers."""


@dataclass(frozen=True, slots=True)
class Held(Generic[T]):
    """What is known now."""

    value: T | None
    """The last that was made; None: none yet."""
    at: datetime | None
    """When it was made, UTC."""
    working: bool
    """A new one is being made."""
    problem: str = ""
    """Why the last try failed; ids only."""


@dataclass(slots=True)
class _Slot(Generic[T]):
    value: T | None = None
    at: datetime | None = None
    tried: datetime | None = None
    problem: str = ""
    working: threading.Event | None = None


class Kept(Generic[T]):
    """Remembers values by key. ``clock`` is UTC; several threads use it."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._slots: OrderedDict[Hashable, _Slot[T]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T], max_age: timedelta, wait: float = 0.0) -> Held[T]:
        """The last value. One that is older than ``max_age`` is made anew in a thread; where there is none at all, up
        to ``wait`` seconds are waited for it. Never raises what ``make`` raises: ``Held.problem`` says why."""
        slot, working = self._begin(key, make, max_age)
        if working is not None and slot.at is None:
            working.wait(wait)
        return self._held(slot)

    def look(self, key: Hashable) -> Held[T]:
        """The last value; nothing is made."""
        with self._lock:
            slot = self._slots.get(key)
        return Held(None, None, False) if slot is None else self._held(slot)

    def again(self, key: Hashable, make: Callable[[], T]) -> Held[T]:
        """Have it made anew whatever its age, where that is not being done already."""
        return self.get(key, make, timedelta(0))

    def _begin(
        self, key: Hashable, make: Callable[[], T], max_age: timedelta
    ) -> tuple[_Slot[T], threading.Event | None]:
        now = self._clock()
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            while len(self._slots) > KEPT:
                self._slots.popitem(last=False)
            fresh = slot.tried is not None and now - slot.tried < max_age
            if slot.working is not None or fresh:
                return slot, slot.working
            slot.working = threading.Event()
            working = slot.working
        threading.Thread(target=self._make, args=(slot, make), name="kept", daemon=True).start()
        return slot, working

    def _make(self, slot: _Slot[T], make: Callable[[], T]) -> None:
        value: T | None = None
        problem = ""
        try:
            value = make()
        except MassageBillingError as error:
            problem = f"{error.what} {error.fix}".strip()
        except Exception as error:  # its text could quote a record
            _log.error("kept.broken", error=type(error).__name__)
            problem = f"Unexpected {type(error).__name__}. This is a fault of the program."
        with self._lock:
            now = self._clock()
            working, slot.working, slot.tried, slot.problem = slot.working, None, now, problem
            if not problem:
                slot.value, slot.at = value, now
        if working is not None:
            working.set()

    def _held(self, slot: _Slot[T]) -> Held[T]:
        with self._lock:
            return Held(slot.value, slot.at, slot.working is not None, slot.problem)
