"""May these codes be billed together? NCCI pairs: column 2 is not paid beside column 1 (DESIGN 12, 13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date

from massage_billing.coding.buckets import Bucket
from massage_billing.coding.notes import Notes
from massage_billing.coding.rulebook import Policy
from massage_billing.coding.tables import Pair
from massage_billing.coding.terms import PairsRow
from massage_billing.model import Because, Service

_RULE = "ncci-pairs"
_OPENS = "1"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A column 2 code that was taken off, for the finding that is written once the final units are known."""

    kept: str
    """Column 1 code."""
    code: str
    """Column 2 code."""
    kept_units: int
    """Units of the column 1 code before the edit."""
    units: int
    """Units of the column 2 code before the edit."""
    pair: Pair
    """The pair."""


def edit(buckets: list[Bucket], policy: Policy, notes: Notes) -> tuple[list[Bucket], list[Dropped]]:
    """The lines that stay, and what was taken off; pairs opened by the record get their modifier."""
    if not policy.terms.follows_ncci:
        source = policy.sources[policy.terms.ncci_source or policy.row.terms.source]
        notes.bypassed(_RULE, f"The policy {policy.name} does not follow NCCI. Source: {source}")
        return buckets, []
    row = notes.day.row(_RULE)
    by_code: dict[str, list[Bucket]] = {}
    for bucket in buckets:
        by_code.setdefault(bucket.code, []).append(bucket)
    firing = _firing(sorted(by_code), notes)
    if not firing:
        notes.findings.append(row.passed)
        return buckets, []
    dropped: dict[str, Dropped] = {}
    for one, two in _in_order(firing):
        if one in dropped or two in dropped:
            continue
        pair = firing[(one, two)]
        shown = _separate(by_code[one], by_code[two]) if pair.indicator == _OPENS else ""
        if shown:
            _open(by_code[two], f"{one}/{two}", pair.start or row.start, shown, notes)
        else:
            units = [sum(b.units for b in by_code[code]) for code in (one, two)]
            dropped[two] = Dropped(one, two, units[0], units[1], pair)
            notes.leave_off([s for b in by_code[two] for s in b.services], "column-2", _RULE)
    for drop in dropped.values():
        because = Because(_RULE, f"{drop.kept}/{drop.code}", drop.pair.start or row.start, row.source)
        for bucket in by_code[drop.kept]:
            bucket.because = (*bucket.because, because)
    return [b for b in buckets if b.code not in dropped], list(dropped.values())


def note(dropped: Sequence[Dropped], buckets: Sequence[Bucket], policy: Policy, notes: Notes) -> None:
    """Leave a finding for each code that was taken off, now that the final units of the kept one are known."""
    row = notes.day.row(_RULE)
    for drop in dropped:
        final = sum(b.units for b in buckets if b.code == drop.kept)
        kept = min(drop.kept_units, final)
        why = f"{drop.kept} and {drop.code} are not paid on one day (column 1 and 2, indicator {drop.pair.indicator})"
        case = "dropped"
        if drop.pair.indicator == _OPENS:
            why += ", and the record shows neither separate regions nor separate times"
        # A policy may keep column 1; where column 1 has no unit left on its own minutes, there is nothing to keep.
        if drop.units > kept and (policy.terms.keep != "column-1" or not final):
            case = "larger-dropped"
            told = f"{drop.units} of {drop.code} against {kept} of {drop.kept}"
            message = f"{why}. The code that would be dropped has more units ({told}): a person has to decide."
        else:
            message = f"{why}: {drop.kept} stays, {drop.code} is not billed."
        pair = f"{drop.kept}/{drop.code}"
        notes.fail(_RULE, message, case, pair, (pair, drop.pair.start or row.start))


def _firing(codes: list[str], notes: Notes) -> dict[tuple[str, str], Pair]:
    """The pairs in force among these codes."""
    found: dict[tuple[str, str], Pair] = {}
    if len(codes) < 2:
        return found
    table, on, release = notes.day.pairs, notes.day.on, notes.day.row(_RULE).start
    for one in codes:
        for two in codes:
            for pair in table.get((one, two), ()):
                if pair.fires(on, release):
                    found[(one, two)] = pair
    return found


def _in_order(firing: dict[tuple[str, str], Pair]) -> list[tuple[str, str]]:
    """Pairs in an order in which a code that is itself taken off takes nothing off: column 1 codes that are nobody's
    column 2 come first."""
    left, ordered = sorted(firing), []
    while left:
        beaten = {two for _, two in left}
        ready = [pair for pair in left if pair[0] not in beaten] or left[:1]
        ordered += ready
        left = [pair for pair in left if pair not in ready]
    return ordered


def _open(column2: list[Bucket], pair: str, since: Date, shown: str, notes: Notes) -> None:
    """Bill the column 2 lines with the modifier that says what the record shows."""
    row = notes.day.row(_RULE)
    modifier = row.says(PairsRow).opens_with
    for bucket in column2:
        bucket.modifiers = (*bucket.modifiers, modifier)
        bucket.because = (*bucket.because, Because(_RULE, pair, since, row.source))
    message = f"{pair}: the record shows {shown}, so column 2 is billed with {modifier}."
    notes.fail(_RULE, message, "opened", pair, (pair, since))


def _separate(ones: list[Bucket], twos: list[Bucket]) -> str:
    """What the record shows of two services being separate; "" where it shows nothing."""
    first = [s for b in ones for s in b.services]
    second = [s for b in twos for s in b.services]
    regions = [{r for s in side for r in s.regions} for side in (first, second)]
    if all(s.regions for s in (*first, *second)) and not regions[0] & regions[1]:
        return "separate body regions"
    if all(not _overlap(a, b) for a in first for b in second):
        return "times that do not overlap"
    return ""


def _overlap(a: Service, b: Service) -> bool:
    """Whether two services may have been at the same time: yes where a time is not recorded."""
    if a.start is None or a.end is None or b.start is None or b.end is None:
        return True
    if (a.start.tzinfo is None) is not (b.start.tzinfo is None):
        return True
    return a.start < b.end and b.start < a.end
