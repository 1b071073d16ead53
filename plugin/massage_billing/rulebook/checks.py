"""Checks a rulebook beyond what one file shows: every example through ``flow.bill``, every date, every age.

``refuse`` is for loading: the first mistake refuses. ``examine`` is for people: everything that is found, file by file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import timedelta
from typing import TypeVar

from massage_billing import flow
from massage_billing.coding.date_walk import Trouble, covered_from, file_of, walk
from massage_billing.coding.day import Day
from massage_billing.coding.policy_terms import PolicyRow
from massage_billing.coding.rule_rows import POLICY, in_force
from massage_billing.coding.rulebook import Rulebook
from massage_billing.coding.rulefile import PolicyText, RuleText
from massage_billing.coding.terms import Row
from massage_billing.errors import RuleFileError
from massage_billing.model import Decision, Effect
from massage_billing.rulebook import examples as rule_examples
from massage_billing.rulebook.examples import Case

AHEAD = timedelta(days=366)
"""How far behind today the dates are walked."""
QUARTER = timedelta(days=92)
"""After this long somebody should compare the values with their sources again."""
_REFUSED = "no-rule-for-date"
K = TypeVar("K")
V = TypeVar("V")
Told = Callable[[int, int], None]
"""Told how many examples of how many were run."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What running examples found."""

    troubles: tuple[Trouble, ...]
    """Examples that came out otherwise, values that none reaches."""
    examples: int
    """How many were run."""


class _Watched(dict[K, V]):
    """The rows or policies of a day; remembers which were asked for."""

    def __init__(self, found: Mapping[K, V]) -> None:
        super().__init__(found)
        self.asked: set[K] = set()

    def get(self, key: K, default: object = None) -> V | None:  # type: ignore[override]
        """The row of a rule for a case, or the policy of a name."""
        self.asked.add(key)
        return super().get(key)


class _Watching(Rulebook):
    """A rulebook for one example: remembers nothing of other visits, and tells which rows were asked for."""

    def __init__(self, book: Rulebook, on: Date) -> None:
        vars(self).update(vars(book))
        day = book.fresh_day(on)
        self.rows_of_day, self.policies_of_day = _Watched(day.rows), _Watched(day.policies)
        self._days = {on: replace(day, rows=self.rows_of_day, policies=self.policies_of_day)}
        self._spans: dict[int, Day] = {}


def refuse(book: Rulebook, owners: Collection[str] | None = None) -> None:
    """Raise RuleFileError for the first example that comes out otherwise, or the first value that none reaches.

    ``owners`` are the rules and policies to look at; None: all.
    """
    for trouble in run_examples(book, owners).troubles:
        raise RuleFileError(trouble.file, trouble.line, trouble.what)


def examine(book: Rulebook, today: Date) -> tuple[Trouble, ...]:
    """Everything else worth telling of a rulebook: dates, what no example shows, what has grown old."""
    until = today + AHEAD
    found = (*walk(book, until), *_standard_visits(book, until), *_unshown(book), *_strange_codes(book))
    return (*found, *_ages(book, today))


def run_examples(book: Rulebook, owners: Collection[str] | None = None, told: Told | None = None) -> Checked:
    """Run the examples of these rules and policies, and see which of their values they reach."""
    cases = [case for case in rule_examples.cases(book) if owners is None or case.owner in owners]
    troubles: list[Trouble] = []
    reached: set[tuple[str, str]] = set()
    for number, case in enumerate(cases, 1):
        watching = _Watching(book, case.example.on)
        try:
            decision = rule_examples.decide(case, watching)
            differs = rule_examples.differences(case, decision)
        except ValueError as error:
            troubles.append(_of_example(book, case, f"cannot be run: {error}"))
            continue
        if differs:
            troubles.append(_of_example(book, case, "; ".join(differs)))
        reached |= _reached(case, decision, watching)
        if told is not None:
            told(number, len(cases))
    return Checked((*troubles, *_unreached(book, owners, reached)), len(cases))


