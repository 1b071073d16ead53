"""The rulebook: every dated rule, table and payer policy, as one value that ``flow.bill`` is given.

``Rulebook.on(date)`` is what is in force on a date of service. Rows, texts and findings that do not depend on the visit
are made once, so that deciding a visit is mostly looking up.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date as Date
from datetime import timedelta

from massage_billing.coding.day import Day, Policy, RuleRow, Table
from massage_billing.coding.policy_terms import PolicyRow
from massage_billing.coding.rule_rows import POLICY, in_force, policy_rows, rule_rows, source_texts
from massage_billing.coding.rulefile import BookText, PolicyText, RuleText
from massage_billing.coding.terms import DiagnosisTableRow
from massage_billing.coding.withdrawn import policy_terms, tables_of, withdrawn_findings
from massage_billing.errors import RuleFileError
from massage_billing.model import Finding, Result

__all__ = ["POLICY", "RELEASE_AGE", "Day", "Policy", "RuleRow", "Rulebook", "Table"]

RELEASE_AGE = "release-age"
"""Rule id of the warning that a loaded release is older than the date of service."""


class Rulebook:
    """All rules by date; the same digest always decides the same."""

    def __init__(
        self,
        book: BookText,
        digest: str,
        rules: Iterable[RuleText],
        policies: Iterable[PolicyText],
        tables: Mapping[str, Table],
        beneath: Mapping[str, PolicyText] | None = None,
    ) -> None:
        """``beneath`` is the shipped policy of each that a clinic's own of the same name stands over: it holds before
        the own one begins."""
        self.version = book.version
        """Release of the rule files, "2026.11"."""
        self.digest = digest
        """SHA-256 (hex) of every rule file: a change wakes open holds."""
        self.standard_visit = book.standard_visit
        """The visit that examples start from."""
        self.rules = {rule.rule: rule for rule in rules}
        """Rule files by id."""
        self.policies = {policy.policy: policy for policy in policies}
        """Policy files by name; a clinic's own in place of the shipped one."""
        self.beneath = dict(beneath or {})
        """The shipped policy under a clinic's own, by name."""
        self.tables = tables
        """Every table by the name of its file."""
        self._asked = book.asked_of_the_record
        patients = {name for name, text in self.policies.items() if any(row.patient_pays for row in text.values)}
        self.of_payers = frozenset(self.policies) - patients
        """Names of the policies that a payer can have: all but what counts for a patient who pays."""
        self._rows = [row for rule in self.rules.values() for row in rule_rows(rule)]
        self._policy_rows = [row for name in self.policies for row in self._rows_of_policy(name)]
        self._sources = {rule.rule: source_texts(rule) for rule in self.rules.values()}
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

    @property
    def rows(self) -> Sequence[RuleRow]:
        """Every row of every rule and policy, whatever its dates."""
        return (*self._rows, *self._policy_rows)

    def row_ids(self, rule: str) -> tuple[str, ...]:
        """Ids of all rows of a rule or policy, whatever their dates."""
        return tuple(row.id for row in self.rows if row.rule == rule)

    def first_row(self, rule: str) -> RuleRow:
        """The earliest row of a rule, for findings about a visit that has no date."""
        return min((row for row in self._rows if row.rule == rule), key=lambda row: row.start)

    def undated(self) -> Day:
        """What holds at the end of the rulebook: for a visit without a date, which can only be held."""
        return self.on(self._bounds[-1])

    def fresh_day(self, date: Date) -> Day:
        """What is in force on a date, with nothing remembered of visits decided before."""
        return self._make_day(date)

    def _day(self, date: Date) -> Day:
        span = bisect_right(self._bounds, date)
        day = self._spans.get(span)
        if day is None:
            day = self._spans[span] = self._make_day(date)
        return Day(
            date, day.rows, day.policies, day.tables, day.sources, day.known_policies, day.asked_of_record,
            day.record_passed, day.aged, day.withdrawn, day.withdrawn_policies, day.findings, day.because,
            day.diagnoses, day.diagnosis_sets,
        )  # fmt: skip

    def _make_day(self, date: Date) -> Day:
        held = [row for row in self._rows if in_force(row, date)]
        # Where the general row of a rule is withdrawn, so are the rows of its cases.
        whole = {row.rule for row in held if row.withdrawn and not row.terms.case}
        rows = {(row.rule, row.terms.case): row for row in held if row.rule not in whole or not row.terms.case}
        withdrawn = withdrawn_findings(rows)
        asked = [rows[(rule, "")] for rule in self._asked if (rule, "") in rows]
        gone = {row.id.partition("@")[0]: row.start for row in self._policy_rows if _gone(row, date)}
        return Day(
            date, rows, self._policies_on(date, withdrawn), tables_of(rows, self.tables), self._sources,
            self.of_payers - frozenset(gone), tuple(row.rule for row in asked),
            tuple(row.passed for row in asked), _aged(rows, date), withdrawn, gone,
        )  # fmt: skip

    def _policies_on(self, date: Date, withdrawn: Mapping[tuple[str, str], Finding]) -> dict[str, Policy]:
        found = {}
        for row in self._policy_rows:
            if in_force(row, date) and not row.withdrawn:
                name = row.id.partition("@")[0]
                text = self.policies[name]
                # A row of the shipped policy under a clinic's own cites the shipped file's sources.
                if name in self.beneath and not any(own is row.terms for own in text.values):
                    text = self.beneath[name]
                found[name] = Policy(name, row, policy_terms(row.says(PolicyRow), withdrawn), source_texts(text))
        return found

    def _rows_of_policy(self, name: str) -> list[RuleRow]:
        policy, under = self.policies[name], self.beneath.get(name)
        begins = min(row.start for row in policy.values)
        return [*(policy_rows(under, begins) if under else ()), *policy_rows(policy)]

    def _boundaries(self) -> list[Date]:
        bounds = {row.start for row in self.rows}
        ends = {row.end for row in self.rows} | {row.terms.known_through for row in self._rows}
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
            for place, row in enumerate(policy.values):
                if row.unit_method not in methods and not row.withdrawn:
                    reason = f'unit_method "{row.unit_method}" is no case of the rule timed-units'
                    line = policy.line("values", place, "unit_method")
                    raise RuleFileError(policy.file or f"payers/{policy.policy}/policy.yaml", line, reason)
        for rule in self.rules.values():
            for place, table in enumerate(row.table for row in rule.values):
                if table is not None and table not in self.tables:
                    line = rule.line("values", place, "table")
                    raise RuleFileError(f"{rule.rule}.yaml", line, f"names the table {table}, which is not there")


def _gone(row: RuleRow, date: Date) -> bool:
    return row.withdrawn and in_force(row, date)


def _aged(rows: Mapping[tuple[str, str], RuleRow], date: Date) -> tuple[Finding, ...]:
    """One warning for each release that is older than the date; one pass where none is."""
    age = rows.get((RELEASE_AGE, ""))
    if age is None:
        return ()
    if age.withdrawn:
        return (age.passed,)
    found = []
    for row in rows.values():
        known = row.terms.known_through
        if known is not None and known < date and not row.withdrawn:
            message = (
                f"{row.rule}: the release that is loaded is known through {known.isoformat()}, and the date of service "
                "is later; it was used all the same."
            )
            evidence = (age.fix, age.who, age.source, age.start, row.rule)
            found.append(Finding(RELEASE_AGE, age.id, Result.NO_DATA, age.on_no_data, message, *evidence))
    return tuple(found) or (age.passed,)
