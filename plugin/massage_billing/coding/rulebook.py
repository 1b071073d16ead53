"""The rulebook: every dated rule, table and payer policy, as one value that ``flow.bill`` is given.

``Rulebook.on(date)`` is what is in force on a date of service. Rows, texts and findings that do not depend on the visit
are made once, so that deciding a visit is mostly looking up.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import timedelta
from typing import TypeVar, cast

from massage_billing.coding.policy_terms import PolicyRow
from massage_billing.coding.rulefile import BookText, DatedFile, PolicyText, RuleText, row_ends
from massage_billing.coding.tables import CodeTable, Icd10Table, LimitTable, PairTable, StatusTable
from massage_billing.coding.terms import DiagnosisTableRow, Row
from massage_billing.errors import NoRuleForDate, RuleFileError
from massage_billing.model import Because, Effect, Finding, Result, RulingKind, Who

R = TypeVar("R", bound=Row)
Table = CodeTable | PairTable | LimitTable | StatusTable | Icd10Table
POLICY = "payer-policy"
"""Rule id under which the rows of payer policies are named."""
RELEASE_AGE = "release-age"
"""Rule id of the warning that a loaded release is older than the date of service."""
_NOT_ASKED = "Not asked of this visit."


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One row of one rule, ready to decide with."""

    rule: str
    """Rule id."""
    id: str
    """Row id: the date it is in force from, with its case before it where it has one ("duplicate@2000-01-01")."""
    start: Date
    """In force from."""
    end: Date | None
    """Last date in force; None is open."""
    terms: Row
    """What the row says."""
    source: str
    """Title, section and link of its source."""
    on_fail: Effect
    """What a failure does."""
    on_no_data: Effect
    """What it does where the record does not say."""
    in_explain: Effect
    """The same in ``explain`` without settings."""
    fix: str
    """What to do about it."""
    who: Who | None
    """Who can do it."""
    person_may: frozenset[RulingKind]
    """What a person may decide in spite of it."""
    passed: Finding
    """The finding where all is well."""
    bypassed: Finding
    """The finding where the question is not asked of a visit."""
    because: Because
    """The row as the reason of a line."""

    def says(self, model: type[R]) -> R:
        """Its terms as the model of its rule."""
        if not isinstance(self.terms, model):
            raise TypeError(f"{self.rule} {self.id} is not a {model.__name__}")
        return self.terms


@dataclass(frozen=True, slots=True)
class Policy:
    """A payer policy in force on a date."""

    name: str
    """Its name, as payers.yaml writes it."""
    row: RuleRow
    """The row in force."""
    terms: PolicyRow
    """What it says."""
    sources: Mapping[str, str]
    """Text of each of its sources, by key."""


@dataclass(slots=True)
class Day:
    """What is in force on one date of service."""

    on: Date
    """The date."""
    rows: Mapping[tuple[str, str], RuleRow]
    """Rows in force, by rule and case."""
    policies: Mapping[str, Policy]
    """Policies in force, by name."""
    tables: Mapping[str, Table]
    """Table of each rule that has one."""
    sources: Mapping[str, Mapping[str, str]]
    """Text of each source, by rule and key."""
    known_policies: frozenset[str]
    """Names of all policies of the rulebook, in force or not."""
    asked_of_record: tuple[str, ...]
    """Rules that reading the record answers, in order."""
    record_passed: tuple[Finding, ...]
    """Their findings where all is well."""
    aged: tuple[Finding, ...]
    """Warnings that a release is older than the date; one pass where none is."""
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    """Findings already made for a code or pair; the same for every visit of the day."""
    because: dict[tuple[str, str], tuple[Because, ...]] = field(default_factory=dict)
    """Reasons already made, by policy and code."""
    diagnoses: dict[str, tuple[str, str] | None] = field(default_factory=dict)
    """Diagnosis codes already judged: what is wrong with each."""

    def row(self, rule: str, case: str = "") -> RuleRow:
        """The row of a rule for a case; the general row where no row is for that case. Raises NoRuleForDate."""
        found = self.rows.get((rule, case)) or self.rows.get((rule, ""))
        if found is None:
            raise NoRuleForDate(rule, self.on)
        return found

    def policy(self, name: str) -> Policy:
        """A payer policy. Raises NoRuleForDate where it is known but not in force."""
        found = self.policies.get(name)
        if found is None:
            raise NoRuleForDate(name, self.on)
        return found

    @property
    def codes(self) -> CodeTable:
        """The service codes that are known. Raises NoRuleForDate, as all tables do."""
        return cast(CodeTable, self._table("billable-code"))

    @property
    def statuses(self) -> StatusTable:
        """Medicare fee schedule status by code."""
        return cast(StatusTable, self._table("fee-schedule-status"))

    @property
    def pairs(self) -> PairTable:
        """NCCI pairs by column 1 and column 2."""
        return cast(PairTable, self._table("ncci-pairs"))

    @property
    def limits(self) -> LimitTable:
        """MUE by code."""
        return cast(LimitTable, self._table("mue"))

    @property
    def icd10(self) -> Icd10Table:
        """ICD-10-CM."""
        return cast(Icd10Table, self._table("diagnosis-valid"))

    def _table(self, rule: str) -> Table:
        table = self.tables.get(rule)
        if table is None:
            raise NoRuleForDate(rule, self.on)
        return table


