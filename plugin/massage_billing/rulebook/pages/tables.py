"""The rows of a rule's table that a code stands in, by date of service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as Date
from typing import cast

from massage_billing.coding.day import Day, RuleRow, Table
from massage_billing.coding.rulebook import Rulebook
from massage_billing.coding.tables import CodeEntry, Icd10Table, Limit, Pair

_INDICATOR = {"0": "0: no modifier opens it", "1": "1: opened where shown separate", "9": "9: does not apply"}
_MAI = {"1": "1: a line", "2": "2: a day, absolute", "3": "3: a day, more on review"}
_FIRES = "in force"
_PAGE = 500
"""So many rows are shown of a whole table; a code's own rows are all shown."""


@dataclass(frozen=True, slots=True)
class TablePart:
    """Rows of a table, ready to show."""

    release: str
    """The row of the rule whose table it is, "2024-07-01"."""
    columns: tuple[str, ...]
    """Headings."""
    rows: tuple[tuple[str, ...], ...]
    """Cells."""
    more: int = 0
    """Rows that are not shown."""


def table_part(book: Rulebook, rule: str, code: str | None, on: Date) -> TablePart | None:
    """The rows of a rule's table for a code (None: all of it) in force on a date; None where the rule has no table."""
    day = book.on(on)
    row = next((row for (name, _), row in day.rows.items() if name == rule and row.terms.table), None)
    table = day.tables.get(rule)
    if row is None or table is None:
        return None
    found = _entries(table, code, day, row)
    if found is None:
        return None
    columns, rows = found
    kept = rows if code is not None else rows[:_PAGE]
    return TablePart(row.id, columns, tuple(kept), len(rows) - len(kept))


def has_code(book: Rulebook, rule: str, code: str, on: Date) -> bool:
    """Whether a rule's table in force on a date has a row for a code."""
    part = table_part(book, rule, code, on)
    return part is not None and bool(part.rows)


Entries = tuple[tuple[str, ...], list[tuple[str, ...]]]


def _entries(table: Table, code: str | None, day: Day, row: RuleRow) -> Entries | None:
    if isinstance(table, Icd10Table):
        return None if code is None else _diagnosis(table, code)
    if not isinstance(table, Mapping):
        return None
    kind = next(iter(table.values()), None)
    if isinstance(kind, tuple):
        return _pairs(cast(Mapping[tuple[str, str], tuple[Pair, ...]], table), code, day, row)
    plain = cast(Mapping[str, object], table)
    entries = [(key, entry) for key, entry in sorted(plain.items()) if code is None or key == code]
    if isinstance(kind, CodeEntry):
        return ("code", "our label", "a unit is", "Medicare takes instead"), [_code(e) for _, e in entries]
    if isinstance(kind, Limit):
        return ("code", "most units", "MAI"), [_limit(key, entry) for key, entry in entries]
    if isinstance(kind, frozenset):
        return ("word or code", "parts of the body"), [(key, _parts(entry)) for key, entry in entries]
    return ("code", "status"), [(key, str(entry)) for key, entry in entries]


def _pairs(table: Mapping[tuple[str, str], tuple[Pair, ...]], code: str | None, day: Day, release: RuleRow) -> Entries:
    columns = ("column 1 (stays)", "column 2", "indicator", "from", "deleted", "on the date")
    rows: list[tuple[str, ...]] = []
    for (one, two), pairs in sorted(table.items()):
        if code in (None, one, two):
            for pair in pairs:
                state = _FIRES if pair.fires(day.on, release.start) else "does not fire"
                indicator = _INDICATOR.get(pair.indicator, pair.indicator)
                rows.append((one, two, indicator, _day(pair.start), _day(pair.deleted), state))
    return columns, sorted(rows, key=lambda row: row[-1] != _FIRES)


def _code(entry: object) -> tuple[str, ...]:
    assert isinstance(entry, CodeEntry)  # noqa: S101
    unit = ("15 minutes" if entry.pooled else "15 minutes, never pooled") if entry.timed else "a session"
    return entry.code, entry.label, unit, entry.successor


def _limit(code: str, entry: object) -> tuple[str, ...]:
    assert isinstance(entry, Limit)  # noqa: S101
    return code, str(entry.units), _MAI.get(entry.mai, entry.mai)


def _parts(entry: object) -> str:
    assert isinstance(entry, frozenset)  # noqa: S101
    return ", ".join(sorted(entry))


def _diagnosis(table: Icd10Table, code: str) -> Entries:
    bare = code.upper().replace(".", "")
    if table.billable(bare):
        return ("code", "in this release"), [(code, "valid on a claim")]
    if table.category(bare):
        return ("code", "in this release"), [(code, "a heading: needs more characters")]
    return ("code", "in this release"), []


def _day(on: Date | None) -> str:
    return on.isoformat() if on else ""
