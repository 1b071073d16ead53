"""The minute ledger: the units that each method would give for the minutes documented, side by side.

For people who ask why; no decision rests on it, so ``flow.bill`` does not make it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from massage_billing.coding import discipline, status, units
from massage_billing.coding.notes import Notes
from massage_billing.coding.rulebook import Rulebook
from massage_billing.errors import NoRuleForDate
from massage_billing.model import Because, Visit


@dataclass(frozen=True, slots=True)
class Ledger:
    """Minutes and units of the timed codes of a visit, before any edit or cap."""

    minutes: Mapping[str, int]
    """Whole minutes documented for each timed code."""
    units: Mapping[str, Mapping[str, int]]
    """Method → code → units."""
    applies: str | None
    """The method that the payer's policy names; None where no policy was applied."""
    because: tuple[Because, ...]
    """Why that one: the policy's row, and the method's own."""
    notes: tuple[str, ...]
    """What those rows say to the reader."""


EMPTY = Ledger({}, {}, None, (), ())
"""Nothing was timed, or no rule covers the date."""


def of(visit: Visit, policy: str | None, book: Rulebook) -> Ledger:
    """The ledger of a visit whose units were counted by ``policy`` (its name; None where none was applied)."""
    if visit.date is None:
        return EMPTY
    day = book.on(visit.date)
    try:
        codes, done = day.codes, status.performed(visit.services, Notes(day, True, None))
        buckets: status.Buckets = {}
        for service, kind in zip(done, discipline.of_each(done, discipline.row_of(day)), strict=True):
            entry = codes.get(service.code or "")
            if entry is not None and entry.timed and service.minutes is not None:
                status.put(service, entry, buckets, kind)
    except NoRuleForDate:
        return EMPTY
    if not buckets:
        return EMPTY
    lines = [buckets[key] for key in sorted(buckets)]
    minutes: dict[str, int] = {}
    for bucket in lines:
        minutes[bucket.code] = minutes.get(bucket.code, 0) + (bucket.minutes or 0)
    shown = units.ledger(lines, day)
    applied = day.policies.get(policy) if policy is not None else None
    if applied is None:
        return Ledger(minutes, shown, None, (), ())
    method = day.row("timed-units", applied.terms.unit_method)
    told = tuple(note for note in (applied.row.terms.note, method.terms.note) if note)
    return Ledger(minutes, shown, applied.terms.unit_method, (applied.row.because, method.because), told)