class Rulebook:
    """All rules by date; the same digest always decides the same."""

    def __init__(
        self,
        book: BookText,
        digest: str,
        rules: Iterable[RuleText],
        policies: Iterable[PolicyText],
        tables: Mapping[str, Table],
    ) -> None:
        self.version = book.version
        """Release of the rule files, "2026.11"."""
        self.digest = digest
        """SHA-256 (hex) of every rule file: a change wakes open holds."""
        self.standard_visit = book.standard_visit
        """The visit that examples start from."""
        self.rules = {rule.rule: rule for rule in rules}
        """Rule files by id."""
        self.policies = {policy.policy: policy for policy in policies}
        """Policy files by name."""
        self._asked = book.asked_of_the_record
        self._tables = tables
        self._rows = [row for rule in self.rules.values() for row in _rule_rows(rule)]
        self._policy_rows = [row for policy in self.policies.values() for row in _policy_rows(policy)]
        self._sources = {rule.rule: _source_texts(rule) for rule in self.rules.values()}
        self._check()
        self._bounds = self._boundaries()
        self._spans: dict[int, Day] = {}
        self._days: dict[Date, Day] = {}

    def on(self, date: Date) -> Day:
        """What is in force on a date of service."""
        day = self._days.get(date)
        if day is None:
            if len(self._days) > 20_000:
                self._days.clear()
            day = self._days[date] = self._day(date)
        return day

    @property
    def boundaries(self) -> Sequence[Date]:
        """Every date from which something else holds."""
        return tuple(self._bounds)

    def row_ids(self, rule: str) -> tuple[str, ...]:
        """Ids of all rows of a rule or policy, whatever their dates."""
        return tuple(row.id for row in (*self._rows, *self._policy_rows) if row.rule == rule)

    def first_row(self, rule: str) -> RuleRow:
        """The earliest row of a rule, for findings about a visit that has no date."""
        return min((row for row in self._rows if row.rule == rule), key=lambda row: row.start)

    def undated(self) -> Day:
        """What holds at the end of the rulebook: for a visit without a date, which can only be held."""
        return self.on(self._bounds[-1])

    def _day(self, date: Date) -> Day:
        span = bisect_right(self._bounds, date)
        day = self._spans.get(span)
        if day is None:
            day = self._spans[span] = self._make_day(date)
        return Day(
            date, day.rows, day.policies, day.tables, day.sources, day.known_policies, day.asked_of_record,
            day.record_passed, day.aged, day.findings, day.because, day.diagnoses,
        )  # fmt: skip

    def _make_day(self, date: Date) -> Day:
        rows = {(r.rule, r.terms.case): r for r in self._rows if _in_force(r, date)}
        policies = {}
        for row in self._policy_rows:
            if _in_force(row, date):
                name = row.id.partition("@")[0]
                policies[name] = Policy(name, row, row.says(PolicyRow), _source_texts(self.policies[name]))
        tables = {row.rule: self._tables[row.terms.table] for row in rows.values() if row.terms.table}
        asked = [rows[(rule, "")] for rule in self._asked if (rule, "") in rows]
        return Day(
            date, rows, policies, tables, self._sources, frozenset(self.policies),
            tuple(row.rule for row in asked), tuple(row.passed for row in asked), _aged(rows, date),
        )  # fmt: skip

    def _boundaries(self) -> list[Date]:
        bounds = {row.start for row in (*self._rows, *self._policy_rows)}
        ends = {row.end for row in (*self._rows, *self._policy_rows)} | {row.terms.known_through for row in self._rows}
        for row in self._rows:
            if isinstance(row.terms, DiagnosisTableRow):
                bounds |= {dated.start for dated in row.terms.history if dated.start}
                ends |= {dated.to for dated in row.terms.history}
        bounds |= {end + timedelta(days=1) for end in ends if end is not None and end < Date.max}
        return sorted(bounds)

    def _check(self) -> None:
        """What one file cannot see of another."""
        for asked in self._asked:
            if asked not in self.rules:
                raise RuleFileError("rulebook.yaml", None, f'asks "{asked}", but there is no such rule file')
        methods = {row.case for row in self.rules["timed-units"].values} if "timed-units" in self.rules else set()
        for policy in self.policies.values():
            for row in policy.values:
                if row.unit_method not in methods:
                    reason = f'unit_method "{row.unit_method}" is no case of the rule timed-units'
                    raise RuleFileError(f"payers/{policy.policy}/policy.yaml", None, reason)
        for rule in self.rules.values():
            for table in (row.table for row in rule.values):
                if table is not None and table not in self._tables:
                    raise RuleFileError(f"{rule.rule}.yaml", None, f"names the table {table}, which is not there")


