"""How many units may be billed for the minutes documented? By the method the payer's policy names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from massage_billing.coding.buckets import Bucket
from massage_billing.coding.notes import Notes
from massage_billing.coding.rulebook import Day, Policy
from massage_billing.coding.terms import TimedUnitsRow
from massage_billing.model import Effect, Finding, Result

_RULE, _ONE_LINE = "timed-units", "one-line-a-code"
_SESSION = "session"
_KEPT = 50_000
"""Findings of counts that are kept for a day."""


def alone(minutes: int, method: TimedUnitsRow) -> int:
    """Units of some minutes counted together: none under the minimum, then one more with every further block."""
    if minutes < method.first_unit_minimum:
        return 0
    return (minutes + method.block_minutes - method.first_unit_minimum) // method.block_minutes


def allocate(minutes: Mapping[str, int], method: TimedUnitsRow) -> dict[str, int]:
    """Units of each code for its minutes.

    Each code for itself; or pooled: full blocks for each code first, then the units that all minutes together still
    allow go to the largest remainders, each of which needs the method's ``remainder_minimum``. Ties: more minutes, then
    the lower code, never the dearer (DESIGN 13).
    """
    if not method.pooled or len(minutes) == 1:
        return {code: alone(m, method) for code, m in minutes.items()}
    block, least = method.block_minutes, method.remainder_minimum
    units = {code: m // block for code, m in minutes.items()}
    left = alone(sum(minutes.values()), method) - sum(units.values())
    if left > 0:
        ranked = sorted(minutes, key=lambda code: (-(minutes[code] % block), -minutes[code], code))
        for code in ranked[:left]:
            if minutes[code] % block >= least:
                units[code] += 1
    return units


def count(buckets: Sequence[Bucket], method: TimedUnitsRow) -> None:
    """Set the units of each line: timed codes by the method, of each discipline by itself; others one a session."""
    if method.withdrawn:
        # Nothing says how minutes become units: each line is one, the least that a line can be.
        for bucket in buckets:
            bucket.units = 1
        return
    if len(buckets) == 1:
        only = buckets[0]
        only.units = alone(only.minutes or 0, method) if only.entry.timed else 1
        return
    timed: dict[tuple[str, str], dict[str, list[Bucket]]] = {}
    for bucket in buckets:
        if bucket.entry.timed:
            pool = (bucket.discipline, "" if bucket.entry.pooled else bucket.code)
            timed.setdefault(pool, {}).setdefault(bucket.code, []).append(bucket)
        else:
            bucket.units = 1
    for codes in timed.values():
        minutes = {code: sum(b.minutes or 0 for b in same) for code, same in codes.items()}
        for code, units in allocate(minutes, method).items():
            _share(codes[code], units, method.block_minutes)


def _share(same: list[Bucket], units: int, block: int) -> None:
    """Give the units of one code to the therapists who did it, by the minutes of each."""
    if len(same) == 1:
        same[0].units = units
        return
    for bucket in same:
        bucket.units = (bucket.minutes or 0) // block
    left = units - sum(bucket.units for bucket in same)
    ranked = sorted(same, key=lambda b: (-((b.minutes or 0) % block), -(b.minutes or 0), b.order))
    for bucket in ranked[: max(left, 0)]:
        bucket.units += 1


def drop_without_units(buckets: list[Bucket], method: str, notes: Notes) -> list[Bucket]:
    """The lines that have a unit; the others are listed, each with a finding (a line has at least one unit)."""
    if all(bucket.units for bucket in buckets):
        return buckets
    kept = []
    for bucket in buckets:
        if bucket.units:
            kept.append(bucket)
            continue
        notes.leave_off(bucket.services, "under-minimum", _RULE)
        message = f"{bucket.code}: {bucket.minutes} minutes make no unit by {method}; it is not billed."
        notes.fail(_RULE, message, method, bucket.code)
    return kept


def note(buckets: Sequence[Bucket], policy: Policy, notes: Notes) -> None:
    """Leave the finding of the count, and of one code on several lines or several times on one."""
    method = policy.terms.unit_method
    minutes = units = 0
    codes = []
    clean = True
    for bucket in buckets:
        if bucket.entry.timed:
            codes.append((bucket.code, bucket.discipline))
            if bucket.entry.pooled:
                minutes += bucket.minutes or 0
                units += bucket.units
        elif len(bucket.services) > 1:
            clean = False
            message = f"{bucket.code} is recorded {len(bucket.services)} times; a session makes one unit of it."
            notes.fail(_ONE_LINE, message, _SESSION, bucket.code)
    notes.findings.append(_counted(minutes, units, method, notes.day))
    if len(codes) > 1 and len(set(codes)) < len(codes):
        clean = False
        for same in sorted({key for key in codes if codes.count(key) > 1}):
            message = f"{same[0]} stands on {codes.count(same)} lines; its minutes were counted together."
            notes.fail(_ONE_LINE, message, about=same[0])
    if clean:
        notes.passed(_ONE_LINE)


def _counted(minutes: int, units: int, method: str, day: Day) -> Finding:
    key = (_RULE, f"{method} {minutes} {units}")
    found = day.findings.get(key)
    if found is None:
        row = day.row(_RULE, method)
        message = f"{minutes} timed minutes make {units} {'unit' if units == 1 else 'units'} by {method}."
        found = Finding(_RULE, row.id, Result.PASS, Effect.NONE, message, source=row.source, in_force_from=row.start)
        if len(day.findings) < _KEPT:
            day.findings[key] = found
    return found


def ledger(buckets: Sequence[Bucket], day: Day) -> dict[str, dict[str, int]]:
    """Units of each timed code before any edit, by every method in force, side by side.

    The units of ``buckets`` are set on the way; ask with buckets that no decision rests on.
    """
    timed = [bucket for bucket in buckets if bucket.entry.timed]
    shown: dict[str, dict[str, int]] = {}
    for case in sorted(case for (rule, case), row in day.rows.items() if rule == _RULE and not row.terms.withdrawn):
        count(timed, day.row(_RULE, case).says(TimedUnitsRow))
        units = shown[case] = dict.fromkeys(sorted({bucket.code for bucket in timed}), 0)
        for bucket in timed:
            units[bucket.code] += bucket.units
    return shown
