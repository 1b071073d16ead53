"""May these codes be billed together? NCCI pairs: column 2 is not paid beside column 1 (DESIGN 11 to 13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from massage_billing.coding import regions, units
from massage_billing.coding.buckets import Bucket
from massage_billing.coding.notes import Notes
from massage_billing.coding.rulebook import Policy, RuleRow
from massage_billing.coding.tables import Pair
from massage_billing.coding.terms import EvaluationRow, PairsRow, TimedUnitsRow
from massage_billing.model import Because, Service

_RULE, _EVALUATION = "ncci-pairs", "evaluation-modifier"
_GROUP, _NOT_SHOWN = "group-session", "not-shown"
_OPENS = "1"


@dataclass(frozen=True, slots=True)
class Met:
    """Two codes of a visit that an edit stands between."""

    one: str
    """Column 1 code."""
    two: str
    """Column 2 code."""
    pair: Pair
    """The pair."""
    units: tuple[int, int] = (0, 0)
    """Units of both before the edit."""
    shown: str = ""
    """What the record shows of the two being separate; "" where it shows nothing."""
    evaluation: bool = False
    """Column 2 is an evaluation: no record of regions or times opens it, only its own modifier."""
    group: bool = False
    """One is a group session: only separate times open it."""
    unread: tuple[str, ...] = ()
    """Procedures whose region is recorded in words that the table of regions does not have."""
    asked: bool = False
    """Whether regions were asked for."""


@dataclass(slots=True)
class Edits:
    """What the edits make of the lines."""

    stay: list[Bucket]
    """Lines that no edit takes off; those that are left without a unit are still among them."""
    off: list[Bucket] = field(default_factory=list)
    """Lines that an edit takes off."""
    dropped: dict[str, Met] = field(default_factory=dict)
    """What took each column 2 code off."""
    opened: list[Met] = field(default_factory=list)
    """Pairs whose both codes are billed, because the record shows that they were separate."""
    weak: list[Met] = field(default_factory=list)
    """Pairs whose column 1 code has no unit once column 2 is gone, so that column 2 is what can be billed."""


def edit(buckets: list[Bucket], counting: TimedUnitsRow, policy: Policy, notes: Notes) -> Edits:
    """Which lines stay, with their units counted again.

    A column 1 code that has no unit on what stays takes part in no edit (DESIGN 11): it is left off, and the edits are
    asked again of the others. Findings are left by ``note``.
    """
    if not policy.terms.follows_ncci:
        return Edits(buckets)
    pool, out, weak = buckets, [], []
    while True:
        edits = _plan(pool, notes)
        if not edits.dropped:
            break
        units.count(edits.stay, counting)
        billed = {bucket.code for bucket in edits.stay if bucket.units}
        lost = [met for met in edits.dropped.values() if met.one not in billed]
        if not lost:
            break
        weak += lost
        gone = {met.one for met in lost}
        units.count([bucket for bucket in pool if bucket.code not in gone], counting)
        for bucket in pool:
            if bucket.code in gone:
                bucket.units = 0
        out += [bucket for bucket in pool if not bucket.units]
        pool = [bucket for bucket in pool if bucket.units]
    if out:
        edits.stay += out
        edits.weak = weak
    return edits


def note(edits: Edits, buckets: Sequence[Bucket], policy: Policy, notes: Notes) -> None:
    """Leave the findings, and put on the lines what they rest on, now that the final units are known."""
    if policy.terms.patient_pays and not policy.terms.follows_ncci:
        for rule in (_RULE, _EVALUATION, regions.RULE):
            notes.of_patient(rule)
        return
    if not policy.terms.follows_ncci:
        source = policy.sources[policy.terms.ncci_source or policy.row.terms.source]
        notes.bypassed(_RULE, f"The policy {policy.name} does not follow NCCI. Source: {source}")
        notes.bypassed(_EVALUATION)
        notes.bypassed(regions.RULE)
        return
    row = notes.day.row(_RULE)
    if not (edits.dropped or edits.opened or edits.weak):
        notes.findings.append(row.passed)
        notes.passed(_EVALUATION)
        notes.bypassed(regions.RULE)
        return
    _note_regions((*edits.opened, *edits.weak, *edits.dropped.values()), notes)
    for met in edits.opened:
        _open(met, [b for b in buckets if b.code == met.two], row, notes)
    for met in edits.weak:
        _note_weak(met, [b for b in buckets if b.code == met.two], row, notes)
    for met in edits.dropped.values():
        notes.leave_off([s for b in edits.off if b.code == met.two for s in b.services], "column-2", _RULE)
        _note_dropped(met, [b for b in buckets if b.code == met.one], policy, row, notes)
    if not any(met.evaluation for met in edits.dropped.values()):
        notes.passed(_EVALUATION)


def _note_regions(mets: Sequence[Met], notes: Notes) -> None:
    """Name the fields whose region nobody can read, where that was asked."""
    unread = sorted({procedure for met in mets for procedure in met.unread})
    for procedure in unread:
        message = f"Procedure/{procedure}, bodySite: names a region that the table does not have, so it shows nothing."
        notes.no_data(regions.RULE, message, about=f"Procedure/{procedure}")
    if not unread:
        if any(met.asked for met in mets):
            notes.passed(regions.RULE)
        else:
            notes.bypassed(regions.RULE)


def _note_dropped(met: Met, kept: Sequence[Bucket], policy: Policy, row: RuleRow, notes: Notes) -> None:
    pair = f"{met.one}/{met.two}"
    since = met.pair.start or row.start
    because = Because(_RULE, pair, since, row.source)
    for bucket in kept:
        bucket.because = (*bucket.because, because)
    final = min(met.units[0], sum(bucket.units for bucket in kept))
    why = f"{met.one} and {met.two} are not paid on one day (column 1 and 2, indicator {met.pair.indicator})"
    case = "dropped"
    if met.group:
        case = _GROUP
        why += ", and the record shows no separate times; regions do not tell a group session apart"
    elif met.pair.indicator == _OPENS and not met.evaluation:
        case = _NOT_SHOWN
        why += ", and the record shows neither separate regions nor separate times"
        if met.unread:
            why += f" (bodySite of {', '.join(met.unread)} is not in the table of regions)"
    if met.units[1] > final and policy.terms.keep != "column-1":
        case = "larger-dropped"
        told = f"{met.units[1]} of {met.two} against {final} of {met.one}"
        message = f"{why}. The code that would be dropped has more units ({told}): a person has to decide."
    else:
        message = f"{why}: {met.one} stays, {met.two} is not billed."
    notes.fail(_RULE, message, case, pair, (pair, since), row.source)
    if met.evaluation:
        wanted = notes.day.row(_EVALUATION).says(EvaluationRow).modifier
        message = (
            f"{met.two} beside {met.one} is paid only where the record says, by {wanted} on its Procedure, that it was "
            "significant and separate from the treatment; it does not say so."
        )
        notes.fail(_EVALUATION, message, about=met.two)


def _note_weak(met: Met, column2: Sequence[Bucket], row: RuleRow, notes: Notes) -> None:
    """The column 1 code cannot be billed without the minutes of column 2: a person decides whether column 2 is."""
    pair, since = f"{met.one}/{met.two}", met.pair.start or row.start
    left = sum(bucket.units for bucket in column2)
    because = Because(_RULE, pair, since, row.source)
    for bucket in column2:
        bucket.because = (*bucket.because, because)
    message = (
        f"{met.one} and {met.two} are not paid on one day (column 1 and 2, indicator {met.pair.indicator}), and "
        f"{met.one} has no unit without the minutes of {met.two}. Left to bill: {left} of {met.two}; a person has to "
        "decide."
    )
    notes.fail(_RULE, message, "column-1-without-unit", pair, (pair, since), row.source)


def _open(met: Met, column2: Sequence[Bucket], row: RuleRow, notes: Notes) -> None:
    """Bill the column 2 lines with the modifier that says what the record shows."""
    pair, since = f"{met.one}/{met.two}", met.pair.start or row.start
    says = row.says(PairsRow)
    if met.evaluation:
        notes.bypassed(_RULE, f"{pair}: {met.shown} is recorded on the evaluation, so it is billed.", "opened", pair)
        return
    because = Because(_RULE, pair, since, row.source)
    used = set()
    for bucket in column2:
        modifier = _recorded(bucket, says) or says.opens_with
        used.add(modifier)
        if modifier not in bucket.modifiers:
            bucket.modifiers = (*bucket.modifiers, modifier)
        bucket.because = (*bucket.because, because)
    message = f"{pair}: the record shows {met.shown}, so column 2 is billed with {', '.join(sorted(used))}."
    notes.fail(_RULE, message, "opened", pair, (pair, since), row.source)


def _recorded(bucket: Bucket, says: PairsRow) -> str | None:
    """The modifier for a separate service that the record carries, where it says more than the general one."""
    recorded = {m for service in bucket.services for m in service.modifiers}
    return next((m for m in says.separate_service if m in recorded and m != says.opens_with), None)


def _plan(buckets: list[Bucket], notes: Notes) -> Edits:
    """Which codes are taken off and which pairs are opened; nothing is written down."""
    if len(buckets) < 2:
        return Edits(buckets)
    by_code: dict[str, list[Bucket]] = {}
    for bucket in buckets:
        by_code.setdefault(bucket.code, []).append(bucket)
    firing = _firing(sorted(by_code), notes)
    if not firing:
        return Edits(buckets)
    evaluation = notes.day.row(_EVALUATION).says(EvaluationRow)
    only_times = notes.day.row(_RULE, _GROUP).says(PairsRow).only_times
    dropped: dict[str, Met] = {}
    opened: list[Met] = []
    for one, two in _in_order(firing):
        if one in dropped or two in dropped:
            continue
        met = _meet(by_code[one], by_code[two], firing[(one, two)], evaluation, only_times, notes)
        if met.shown:
            opened.append(met)
        else:
            dropped[two] = met
    opened = [met for met in opened if met.one not in dropped and met.two not in dropped]
    off = [bucket for bucket in buckets if bucket.code in dropped]
    return Edits([bucket for bucket in buckets if bucket.code not in dropped], off, dropped, opened)


def _meet(
    ones: list[Bucket],
    twos: list[Bucket],
    pair: Pair,
    evaluation: EvaluationRow,
    only_times: Sequence[str],
    notes: Notes,
) -> Met:
    one, two = ones[0].code, twos[0].code
    units = (sum(b.units for b in ones), sum(b.units for b in twos))
    if pair.indicator != _OPENS:
        return Met(one, two, pair, units)
    if two not in evaluation.codes:
        if one in only_times or two in only_times:
            return Met(one, two, pair, units, _other_times(ones, twos), group=True)
        table = notes.day.regions
        unread = _unread((*ones, *twos), table)
        return Met(one, two, pair, units, _separate(ones, twos, table), unread=unread, asked=True)
    wanted = evaluation.modifier
    said = wanted is not None and all(wanted in s.modifiers for b in twos for s in b.services)
    return Met(one, two, pair, units, wanted or "" if said else "", evaluation=True)


def _firing(codes: list[str], notes: Notes) -> Mapping[tuple[str, str], Pair]:
    """The pairs in force among these codes."""
    found: dict[tuple[str, str], Pair] = {}
    table, on, release = notes.day.pairs, notes.day.on, notes.day.row(_RULE).start
    for one in codes:
        for two in codes:
            for pair in table.get((one, two), ()):
                if pair.fires(on, release):
                    found[(one, two)] = pair
    return found


def _in_order(firing: Mapping[tuple[str, str], Pair]) -> list[tuple[str, str]]:
    """Pairs in an order in which a code that is itself taken off takes nothing off: column 1 codes that are nobody's
    column 2 come first."""
    left, ordered = sorted(firing), []
    while left:
        beaten = {two for _, two in left}
        ready = [pair for pair in left if pair[0] not in beaten] or left[:1]
        ordered += ready
        left = [pair for pair in left if pair not in ready]
    return ordered


def _separate(ones: list[Bucket], twos: list[Bucket], table: regions.RegionTable) -> str:
    """What the record shows of two services being separate; "" where it shows nothing.

    Another diagnosis alone shows nothing.
    """
    pairs = [(a, b) for one in ones for a in one.services for two in twos for b in two.services]
    if all(regions.apart(a.regions, b.regions, table) for a, b in pairs):
        return "separate body regions"
    return _other_times(ones, twos)


def _other_times(ones: list[Bucket], twos: list[Bucket]) -> str:
    """The same by times alone: beside a group session separate regions show nothing."""
    pairs = [(a, b) for one in ones for a in one.services for two in twos for b in two.services]
    return "" if any(_overlap(a, b) for a, b in pairs) else "times that do not overlap"


def _unread(buckets: Sequence[Bucket], table: regions.RegionTable) -> tuple[str, ...]:
    """The Procedures one of whose recorded regions the table does not have."""
    return tuple(
        s.procedure for b in buckets for s in b.services if any(regions.parts(r, table) is None for r in s.regions)
    )


def _overlap(a: Service, b: Service) -> bool:
    """Whether two services may have been at the same time: yes where a time is not recorded."""
    if a.start is None or a.end is None or b.start is None or b.end is None:
        return True
    if (a.start.tzinfo is None) is not (b.start.tzinfo is None):
        return True
    return a.start < b.end and b.start < a.end