def _in_force(row: RuleRow, date: Date) -> bool:
    return row.start <= date and (row.end is None or date <= row.end) and not row.terms.withdrawn


def _source_texts(text: DatedFile) -> dict[str, str]:
    return {key: source.text for key, source in text.sources.items()}


def _cited(text: DatedFile, row: Row) -> str:
    """The source of a row, which says so where its date is our assumption."""
    cited = text.sources[row.source].text
    return f"{cited} (date assumed)" if row.assumed else cited


def _row_id(prefix: str, row: Row) -> str:
    return f"{prefix}@{row.start.isoformat()}" if prefix else row.start.isoformat()


def _rule_rows(rule: RuleText) -> list[RuleRow]:
    ends = row_ends(rule.values)
    return [_rule_row(rule, row, ends[place]) for place, row in enumerate(rule.values)]


def _rule_row(rule: RuleText, row: Row, end: Date | None) -> RuleRow:
    row_id, source = _row_id(row.case, row), _cited(rule, row)
    on_no_data = row.on_no_data or rule.on_no_data
    passes = row.passes or rule.passes
    may = rule.person_may if row.person_may is None else row.person_may
    return RuleRow(
        rule=rule.rule, id=row_id, start=row.start, end=end, terms=row, source=source,
        on_fail=row.on_fail or rule.on_fail, on_no_data=on_no_data,
        in_explain=row.on_no_data_in_explain or rule.on_no_data_in_explain or on_no_data,
        fix=rule.fix if row.fix is None else row.fix, who=row.who or rule.who, person_may=frozenset(may),
        passed=_finding(rule.rule, row_id, Result.PASS, passes, row, source),
        bypassed=_finding(rule.rule, row_id, Result.BYPASSED, _NOT_ASKED, row, source),
        because=Because(rule.rule, row_id, row.start, source),
    )  # fmt: skip


def _finding(rule: str, row_id: str, result: Result, message: str, row: Row, source: str) -> Finding:
    return Finding(rule, row_id, result, Effect.NONE, message, source=source, in_force_from=row.start)


def _policy_rows(policy: PolicyText) -> list[RuleRow]:
    ends = row_ends(policy.values)
    rows: list[RuleRow] = []
    for place, row in enumerate(policy.values):
        row_id, source = _row_id(policy.policy, row), _cited(policy, row)
        ready = RuleRow(
            rule=POLICY, id=row_id, start=row.start, end=ends[place], terms=row, source=source,
            on_fail=Effect.HOLD, on_no_data=Effect.HOLD, in_explain=Effect.HOLD, fix="", who=Who.BILLER,
            person_may=frozenset(), passed=_finding(POLICY, row_id, Result.PASS, policy.plain, row, source),
            bypassed=_finding(POLICY, row_id, Result.BYPASSED, _NOT_ASKED, row, source),
            because=Because(POLICY, row_id, row.start, source),
        )  # fmt: skip
        rows.append(ready)
    return rows


def _aged(rows: Mapping[tuple[str, str], RuleRow], date: Date) -> tuple[Finding, ...]:
    """One warning for each release that is older than the date; one pass where none is."""
    age = rows.get((RELEASE_AGE, ""))
    if age is None:
        return ()
    found = []
    for row in rows.values():
        known = row.terms.known_through
        if known is not None and known < date:
            message = (
                f"{row.rule}: the release that is loaded is known through {known.isoformat()}, and the date of service "
                "is later; it was used all the same."
            )
            evidence = (age.fix, age.who, age.source, age.start, row.rule)
            found.append(Finding(RELEASE_AGE, age.id, Result.NO_DATA, age.on_no_data, message, *evidence))
    return tuple(found) or (age.passed,)
