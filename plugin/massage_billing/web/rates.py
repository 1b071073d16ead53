"""How often somebody asks: a bucket each that fills evenly over a minute. Memory is bounded."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

MINUTE: Final = 60.0
KEPT: Final = 20_000
"""Buckets that are remembered; those unused the longest are forgotten, as if they were full."""


class Rates:
    """Counts in this process alone. ``clock`` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, kept: int = KEPT) -> None:
        self._clock, self._kept = clock, kept
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, key: str, most: int) -> int | None:
        """Count one of ``most`` a minute. None: go on. Seconds after which to come back: one too many, not counted."""
        now = self._clock()
        with self._lock:
            left, at = self._buckets.pop(key, (float(most), now))
            left = min(float(most), left + (now - at) * most / MINUTE)
            allowed = left >= 1
            self._buckets[key] = (left - 1 if allowed else left, now)
            while len(self._buckets) > self._kept:
                self._buckets.popitem(last=False)
        return None if allowed else max(1, math.ceil((1 - left) * MINUTE / most))
