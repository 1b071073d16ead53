"""Walks the dates of a rulebook: nothing changes between two boundaries, so looking at every boundary finds all gaps.

A rule file refuses gaps and overlaps of its own. What only the whole rulebook shows is found here: a row that ended and
nothing follows, a policy that counts by a method that is not in force, a release that lost its table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date as Date
from typing import Literal

from massage_billing.coding.day import RuleRow
from massage_billing.coding.policy_terms import PolicyRow
from massage_billing.coding.rule_rows import POLICY, in_force
from massage_billing.coding.rulebook import Rulebook
from massage_billing.coding.terms import SelfPayRow

Level = Literal["error", "warning", "note"]
_METHODS = "timed-units"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong with a rulebook, or that its keeper should know."""

    level: Level
    """error: it cannot be used so; warning: somebody should look; note: as it is meant, but worth knowing."""
    file: str
    """File, as messages name it."""
    line: int | None
    """Line in it, where there is one."""
    about: str
    """Rule id or policy name, with its case."""
    on: Date | None
    """The first date of service it concerns."""
    what: str
    """What it is, in a plain sentence."""


Key = tuple[str, str]
"""A rule and its case; the policies stand under their name with the case "*"."""


def walk(book: Rulebook, until: Date) -> Iterator[Trouble]:
    """Every gap and conflict from the first date to ``until``, by date; each once, on the first date it is so."""
    by_key: dict[Key, list[RuleRow]] = {}
    for row in book.rows:
        by_key.setdefault(_key(row), []).append(row)
    told: set[tuple[Key, str]] = set()
    for on in [date for date in book.boundaries if date <= until]:
        held = {key: [row for row in rows if in_force(row, on)] for key, rows in by_key.items()}
        for key, rows in by_key.items():
            for kind, trouble in _of_key(book, key, rows, held, on):
                if (key, kind) not in told:
                    told.add((key, kind))
                    yield trouble
    yield from _beginnings(book, by_key)


def walked(book: Rulebook, until: Date) -> int:
    """How many dates a walk looks at."""
    return sum(date <= until for date in book.boundaries)


def covered_from(book: Rulebook) -> Date:
    """The first date of service for which every rule has an answer."""
    by_rule: dict[str, Date] = {}
    for row in book.rows:
        if row.rule != POLICY:
            by_rule[row.rule] = min(row.start, by_rule.get(row.rule, row.start))
    return max(by_rule.values())


def file_of(book: Rulebook, row: RuleRow) -> tuple[str, int | None]:
    """File and line of a row."""
    name = row.id.partition("@")[0]
    texts = [book.policies.get(name), book.beneath.get(name)] if row.rule == POLICY else [book.rules[row.rule]]
    for text in texts:
        for place, terms in enumerate(text.values if text else ()):
            if terms is row.terms and text is not None:
                return text.file or f"{row.rule}.yaml", text.line("values", place)
    return f"{row.rule}.yaml", None


def _key(row: RuleRow) -> Key:
    return (row.id.partition("@")[0], "*") if row.rule == POLICY else (row.rule, row.terms.case)


def _named(key: Key) -> str:
    rule, case = key
    return rule if case in ("", "*") else f"{rule} ({case})"


def _of_key(
    book: Rulebook, key: Key, rows: list[RuleRow], held: Mapping[Key, list[RuleRow]], on: Date
) -> Iterator[tuple[str, Trouble]]:
    """What is wrong with one rule, case or policy on one date, with a word for the kind of trouble."""
    here = held[key]

    def trouble(kind: str, row: RuleRow, what: str) -> tuple[str, Trouble]:
        return kind, Trouble("error", *file_of(book, row), _named(key), on, what)

    if len(here) > 1:
        yield trouble("conflict", here[-1], f"two rows are in force: {', '.join(row.id for row in here)}.")
    begun = [row for row in rows if row.start <= on]
    if begun and not here:
        last = max(begun, key=lambda row: row.start)
        yield trouble("gap", last, f"no row is in force: the last one ended on {last.end}.")
    for row in here:
        if row.withdrawn:
            continue
        if any(other.terms.table for other in rows) and not row.terms.table and not row.terms.case:
            yield trouble("table", row, "the row in force names no table, and others of this rule do.")
        yield from (trouble("cites", row, what) for what in _missing(row, held))


def _missing(row: RuleRow, held: Mapping[Key, list[RuleRow]]) -> Iterator[str]:
    """What a row cites that is not in force with it."""
    terms = row.terms
    cited: list[tuple[Key, str]] = []
    if isinstance(terms, PolicyRow):
        cited = [((_METHODS, terms.unit_method), f'counts by "{terms.unit_method}"')]
    elif isinstance(terms, SelfPayRow):
        cited = [((name, "*"), f'counts by the policy "{name}"') for name in (terms.policy, terms.unknown_payer)]
    for key, what in cited:
        found = held.get(key, [])
        if not found:
            yield f"{what}, which is not in force."
        elif found[0].withdrawn:
            yield f"{what}, which is withdrawn."


def _beginnings(book: Rulebook, by_key: Mapping[Key, list[RuleRow]]) -> Iterator[Trouble]:
    """From when on each rule answers, where that is later than the first date of all: visits before are refused."""
    first = min(book.boundaries)
    whole: dict[str, RuleRow] = {}
    for (rule, case), rows in by_key.items():
        row = min(rows, key=lambda one: one.start)
        if case != "*" and (rule not in whole or row.start < whole[rule].start):
            whole[rule] = row
    for rule, row in whole.items():
        if row.start > first:
            what = f"begins on {row.start}: a visit of an earlier date is held where this is asked of it."
            yield Trouble("note", *file_of(book, row), rule, row.start, what)