def _of_example(book: Rulebook, case: Case, what: str) -> Trouble:
    text = text_of(book, case)
    line = text.line("examples", case.place)
    return Trouble("error", text.file, line, case.owner, case.example.on, f'example "{case.example.name}": {what}')


def text_of(book: Rulebook, case: Case) -> RuleText | PolicyText:
    """The file an example stands in."""
    return book.policies[case.owner] if case.of_policy else book.rules[case.owner]


def _reached(case: Case, decision: Decision, watching: _Watching) -> set[tuple[str, str]]:
    """The rows of its own file that an example reaches: named by a finding or a line, or asked for where the finding
    names an entry of a table instead."""
    if case.of_policy:
        policy = dict(watching.policies_of_day).get(case.owner)
        asked = decision.policy == case.owner or case.owner in watching.policies_of_day.asked
        return {(POLICY, policy.row.id)} if policy is not None and asked else set()
    mine = [finding for finding in decision.findings if finding.rule == case.owner]
    found = {(finding.rule, finding.row) for finding in mine}
    found |= {(reason.rule, reason.row) for line in decision.lines for reason in line.because}
    ids = set(watching.row_ids(case.owner))
    if any(finding.row == "-" for finding in mine):
        return {(case.owner, row) for row in ids}
    if any(finding.row not in ids for finding in mine):
        rows = watching.rows_of_day
        found |= {(row.rule, row.id) for key, row in rows.items() if key in rows.asked or row.terms.table}
    return {(rule, row) for rule, row in found if rule == case.owner}


def _unreached(book: Rulebook, owners: Collection[str] | None, reached: set[tuple[str, str]]) -> Iterator[Trouble]:
    for row in book.rows:
        owner = row.id.partition("@")[0] if row.rule == POLICY else row.rule
        of_ours = row.rule == POLICY and any(row.terms is own for own in book.policies[owner].values)
        if (owners is not None and owner not in owners) or (row.rule == POLICY and not of_ours):
            continue
        if (row.rule, row.id) not in reached and not (row.rule == POLICY and row.withdrawn):
            what = f"no example exercises this value: none of them reaches {row.id}"
            yield Trouble("error", *file_of(book, row), owner, row.start, what)


def _standard_visits(book: Rulebook, until: Date) -> Iterator[Trouble]:
    """A standard visit under every policy, on each date from which something else holds and on the day before it."""
    first = covered_from(book)
    before = {date - timedelta(days=1) for date in book.boundaries if date > first}
    dates = sorted({*book.boundaries, *before})
    told: set[tuple[str, str]] = set()
    for on in [date for date in dates if first <= date <= until]:
        visit = rule_examples.make_visit(book.standard_visit, on)
        for name in book.on(on).policies:
            clinic = rule_examples.make_clinic(book.standard_visit.model_copy(update={"policy": name}))
            for finding in flow.bill(visit, book, clinic).findings:
                about = finding.about or ""
                if finding.rule == _REFUSED and (name, about) not in told:
                    told.add((name, about))
                    what = f"a standard visit under {name} is refused: {finding.message}"
                    yield Trouble("error", book.policies[name].file, None, name, on, what)


def _unshown(book: Rulebook) -> Iterator[Trouble]:
    """What a policy says and no example shows: taken away, every example still comes out the same."""
    for case_of, policy in book.policies.items():
        cases = [case for case in rule_examples.cases(book) if case.of_policy and case.owner == case_of]
        for place, row in enumerate(policy.values):
            mine = [c for c in cases if row.start <= c.example.on and (row.to is None or c.example.on <= row.to)]
            usual = [_decided(case, book) for case in mine]
            for name, field in PolicyRow.model_fields.items():
                if name not in _OPTIONAL or getattr(row, name) == field.get_default():
                    continue
                without = _without(book, row, name)
                if [_decided(case, without) for case in mine] == usual:
                    key = field.alias or name
                    line = policy.line("values", place, key)
                    what = f"no example shows {key}: without it every example comes out the same."
                    yield Trouble("warning", policy.file, line, case_of, row.start, what)


