"""Something derived from a clinic's tuple of rows, made once for that tuple and kept with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
_KEPT = 8


class Remembered(Generic[K, V]):
    """A pure function that remembers its last few answers by the identity of what it was asked.

    Hashing a fee schedule of a thousand rows would cost more than deciding a visit. The key is kept alive beside its
    answer, so no other object can take its identity.
    """

    def __init__(self, make: Callable[[K], V]) -> None:
        self._make = make
        self._known: dict[int, tuple[K, V]] = {}

    def __call__(self, key: K) -> V:
        """The answer for this very object."""
        found = self._known.get(id(key))
        if found is not None and found[0] is key:
            return found[1]
        if len(self._known) >= _KEPT:
            self._known.clear()
        answer = self._make(key)
        self._known[id(key)] = (key, answer)
        return answer
