"""The levels of a 270 or 271: who answers, who asked, which subscriber, which dependent, and what hangs on each.

A walk in one pass that loses nothing and refuses nothing: every segment goes to a level or to a benefit (EB) or an
inquiry (EQ) of a level, whatever its order. A level whose HL is missing is begun by its NM1.
005010X279A1: loops 2000A to 2000D, 2100, 2110 and 2120.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from massage_billing.x12.segments import Oddity, Transaction, at

SOURCE, RECEIVER, SUBSCRIBER, DEPENDENT = "20", "21", "22", "23"
"""HL03 of each level."""
LEVEL_WORDS = {SOURCE: "source", RECEIVER: "receiver", SUBSCRIBER: "subscriber", DEPENDENT: "dependent"}
"""As ``Rejection.level`` says it."""
_OPENS = {("NM1", "IL"): SUBSCRIBER, ("NM1", "03"): DEPENDENT}
_OF_THE_LEVEL = frozenset({"TRN", "BHT", "DMG", "INS", "MPI"})
"""Segments that never stand in a 2110 or 2120 loop, and belong to the level even where they come after an EB."""
_DETAIL = {"271": "EB", "270": "EQ"}

Parts = list[str]
"""A segment taken apart: its id, then its elements."""


@dataclass(slots=True)
class Detail:
    """A 2110 loop: an EB or EQ with all that hangs on it, the 2120 loops too."""

    parts: Parts
    """The EB or EQ."""
    said: list[str]
    """Every segment of it as sent, the EB or EQ first."""
    follows: list[Parts] = field(default_factory=list)
    """What comes after the EB or EQ, in order."""


@dataclass(slots=True)
class Level:
    """A 2000 loop with its 2100 loop."""

    kind: str
    """HL03; "" for what stands before the first HL."""
    parent: Level | None = None
    """The level above."""
    said: list[str] = field(default_factory=list)
    """Its segments as sent, without those of ``details`` and without its HL."""
    parts: list[Parts] = field(default_factory=list)
    """The same, taken apart."""
    details: list[Detail] = field(default_factory=list)
    """Its 2110 loops."""
    children: list[Level] = field(default_factory=list)
    """The levels below."""

    def all(self, tag: str) -> list[Parts]:
        """Its segments with this id."""
        return [parts for parts in self.parts if parts[0] == tag]

    def named(self) -> Parts:
        """Its first NM1, which says who it is; [] where there is none."""
        return next((parts for parts in self.parts if parts[0] == "NM1"), [])

    def up(self) -> list[Level]:
        """The levels above, nearest first."""
        found: list[Level] = []
        above = self.parent
        while above is not None:
            found.append(above)
            above = above.parent
        return found


@dataclass(slots=True)
class Walked:
    """A transaction as levels."""

    top: Level
    """What stands before the first HL: BHT, and whatever else."""
    levels: list[Level]
    """Every level in the file's order, without ``top``."""
    oddities: list[Oddity]
    """What is odd about their order."""


def walk(transaction: Transaction) -> Walked:
    """Put every segment of a 270 or 271 where it belongs."""
    walker = _Walker(transaction)
    mark = transaction.delimiters.element
    for segment in transaction.segments:
        walker.take(segment, segment.split(mark))
    return Walked(walker.top, walker.levels, walker.oddities)


class _Walker:
    def __init__(self, transaction: Transaction) -> None:
        self.where = f"transaction {transaction.control} of group {transaction.group.control}"
        self.opens_detail = _DETAIL.get(transaction.kind, "EB")
        self.top = Level("")
        self.levels: list[Level] = []
        self.oddities: list[Oddity] = []
        self.current = self.top
        self.detail: Detail | None = None
        self.by_number: dict[str, Level] = {}
        self.last: dict[str, tuple[int, Level]] = {}
        """Of each kind the last level, and which one of all it is."""

    def take(self, segment: str, parts: Parts) -> None:
        tag = parts[0] = parts[0].strip()
        if tag == self.opens_detail:
            if self.current.kind not in {SUBSCRIBER, DEPENDENT}:
                self._implied(SUBSCRIBER)
            self.detail = Detail(parts, [segment])
            self.current.details.append(self.detail)
        elif tag == "HL":
            self._level(segment, parts)
        elif self.detail is not None and tag not in _OF_THE_LEVEL:
            self.detail.said.append(segment)
            self.detail.follows.append(parts)
        else:
            opens = _OPENS.get((tag, at(parts, 1)))
            if opens and self._lacks(opens):
                self._implied(opens)
            self.current.said.append(segment)
            self.current.parts.append(parts)

    def _lacks(self, kind: str) -> bool:
        """Whether a name of this kind of level stands where its HL is missing."""
        if kind == SUBSCRIBER:
            return self.current.kind not in {SUBSCRIBER, DEPENDENT}
        return self.current.kind != DEPENDENT and bool(self.current.named())

    def _level(self, segment: str, parts: Parts) -> None:
        kind = at(parts, 3)
        above = self.by_number.get(at(parts, 2))
        if above is None or above.kind >= kind:
            above = self._nearest_above(kind)  # nothing hangs on its own kind, whatever HL02 says
        level = self._open(kind, above)
        self.by_number[at(parts, 1)] = level
        if len(parts) > 5:
            # An HL has four elements; what is more is not lost.
            level.said.append(segment)
            level.parts.append(parts)

    def _implied(self, kind: str) -> None:
        self._odd("level-missing", "An HL is missing; its level was told by the name that stands in it.")
        self._open(kind, self._nearest_above(kind))

    def _open(self, kind: str, above: Level) -> Level:
        level = Level(kind, above)
        above.children.append(level)
        self.levels.append(level)
        self.last[kind] = (len(self.levels), level)
        self.current, self.detail = level, None
        return level

    def _nearest_above(self, kind: str) -> Level:
        """The last level that one of this kind can hang on: codes of HL03 grow downwards."""
        found = [latest for one, latest in self.last.items() if one < kind]
        return max(found, key=lambda latest: latest[0])[1] if found else self.top

    def _odd(self, code: str, message: str) -> None:
        self.oddities.append(Oddity(code, self.where, message))
