"""One rule or payer policy as a page: everything a person has to know of it, every value ready to be written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date as Date

from massage_billing.coding.day import RuleRow
from massage_billing.coding.rule_rows import POLICY, in_force
from massage_billing.coding.rulebook import Rulebook
from massage_billing.coding.rulefile import DatedFile, PolicyText, RuleText
from massage_billing.coding.terms import Row, Source
from massage_billing.errors import InputError
from massage_billing.rulebook.pages.examples import outcome_words, visit_words
from massage_billing.rulebook.pages.tables import TablePart, table_part
from massage_billing.rulebook.pages.words import Said, plain, said

GRADES = {
    "official": "official text",
    "extracted": "extracted from CMS data",
    "secondary": "secondary page",
    "inferred": "our inference",
    "house": "this program's own rule",
}
"""How sure a source is, in words."""
_EFFECTS = {
    "hold": "the visit is held until a person decides",
    "changed": "a line is dropped or lowered, and the visit says so",
    "warn": "the visit is billed with a warning",
    "none": "nothing happens",
}
_POLICY_QUESTION = "What does this payer apply: how are units counted, which edits, what does it pay?"


@dataclass(frozen=True, slots=True)
class PageRow:
    """One dated row."""

    id: str
    """How findings name it."""
    case: str
    """Which case of the rule it answers; "" for the general one."""
    since: Date
    """In force from."""
    until: Date | None
    """Last date; None: until something newer."""
    now: bool
    """In force on the date of the page."""
    assumed: bool
    """The source gives no date; ``since`` is assumed."""
    withdrawn: bool
    """From this date on the question is no longer asked."""
    says: tuple[Said, ...]
    """What it says."""
    effects: tuple[Said, ...]
    """Where its effects, fix or person differ from the rule's own."""
    source: str
    """Key of its source."""
    grade: str
    """How sure that source is, in words."""
    known_through: Date | None
    """For a release: until when it is known to be current."""
    note: str
    """A word to the reader."""
    ours: bool = True
    """False: of the shipped policy, under the clinic's own."""


@dataclass(frozen=True, slots=True)
class PageSource:
    """One source."""

    key: str
    """Its key in the file."""
    title: str
    """Title."""
    section: str
    """Part of it."""
    href: str
    """Link, or a path in this repository."""
    retrieved: Date
    """When it was read."""
    grade: str
    """How sure it is, in words."""
    accepted: str
    """For an inference that decides: why it may."""

    @property
    def link(self) -> str:
        """The link, where it leads somewhere from a page; "" for a path in the repository."""
        return self.href if self.href.startswith(("https://", "http://")) else ""


@dataclass(frozen=True, slots=True)
class PageExample:
    """One worked case."""

    name: str
    """Its name, a sentence."""
    on: Date
    """Date of service."""
    case: str
    """The case it shows."""
    visit: tuple[str, ...]
    """How the visit differs from the standard one."""
    outcome: tuple[str, ...]
    """What comes out."""


@dataclass(frozen=True, slots=True)
class Page:
    """One rule or policy."""

    id: str
    """Rule id or policy name."""
    kind: str
    """"rule" or "payer policy"."""
    question: str
    """The question."""
    plain: str
    """The answer in a plain sentence."""
    on: Date
    """The date the page is for."""
    version: str
    """Release of the rulebook."""
    file: str
    """The file it is from."""
    verified: Date
    """When somebody last compared it with its sources."""
    on_fail: str
    """What a failure does, in words; "" for a policy."""
    on_no_data: str
    """The same where the record does not say."""
    fix: str
    """What to do about it."""
    who: str
    """Who can do it."""
    person_may: tuple[str, ...]
    """What a person may decide in spite of it."""
    left: tuple[str, ...]
    """What is left to a person."""
    rows: tuple[PageRow, ...]
    """By case and date."""
    sources: tuple[PageSource, ...]
    """Sources."""
    examples: tuple[PageExample, ...]
    """Worked cases."""
    standard: tuple[str, ...]
    """The standard visit that examples start from."""
    table: TablePart | None = None
    """Rows of its table, where they were asked for."""
    code: str | None = None
    """The code they are for."""


