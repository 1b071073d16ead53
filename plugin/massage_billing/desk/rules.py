"""Rules: the rulebook in use, a rule as a page, what changed lately."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from typing import Final

from massage_billing.coding.rulebook import Rulebook
from massage_billing.errors import InputError
from massage_billing.releases.model import Release
from massage_billing.rulebook.pages.differences import Difference, between_dates
from massage_billing.rulebook.pages.listing import Entry, entries
from massage_billing.rulebook.pages.page import Page, names, page

LATELY: Final = timedelta(days=92)
"""How far back "lately" reaches: code tables come by the quarter."""
STALE: Final = timedelta(days=92)
"""After this long somebody should compare a rule with its sources again."""
EFFECTS: Final = {
    "hold": "holds the visit", "changed": "drops or lowers a line", "warn": "warns", "none": "does nothing", "": "",
}  # fmt: skip
"""What a failure does, in short."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for. "" leaves a question open."""

    words: str = ""
    """Words of the question, or of the id."""
    code: str = ""
    """A code that the rule names, or that stands in its table."""
    policy: str = ""
    """A payer policy: it, and the rules that ask what it says."""


@dataclass(frozen=True, slots=True)
class RuleList:
    """The rulebook in use."""

    asked: Asked
    """What was looked for."""
    on: Date
    """As of this day."""
    rules: tuple[Entry, ...]
    """Rules."""
    policies: tuple[Entry, ...]
    """Payer policies."""
    every_policy: tuple[str, ...]
    """To choose from."""
    version: str
    """Release of the rule files."""
    digest: str
    """Of everything that decides."""
    told: tuple[str, ...]
    """Why files of the clinic's are not in use."""
    stale: tuple[str, ...]
    """Rules and policies that nobody compared with their sources for a quarter."""


@dataclass(frozen=True, slots=True)
class Lately:
    """What changed lately."""

    since: Date
    """From this day on."""
    until: Date
    """To this one."""
    differences: tuple[Difference, ...]
    """What holds on the later day and did not on the earlier."""
    begins: tuple[Begins, ...]
    """Rows that begin after the later day."""
    releases: tuple[Release, ...]
    """Code tables that were imported since, the newest first."""


@dataclass(frozen=True, slots=True)
class Begins:
    """A row that is to come."""

    id: str
    """Rule id or policy name."""
    start: Date
    """From this date of service on."""
    case: str
    """Which case; "" for the general one."""


def rule_list(book: Rulebook, asked: Asked, on: Date, told: Sequence[str] = ()) -> RuleList:
    """The rules and policies that are looked for. A policy or code that nothing knows finds nothing."""
    known = asked.policy if asked.policy in book.policies else ""
    found: Iterable[Entry] = entries(book, on, asked.code or None, known or None)
    wanted = asked.words.casefold().split()
    kept = [one for one in found if _has(book, one, wanted) and (known or not asked.policy)]
    stale = sorted(one.id for one in entries(book, on) if on - one.verified > STALE)
    return RuleList(
        asked, on, tuple(one for one in kept if one.kind == "rule"),
        tuple(one for one in kept if one.kind != "rule"), tuple(sorted(book.policies)), book.version, book.digest,
        tuple(told), tuple(stale),
    )  # fmt: skip


def _has(book: Rulebook, one: Entry, wanted: Sequence[str]) -> bool:
    text = book.rules[one.id] if one.id in book.rules else book.policies[one.id]
    every = f"{one.id} {one.id.replace('-', ' ')} {one.question} {text.plain}".casefold()
    return all(word in every for word in wanted)


def rule_page(book: Rulebook, name: str, on: Date, code: str = "", *, table: bool = False) -> Page | None:
    """One rule or policy; None where there is none of that name. ``table``: its whole table, as far as it is shown."""
    if name not in names(book):
        return None
    try:
        return page(book, name, on, code=code if code else "" if table else None)
    except InputError:
        return None


def lately(book: Rulebook, releases: Sequence[Release], today: Date) -> Lately:
    """What changed within a quarter, and what begins later. Raises NoRuleForDate before the first rules."""
    since = today - LATELY
    imported = [one for one in releases if one.imported is not None and one.imported >= since]
    begins = sorted(
        (row.start, row.id.partition("@")[0] if row.rule == "payer-policy" else row.rule, row.terms.case)
        for row in book.rows if row.start > today
    )  # fmt: skip
    return Lately(
        since, today, between_dates(book, since, today), tuple(Begins(id, start, case) for start, id, case in begins),
        tuple(sorted(imported, key=lambda one: (one.imported or since, one.id), reverse=True)),
    )  # fmt: skip
