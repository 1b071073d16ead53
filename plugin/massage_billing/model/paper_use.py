"""Counting what visits use of a paper, in order of date of service. Pure: the store and the run count the same way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as Date
from enum import StrEnum

from massage_billing.model.elsewhere import PaperUse

ORDINAL = ("injury:", "year:", "progress-report:")
"""Beginnings of keys that say the how-manyth visit it is: nothing is used up, so later visits never count."""


class UseState(StrEnum):
    """How a visit uses a paper."""

    CLAIMED = "claimed"
    """Billed on a claim that was not sent yet: an earlier visit may still take its place."""
    SENT = "sent"
    """Billed on a claim that was sent: it counts, whatever its date."""
    RESERVED = "reserved"
    """Held for another reason: it counts for later visits."""
    LACKING = "lacking"
    """Held because the paper has not enough left: it counts for nobody, and is decided again when some comes free."""


@dataclass(frozen=True, slots=True)
class PaperCount:
    """What one visit uses of one paper of its patient. Ids only."""

    patient: str
    """"Patient/3"."""
    paper: str
    """``Paper.key`` or the name of a count."""
    encounter: str
    """Encounter id of the visit."""
    date: Date
    """Date of service."""
    visits: int
    """1."""
    units: int
    """Units of the paper's codes."""
    state: UseState
    """How it uses it."""

    @property
    def place(self) -> tuple[Date, str]:
        """Its place in the order of counting."""
        return (self.date, self.encounter)


def used_before(counts: Iterable[PaperCount], paper: str, place: tuple[Date, str]) -> PaperUse:
    """What other visits used of a paper before the visit at this place (date of service, Encounter id).

    Earlier ones count, billed or reserved; later ones only where they were sent, for nothing can take that back.
    """
    ordinal = paper.startswith(ORDINAL)
    visits = units = reserved_visits = reserved_units = 0
    first: Date | None = None
    for one in counts:
        if one.paper != paper or one.encounter == place[1] or one.state is UseState.LACKING:
            continue
        if one.place > place and (ordinal or one.state is not UseState.SENT):
            continue
        if one.state is UseState.RESERVED:
            reserved_visits += one.visits
            reserved_units += one.units
        else:
            visits += one.visits
            units += one.units
        first = one.date if first is None or one.date < first else first
    return PaperUse(paper, visits, units, reserved_visits, reserved_units, first)


@dataclass(frozen=True, slots=True)
class Counted:
    """A decided visit with what it uses, and what had been counted when it was decided."""

    patient: str | None
    """"Patient/3"."""
    encounter: str
    """Encounter id."""
    date: Date | None
    """Date of service."""
    uses: tuple[PaperCount, ...]
    """What it uses now, in place of what it used before."""
    counted: tuple[PaperUse, ...]
    """What was counted of each paper while it was decided."""


def after(known: Iterable[PaperCount], decided: Iterable[Counted], patient: str) -> list[PaperCount]:
    """The counts of a patient once these visits are remembered."""
    decided = list(decided)
    replaced = {one.encounter for one in decided}
    kept = [one for one in known if one.encounter not in replaced]
    return kept + [use for one in decided for use in one.uses if use.patient == patient]


def is_stale(counts: Iterable[PaperCount], decided: Iterable[Counted], patient: str) -> bool:
    """Whether any of these visits was decided on another count of the patient's papers than now holds (``counts``: as
    they will be). Whether a use is billed or reserved makes no difference."""
    counts = list(counts)
    return any(
        _sum(used_before(counts, seen.paper, (one.date, one.encounter))) != _sum(seen)
        for one in decided
        if one.patient == patient and one.date is not None
        for seen in one.counted
    )


def _sum(use: PaperUse) -> tuple[int, int]:
    return (use.visits + use.reserved_visits, use.units + use.reserved_units)


def woken(before: Iterable[PaperCount], now: Iterable[PaperCount]) -> list[PaperCount]:
    """Uses of other visits that a change in the counts of a patient concerns: later ones of the same paper, and those
    that lack it where some comes free; where one is now sent, earlier ones that were not sent too."""
    old = {(one.paper, one.encounter): one for one in before}
    new = {(one.paper, one.encounter): one for one in now}
    changed: dict[str, tuple[Date, str]] = {}
    freed: set[str] = set()
    for key in old.keys() | new.keys():
        was, is_ = old.get(key), new.get(key)
        if _weight(was) != _weight(is_):
            place = min(one.place for one in (was, is_) if one is not None)
            if is_ is not None and is_.state is UseState.SENT and not key[0].startswith(ORDINAL):
                place = (Date.min, "")
            changed[key[0]] = min(place, changed.get(key[0], place))
            if _frees(was, is_):
                freed.add(key[0])
    found = []
    for (paper, _), one in new.items():
        lacking, moved = one.state is UseState.LACKING, changed.get(paper)
        if paper in freed if lacking else moved is not None and one.place > moved and one.state is not UseState.SENT:
            found.append(one)
    return found


def _frees(was: PaperCount | None, is_: PaperCount | None) -> bool:
    """Whether less is used than was, or used later."""
    if was is None or was.state is UseState.LACKING:
        return False
    if is_ is None or is_.state is UseState.LACKING:
        return True
    return is_.visits < was.visits or is_.units < was.units or is_.place > was.place


def _weight(one: PaperCount | None) -> tuple[object, ...] | None:
    """What of a use others count; None for nothing."""
    if one is None or one.state is UseState.LACKING:
        return None
    return (one.place, one.visits, one.units, one.state is UseState.SENT)