_OPTIONAL = frozenset(
    name
    for name, field in PolicyRow.model_fields.items()
    if name not in Row.model_fields and not field.is_required() and not name.endswith("_source") and name != "unknown"
)
"""What a policy may say or leave out, each answering a question of its own."""


def _decided(case: Case, book: Rulebook) -> object:
    """What of a decision a person would notice: not whether a question passed or was not asked."""
    try:
        decision = rule_examples.decide(case, book)
    except ValueError as error:
        return str(error)
    telling = [(f.rule, f.result, f.effect, f.message) for f in decision.findings if f.effect is not Effect.NONE]
    lines = [(line.code, line.units, line.modifiers, line.charge) for line in decision.lines]
    return decision.outcome, decision.filing_limit, lines, decision.not_billed, telling


class _Without(Rulebook):
    """The rulebook with one policy row that leaves one thing unsaid."""

    def __init__(self, book: Rulebook, row: PolicyRow, name: str) -> None:
        vars(self).update(vars(book))
        left = row.model_copy(update={name: PolicyRow.model_fields[name].get_default()})
        self._policy_rows = [replace(one, terms=left) if one.terms is row else one for one in self._policy_rows]
        self.policies = {
            key: text.model_copy(update={"values": tuple(left if one is row else one for one in text.values)})
            for key, text in book.policies.items()
        }
        self._days: dict[Date, Day] = {}
        self._spans: dict[int, Day] = {}


def _without(book: Rulebook, row: PolicyRow, name: str) -> Rulebook:
    return _Without(book, row, name)


def _strange_codes(book: Rulebook) -> Iterator[Trouble]:
    """Codes that one policy names and nothing else knows, no table, no other policy: a slip of the pen, perhaps."""
    known: set[str] = {row.terms.case.upper() for row in book.rows}
    for table in book.tables.values():
        if isinstance(table, Mapping):
            known |= {code for key in table for code in ((key,) if isinstance(key, str) else key)}
    said = {name: [row.model_dump(by_alias=True) for row in policy.values] for name, policy in book.policies.items()}
    named = Counter(code for rows in said.values() for code in {code for row in rows for code in _codes("", row)})
    known |= {code for code, policies in named.items() if policies > 1}
    for name, rows in said.items():
        for place, row in enumerate(rows):
            for key, value in row.items():
                for code in sorted(set(_codes(key, value)) - known):
                    policy = book.policies[name]
                    what = f"{code} stands in no table of codes; if it is a slip, {key} says nothing of the right one."
                    line = policy.line("values", place, key)
                    yield Trouble("warning", policy.file, line, name, policy.values[place].start, what)


def _codes(key: str, said: object) -> Iterator[str]:
    """Every service code that a value of a policy names."""
    if isinstance(said, Mapping):
        for inner, value in said.items():
            yield from _codes(str(inner), value)
    elif isinstance(said, list | tuple):
        for each in said:
            if isinstance(each, str):
                yield from (each,) if key in _CODE_LISTS else ()
            else:
                yield from _codes(key, each)


_CODE_LISTS = frozenset({"codes", "pays_bundled"})
"""Keys of a policy under which service codes stand."""


def _ages(book: Rulebook, today: Date) -> Iterator[Trouble]:
    """Files that nobody compared with their sources for a quarter, and releases that are older than today."""
    for owner, text in [*book.rules.items(), *book.policies.items()]:
        if today - text.last_verified_on > QUARTER:
            what = f"was last compared with its sources on {text.last_verified_on}."
            yield Trouble("warning", text.file, text.line("last_verified_on"), owner, None, what)
    for row in book.rows:
        known = row.terms.known_through
        if known is not None and known < today and in_force(row, today) and not row.withdrawn:
            what = f"the release is known through {known}; load a newer one with `massage-billing rules import`."
            yield Trouble("warning", *file_of(book, row), row.rule, known, what)
