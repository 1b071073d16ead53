"""What two rulebooks, or two dates of one rulebook, have different: rule by rule, row by row, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import TypeVar, cast

from massage_billing.coding.day import Day, RuleRow, Table
from massage_billing.coding.rule_rows import POLICY
from massage_billing.coding.rulebook import Rulebook
from massage_billing.coding.rulefile import PolicyText, RuleText
from massage_billing.coding.tables import CodeEntry, Limit, Pair, PairTable
from massage_billing.coding.tabular import TabularTable
from massage_billing.coding.terms import DatedDiagnosis, DiagnosisTableRow, Row
from massage_billing.rulebook.pages.words import phrase, plain, said

K = TypeVar("K")
_SHOWN = 20
_TEXTS = ("question", "plain", "passes", "fix", "who", "on_fail", "on_no_data", "on_no_data_in_explain", "person_may",
          "left_to_a_person", "last_verified_on")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """What is different in one rule or policy."""

    id: str
    """Rule id or policy name."""
    kind: str
    """"rule" or "payer policy"."""
    what: tuple[str, ...]
    """Sentences, the dates first."""


def between_books(a: Rulebook, b: Rulebook) -> tuple[Difference, ...]:
    """What B has different from A."""
    found = [_texts(name, "rule", a.rules.get(name), b.rules.get(name), a, b) for name in _both(a.rules, b.rules)]
    found += [
        _texts(name, "payer policy", a.policies.get(name), b.policies.get(name), a, b)
        for name in _both(a.policies, b.policies)
    ]
    return tuple(one for one in found if one.what)


def between_dates(book: Rulebook, first: Date, second: Date) -> tuple[Difference, ...]:
    """What holds on the second date and did not on the first."""
    one, two = _held(book, first), _held(book, second)
    changed: dict[tuple[str, str], list[str]] = {}
    for key in _both(one, two):
        before, after = one.get(key), two.get(key)
        owner, case = key
        if before is not None and after is not None and before.id == after.id:
            what = list(_within_a_row(after, book.on(first), book.on(second)))
        else:
            what = list(_row_changes(case, before, after, book.tables, book.tables))
        if what:
            changed.setdefault((owner, "rule" if owner in book.rules else "payer policy"), []).extend(what)
    return tuple(Difference(owner, kind, tuple(what)) for (owner, kind), what in sorted(changed.items()))


def _within_a_row(row: RuleRow, first: Day, second: Day) -> Iterator[str]:
    """What changes while a row stays in force: codes with a known history, pairs that begin or are deleted."""
    terms = row.terms
    if isinstance(terms, DiagnosisTableRow):
        states = [(one, _valid(one, first.on), _valid(one, second.on)) for one in terms.history]
        yield from _some("no longer valid", [phrase(one) for one, was, now in states if was and not now])
        yield from _some("valid now", [one.code for one, was, now in states if now and not was])
    table = first.tables.get(row.rule) if terms.table else None
    if isinstance(table, Mapping) and isinstance(next(iter(table.values()), None), tuple):
        fired, fires = (_firing(cast(PairTable, table), day, row) for day in (first, second))
        yield from _some("pairs that no longer fire", sorted(fired - fires))
        yield from _some("pairs that fire now", sorted(fires - fired))


def _valid(dated: DatedDiagnosis, on: Date) -> bool:
    return (dated.start is None or dated.start <= on) and (dated.to is None or on <= dated.to)


def _firing(table: PairTable, day: Day, row: RuleRow) -> set[str]:
    return {"/".join(codes) for codes, pairs in table.items() if any(pair.fires(day.on, row.start) for pair in pairs)}


def _some(what: str, named: Sequence[str]) -> Iterator[str]:
    """A count with the first names; nothing where there are none."""
    if named:
        more = f" and {len(named) - _SHOWN:,} more" if len(named) > _SHOWN else ""
        yield f"{what} ({len(named):,}): {', '.join(named[:_SHOWN])}{more}"


def _both(a: Iterable[K], b: Iterable[K]) -> list[K]:
    return sorted({*a, *b}, key=str)


def _held(book: Rulebook, on: Date) -> dict[tuple[str, str], RuleRow]:
    """The rows in force, by rule and case; policies by name."""
    day = book.on(on)
    return {**day.rows, **{(name, ""): policy.row for name, policy in day.policies.items()}}


def _texts(
    name: str, kind: str, a: RuleText | PolicyText | None, b: RuleText | PolicyText | None, of_a: Rulebook,
    of_b: Rulebook,
) -> Difference:  # fmt: skip
    if a is None and b is not None:
        return Difference(name, kind, (f"is new, from {min(row.start for row in b.values)}: {b.plain}",))
    if b is None and a is not None:
        return Difference(name, kind, (f"is gone: {a.plain}",))
    assert a is not None  # noqa: S101
    assert b is not None  # noqa: S101
    return Difference(name, kind, tuple(_changes(a, b, of_a, of_b)))


def _changes(a: RuleText | PolicyText, b: RuleText | PolicyText, of_a: Rulebook, of_b: Rulebook) -> Iterator[str]:
    name = a.rule if isinstance(a, RuleText) else a.policy
    rows_a, rows_b = _rows(of_a, name), _rows(of_b, name)
    for case_and_date in sorted({*rows_a, *rows_b}, key=lambda one: (one[1], one[0])):
        one, two = rows_a.get(case_and_date), rows_b.get(case_and_date)
        one = one or _row_before(case_and_date, rows_b)
        yield from _row_changes(case_and_date[0], one, two, of_a.tables, of_b.tables)
    for field in _TEXTS:
        before, after = getattr(a, field, None), getattr(b, field, None)
        if before != after:
            yield f"{field.replace('_', ' ')}: {_or_nothing(after)} (was: {_or_nothing(before)})"
    for key in sorted({*a.sources, *b.sources}):
        if a.sources.get(key) != b.sources.get(key):
            source = b.sources.get(key)
            yield f"source {key}: {source.text}" if source else f"source {key} is gone"
    names_a, names_b = {one.name: one for one in a.examples}, {one.name: one for one in b.examples}
    for example in sorted({*names_a, *names_b}):
        if names_a.get(example) != names_b.get(example):
            state = "new" if example not in names_a else "gone" if example not in names_b else "changed"
            yield f'example {state}: "{example}"'


def _rows(book: Rulebook, name: str) -> dict[tuple[str, Date], RuleRow]:
    """The rows of a rule or policy by case and first date."""
    rule = name if name in book.rules else POLICY
    mine = [row for row in book.rows if row.rule == rule and (rule != POLICY or row.id.partition("@")[0] == name)]
    return {(row.terms.case, row.start): row for row in mine}


def _row_before(key: tuple[str, Date], rows: Mapping[tuple[str, Date], RuleRow]) -> RuleRow | None:
    """The row of the same case that a new row follows: what it changes is easier to read than all it says."""
    earlier = [row for (case, start), row in rows.items() if case == key[0] and start < key[1]]
    return max(earlier, key=lambda row: row.start, default=None)


def _or_nothing(value: object) -> str:
    return plain(value) if value not in (None, "", ()) else "nothing"


def _row_changes(
    case: str, before: RuleRow | None, after: RuleRow | None, tables_a: Mapping[str, Table],
    tables_b: Mapping[str, Table],
) -> Iterator[str]:  # fmt: skip
    named = f"{case}: " if case else ""
    if after is None:
        if before is not None:
            yield f"{named}the row from {before.start} is gone ({_all(before.terms)})"
        return
    if before is None:
        yield f"{named}from {after.start}: {_all(after.terms)}"
        return
    told = list(_values(before.terms, after.terms))
    if before.start != after.start:
        told.insert(0, f"a new row; before it the one from {before.start}")
    if before.end != after.end and (before.start == after.start):
        told.append(f"until {_or_open(after.end)} (was: until {_or_open(before.end)})")
    for effect in ("on_fail", "on_no_data", "fix"):
        one, two = getattr(before, effect), getattr(after, effect)
        if one != two and getattr(before.terms, effect) != getattr(after.terms, effect):
            told.append(f"{effect.replace('_', ' ')} {_or_nothing(two)} (was: {_or_nothing(one)})")
    if before.source != after.source:
        told.append(f"source {after.source} (was: {before.source})")
    yield from (f"{named}from {after.start}: {what}" for what in told)
    yield from (f"{named}{what}" for what in _table_changes(before, after, tables_a, tables_b))


def _or_open(end: Date | None) -> str:
    return "further notice" if end is None else end.isoformat()


def _all(row: Row) -> str:
    """Everything a row says, in one sentence."""
    told = [f"{one.label} {one.text}".strip() for one in said(row)]
    return "; ".join(told) or row.note or "as the plain sentence says"


def _values(before: Row, after: Row) -> Iterator[str]:
    one, two = _by_label(before), _by_label(after)
    for label in dict.fromkeys([*two, *one]):
        was, now = one.get(label, []), two.get(label, [])
        if len(was) == len(now) == 1 and was != now:
            yield f"{label} {now[0]} (was: {was[0]})".strip()
        else:
            yield from (f"{label}: new: {text}".lstrip(": ") for text in now if text not in was)
            yield from (f"{label}: no longer: {text}".lstrip(": ") for text in was if text not in now)
    if before.known_through != after.known_through:
        yield f"release known through {_or_open(after.known_through)} (was: {_or_open(before.known_through)})"


def _by_label(row: Row) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in said(row):
        found.setdefault(one.label, []).append(one.text)
    return found


def _table_changes(
    before: RuleRow, after: RuleRow, tables_a: Mapping[str, Table], tables_b: Mapping[str, Table]
) -> Iterator[str]:
    """How many entries of a table differ, and the first of them by name."""
    one, two = (tables.get(row.terms.table or "") for tables, row in ((tables_a, before), (tables_b, after)))
    if one is two or not isinstance(one, Mapping) or not isinstance(two, Mapping):
        packed = (TabularTable,)
        if before.terms.table != after.terms.table and (isinstance(one, packed) or isinstance(two, packed)):
            yield f"table {after.terms.table} (was: {before.terms.table})"
        return
    a, b = cast(Mapping[object, object], one), cast(Mapping[object, object], two)
    yield from _some("new in the table", sorted(_key(key) for key in b if key not in a))
    yield from _some("gone from the table", sorted(_key(key) for key in a if key not in b))
    both = [key for key in b if key in a and a[key] != b[key]]
    yield from _some("changed in the table", sorted(f"{_key(key)} {_entry(a[key])} → {_entry(b[key])}" for key in both))


def _key(key: object) -> str:
    return "/".join(key) if isinstance(key, tuple) else str(key)


def _entry(entry: object) -> str:
    """An entry of a table in a word or two."""
    if isinstance(entry, Limit):
        return f"{entry.units} (MAI {entry.mai})"
    if isinstance(entry, CodeEntry):
        return f"{entry.label}, {'timed' if entry.timed else 'a session'}"
    if isinstance(entry, tuple):
        return "+".join(_pair(pair) for pair in entry)
    return "+".join(sorted(entry)) if isinstance(entry, frozenset) else str(entry)


def _pair(pair: Pair) -> str:
    since = f" from {pair.start}" if pair.start else ""
    return f"indicator {pair.indicator}{since}{f' deleted {pair.deleted}' if pair.deleted else ''}"
