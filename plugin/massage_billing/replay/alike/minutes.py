"""Minutes as far as a rule cares: the units that come of them by every method that may count, and who has more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from massage_billing.coding.record import COMPLETED
from massage_billing.coding.terms import TimedUnitsRow
from massage_billing.coding.units import allocate
from massage_billing.model import Service

_BOUND = 100_000
_MOST = 4
"""Of more services than that the minutes stand as they are."""
Look = tuple[str | None, int | None, str, bool, tuple[str, ...]]
"""Code, minutes, status, whether it counts for itself, and modifiers of a service."""
Line = tuple[object, ...]
"""The same without its minutes."""
_PLAIN = (COMPLETED, True, ())


@dataclass(frozen=True, slots=True)
class Counting:
    """How the minutes of visits are counted that some policies may apply to, on any date."""

    methods: Sequence[TimedUnitsRow]
    """The methods that may count."""
    ranked: bool
    """Whether a rule asks which service has more minutes."""
    timed: Collection[str]
    """Codes that are counted by minutes on some date."""
    pooled: Collection[str]
    """Those of them that are always counted together with others."""
    stands: Callable[[str], bool]
    """Whether a service with this code is always counted, whatever else is recorded."""
    related: Callable[[str, str], bool]
    """Whether an edit may take one of two codes off."""


class MinuteKinds:
    """A number for what was done and for how long; equal only where every rule makes the same of both."""

    def __init__(self, counting: Counting, numbers: Iterator[int]) -> None:
        self._counting, self._numbers = counting, numbers
        self._known: dict[Hashable, int] = {}
        self._kinds: dict[Hashable, int] = {}
        self._wholes: dict[Hashable, bool] = {}

    def one(self, s: Service) -> int:
        """Of a visit with one service."""
        look = (s.code, s.minutes, s.status, s.duplicate_of is None, s.modifiers)
        found = self._known.get(look)
        return self._new(look, (look,)) if found is None else found

    def several(self, looks: tuple[Look, ...], by_one: bool) -> int:
        """Of a visit with any other number of services, by Procedure id; ``by_one``: all by one therapist."""
        look = (by_one, looks)
        found = self._known.get(look)
        return self._new(look, looks, by_one) if found is None else found

    def _new(self, look: Hashable, looks: Sequence[Look], by_one: bool = True) -> int:
        if len(self._known) >= _BOUND:
            self._known.clear()
            self._kinds.clear()
            self._wholes.clear()
        same = tuple([(code, *marks) for code, _, *marks in looks])
        lines = list(dict.fromkeys(same))
        minutes: Hashable = tuple([each[1] for each in looks])
        if len({code for code, *_ in lines}) == len(lines) <= _MOST and (by_one or len(lines) == len(same)):
            minutes = self._units(lines, same, looks, by_one)
        kind = (same, minutes)
        if kind not in self._kinds:
            self._kinds[kind] = next(self._numbers)
        number = self._known[look] = self._kinds[kind]
        return number

    def _units(self, lines: list[Line], same: tuple[Line, ...], looks: Sequence[Look], by_one: bool) -> Hashable:
        """The units of these services, of as many of them as may be counted together, by every method that may count.

        Services of one code, done by one therapist and marked alike, are counted together and share their fate. Of
        others of one code the minutes stand as they are.
        """
        counting = self._counting
        total = dict.fromkeys(lines, 0)
        for line, look in zip(same, looks, strict=True):
            total[line] += look[1] or 0
        missing = tuple([look[1] is None for look in looks])
        told = {line for line, none in zip(same, missing, strict=True) if not none}
        timed = {str(line[0]): total[line] for line in lines if line[0] in counting.timed and line in told}
        # Several therapists may be of several disciplines.
        least = len(timed) if by_one and self._whole(lines, timed) else 1
        units = [
            tuple(allocate({code: timed[code] for code in some}, method).items())
            for method in counting.methods
            for size in range(max(least, 1), len(timed) + 1)
            for some in combinations(sorted(timed), size)
        ]
        ranks = sorted({*total.values(), 0})
        order = tuple([ranks.index(minutes) for minutes in total.values()]) if counting.ranked else ()
        return (tuple(units), missing, order)

    def _whole(self, lines: list[Line], timed: Collection[str]) -> bool:
        """Whether all timed codes of one therapist are counted together and stay so; else some may be counted without
        the others, for edits take codes off, and disciplines are counted each for itself."""
        look = (*lines, *timed)
        known = self._wholes.get(look)
        if known is None:
            counting = self._counting
            codes = [str(line[0]) for line in lines]
            known = self._wholes[look] = (
                all(line[1:] == _PLAIN for line in lines)
                and all(code in counting.pooled and counting.stands(code) for code in timed)
                and not any(counting.related(one, two) for one, two in combinations(codes, 2))
            )
        return known
