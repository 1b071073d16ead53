"""Rows of rule files and policies made ready to decide with: ids, ends, effects, and the findings that never differ."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date as Date
from datetime import timedelta

from massage_billing.coding.day import RuleRow
from massage_billing.coding.rulefile import DatedFile, PolicyText, RuleText, row_ends
from massage_billing.coding.terms import Row
from massage_billing.model import Because, Effect, Finding, Result, Who

POLICY = "payer-policy"
"""Rule id under which the rows of payer policies are named."""
_NOT_ASKED = "Not asked of this visit."


def in_force(row: RuleRow, date: Date) -> bool:
    """Whether a row holds on a date; a withdrawn one holds too, and says that nothing is asked."""
    return row.start <= date and (row.end is None or date <= row.end)


def source_texts(text: DatedFile) -> Mapping[str, str]:
    """One line for each source, by its key."""
    return {key: source.text for key, source in text.sources.items()}


def cited(text: DatedFile, row: Row) -> str:
    """The source of a row, which says so where its date is our assumption."""
    source = text.sources[row.source].text
    return f"{source} (date assumed)" if row.assumed else source


def row_id(prefix: str, row: Row) -> str:
    """How findings name a row: the date it is in force from, with its case or policy before it."""
    return f"{prefix}@{row.start.isoformat()}" if prefix else row.start.isoformat()


def rule_rows(rule: RuleText) -> list[RuleRow]:
    """The rows of a rule file."""
    ends = row_ends(rule.values)
    return [_rule_row(rule, row, ends[place]) for place, row in enumerate(rule.values)]


def _rule_row(rule: RuleText, row: Row, end: Date | None) -> RuleRow:
    named, source = row_id(row.case, row), cited(rule, row)
    on_no_data = row.on_no_data or rule.on_no_data
    passes = row.passes or rule.passes
    may = rule.person_may if row.person_may is None else row.person_may
    gone = _gone(rule.rule, named, row, source) if row.withdrawn else None
    return RuleRow(
        rule=rule.rule, id=named, start=row.start, end=end, terms=row, source=source,
        on_fail=row.on_fail or rule.on_fail, on_no_data=on_no_data,
        in_explain=row.on_no_data_in_explain or rule.on_no_data_in_explain or on_no_data,
        fix=rule.fix if row.fix is None else row.fix, who=row.who or rule.who, person_may=frozenset(may),
        passed=gone or _finding(rule.rule, named, Result.PASS, passes, row, source),
        bypassed=gone or _finding(rule.rule, named, Result.BYPASSED, _NOT_ASKED, row, source),
        because=Because(rule.rule, named, row.start, source), withdrawn=row.withdrawn,
    )  # fmt: skip


def _gone(rule: str, named: str, row: Row, source: str) -> Finding:
    message = f"Not asked: withdrawn since {row.start.isoformat()}."
    return _finding(rule, named, Result.BYPASSED, message, row, source)


def _finding(rule: str, named: str, result: Result, message: str, row: Row, source: str) -> Finding:
    return Finding(rule, named, result, Effect.NONE, message, source=source, in_force_from=row.start)


def policy_rows(policy: PolicyText, until: Date | None = None) -> list[RuleRow]:
    """The rows of a policy file; those that begin before ``until`` and end by then, where one is given."""
    ends = row_ends(policy.values)
    rows = []
    for place, row in enumerate(policy.values):
        end = ends[place]
        if until is not None:
            if row.start >= until:
                continue
            end = min(end or Date.max, until - timedelta(days=1))
        rows.append(_policy_row(policy, row, end))
    return rows


def _policy_row(policy: PolicyText, row: Row, end: Date | None) -> RuleRow:
    named, source = row_id(policy.policy, row), cited(policy, row)
    return RuleRow(
        rule=POLICY, id=named, start=row.start, end=end, terms=row, source=source,
        on_fail=Effect.HOLD, on_no_data=Effect.HOLD, in_explain=Effect.HOLD, fix="", who=Who.BILLER,
        person_may=frozenset(), passed=_finding(POLICY, named, Result.PASS, policy.plain, row, source),
        bypassed=_finding(POLICY, named, Result.BYPASSED, _NOT_ASKED, row, source),
        because=Because(POLICY, named, row.start, source), withdrawn=row.withdrawn,
    )  # fmt: skip