def page(book: Rulebook, name: str, on: Date, *, only_in_force: bool = False, code: str | None = None) -> Page:
    """The page of a rule or policy. ``only_in_force`` leaves out rows of other dates; with a ``code``, or for a table
    as a whole (""), the rows of its table are on it. Raises InputError where there is no such rule."""
    text, kind = _found(book, name)
    rows = [row for row in _rows(book, name, kind, on) if row.now or not only_in_force]
    effects = _effects(text) if isinstance(text, RuleText) else ("", "", "", "", ())
    under = book.beneath.get(name)
    return Page(
        id=name, kind=kind, question=text.question if isinstance(text, RuleText) else _POLICY_QUESTION,
        plain=text.plain, on=on, version=book.version, file=text.file, verified=text.last_verified_on,
        on_fail=effects[0], on_no_data=effects[1], fix=effects[2], who=effects[3], person_may=effects[4],
        left=text.left_to_a_person, rows=tuple(rows), sources=tuple(_sources(text, under)),
        examples=tuple(_examples(text)), standard=visit_words(book.standard_visit),
        table=None if code is None else table_part(book, name, code or None, on), code=code or None,
    )  # fmt: skip


def names(book: Rulebook) -> tuple[str, ...]:
    """Every rule and policy that has a page, rules first."""
    return (*sorted(book.rules), *sorted(book.policies))


def _found(book: Rulebook, name: str) -> tuple[RuleText | PolicyText, str]:
    if name in book.rules:
        return book.rules[name], "rule"
    if name in book.policies:
        return book.policies[name], "payer policy"
    from difflib import get_close_matches

    near = get_close_matches(name, names(book), n=3, cutoff=0.4)
    fix = f"Did you mean {' or '.join(near)}?" if near else "`massage-billing rules list` lists them."
    raise InputError(f"There is no rule or payer policy {name}.", fix)


def _effects(rule: RuleText) -> tuple[str, str, str, str, tuple[str, ...]]:
    return (
        _EFFECTS[rule.on_fail.value], _EFFECTS[rule.on_no_data.value], rule.fix, rule.who.value if rule.who else "",
        tuple(kind.value for kind in rule.person_may),
    )  # fmt: skip


def _rows(book: Rulebook, name: str, kind: str, on: Date) -> Iterator[PageRow]:
    """The rows of a rule or policy: the general one first, then by case; of each the newest first."""
    rule = POLICY if kind != "rule" else name
    mine = [row for row in book.rows if row.rule == rule and (rule != POLICY or row.id.partition("@")[0] == name)]
    for row in sorted(mine, key=lambda one: (one.terms.case, -one.start.toordinal())):
        general = [one for one in mine if row.terms.case and not one.terms.case and in_force(one, row.start)]
        yield _row(book, row, on, general)


def _row(book: Rulebook, row: RuleRow, on: Date, general: Sequence[RuleRow]) -> PageRow:
    """A row of a case says only what the general row of its first day does not say already."""
    terms = row.terms
    usual = {one for other in general for one in said(other.terms)}
    name = row.id.partition("@")[0]
    own = book.policies.get(name) if row.rule == POLICY else None
    ours = own is None or any(terms is one for one in own.values)
    text = book.rules[row.rule] if own is None else own if ours else book.beneath[name]
    return PageRow(
        id=row.id, case=terms.case, since=row.start, until=row.end, now=in_force(row, on), assumed=terms.assumed,
        withdrawn=terms.withdrawn, says=tuple(one for one in said(terms) if one not in usual),
        effects=tuple(_overrides(terms)), source=terms.source, grade=GRADES[text.sources[terms.source].grade],
        known_through=terms.known_through, note=terms.note, ours=ours,
    )  # fmt: skip


def _overrides(row: Row) -> Iterator[Said]:
    """Where a row says something else than the rule about effects and people."""
    if row.withdrawn:
        return
    for name, text in (("on_fail", "on fail"), ("on_no_data", "without data")):
        value = getattr(row, name)
        if value is not None:
            yield Said(text, _EFFECTS[value.value])
    for name in ("fix", "who", "person_may"):
        value = getattr(row, name)
        if value:
            yield Said({"fix": "to do", "who": "by", "person_may": "a person may decide"}[name], plain(value))


def _sources(text: DatedFile, under: PolicyText | None) -> Iterator[PageSource]:
    for key, source in text.sources.items():
        yield _source(key, source)
    for key, source in under.sources.items() if under else ():
        if text.sources.get(key) != source:
            yield _source(key, source)


def _source(key: str, source: Source) -> PageSource:
    return PageSource(
        key, source.title, source.section, source.href, source.retrieved, GRADES[source.grade], source.accepted
    )


def _examples(text: DatedFile) -> Sequence[PageExample]:
    return [
        PageExample(one.name, one.on, one.case, visit_words(one.given), outcome_words(one.expect))
        for one in text.examples
    ]
