"""``withdrawn: yes`` works for every rule: from that date the question is not asked, and nothing it says decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date as Date
from functools import cache

import pytest

from massage_billing import same_day
from massage_billing.coding.rulebook import Rulebook
from massage_billing.coding.rulefile import RuleText
from massage_billing.coding.terms import Row
from massage_billing.model import Decision, Effect, Finding, Outcome, Result
from massage_billing.rulebook import examples as rule_examples
from massage_billing.rulebook.examples import Case
from massage_billing.rulebook.files import Files, read_files
from visits import DAY, book, clinic, decide, lines, visit

SINCE = Date(2026, 10, 15)
STAYS_A_FACT = {
    "visit-finished": "a service that was not done is not billed",
    "code-known": "a service without a code has nothing to bill",
    "date-of-service": "a visit without a date can only be held",
    "minutes-documented": "a timed service without minutes has no units",
    "person-decided": "what a person wrote off stays written off",
}
"""Rules that record facts of the visit: what is not there cannot be billed, whether it is asked for or not."""


def gone(row: Row) -> Row:
    """The row that withdraws another, as a file with ``withdrawn: yes`` makes it."""
    return row.model_copy(
        update={**type(row).says_nothing, "start": SINCE, "to": None, "withdrawn": True, "known_through": None,
                "on_fail": row.on_fail}
    )  # fmt: skip


def withdrawn(rule: RuleText) -> RuleText:
    """The rule, withdrawn: its general row, or each of its cases where it has none."""
    cases = {row.case for row in rule.values}
    latest = {row.case: row for row in sorted(rule.values, key=lambda row: row.start)}
    ended = [latest[case] for case in (("",) if "" in cases else sorted(cases))]
    return rule.model_copy(update={"values": (*rule.values, *(gone(row) for row in ended))})


@cache
def without(rule: str) -> Rulebook:
    """The rulebook that ships, with one rule withdrawn from ``SINCE`` on."""
    files = as_shipped()
    rules = [withdrawn(one) if one.rule == rule else one for one in files.rules]
    return replace(files, rules=rules).rulebook()


@cache
def as_shipped() -> Files:
    return read_files()


def refused(decision: Decision) -> list[Finding]:
    return [finding for finding in decision.findings if finding.rule == "no-rule-for-date"]


@cache
def usual() -> list[tuple[Case, Decision]]:
    """Every example of a date behind ``SINCE``, as the rulebook that ships decides it."""
    cases = [case for case in rule_examples.cases(book()) if case.example.on >= SINCE]
    return [(case, rule_examples.decide(case, book())) for case in cases]


def touched(rule: str) -> Iterator[tuple[Case, Decision]]:
    """The rule's own examples, those in which it does something, and a few others."""
    for number, (case, decision) in enumerate(usual()):
        acts = any(finding.rule == rule and finding.effect is not Effect.NONE for finding in decision.findings)
        if acts or case.owner == rule or number % 20 == 0:
            yield case, decision


@pytest.mark.parametrize("rule", sorted(set(book().rules) - {"no-rule-for-date"}))
def test_a_withdrawn_rule_is_bypassed_and_decides_nothing(rule: str) -> None:
    said = before = 0
    for case, was in touched(rule):
        decision = rule_examples.decide(case, without(rule))
        mine = [finding for finding in decision.findings if finding.rule == rule]
        for finding in mine:
            assert (finding.result, finding.effect) == (Result.BYPASSED, Effect.NONE), (case.example.name, finding)
            assert "withdrawn since 2026-10-15" in finding.message
        said += len(mine)
        before += sum(finding.rule == rule for finding in was.findings)
        if "date" not in case.example.given.without:
            assert len(refused(decision)) <= len(refused(was)), (case.example.name, refused(decision))
        assert not [reason for line in decision.lines for reason in line.because if reason.rule == rule]
        if rule not in STAYS_A_FACT:
            assert not [left for left in decision.not_billed if left.rule == rule], case.example.name
    assert bool(said) is bool(before)


@pytest.mark.parametrize("rule", sorted(set(book().rules) - {"no-rule-for-date"}))
def test_the_day_before_a_rule_is_withdrawn_nothing_is_different(rule: str) -> None:
    before = Date(2026, 10, 14)
    assert decide(before, without(rule)) == decide(before)


def test_a_visit_that_only_the_withdrawn_rule_held_is_billed() -> None:
    missing = {"diagnoses": []}
    assert decide(**missing).outcome is Outcome.HOLD
    assert decide(rules=without("diagnosis-present"), **missing).outcome is Outcome.CLAIM


def test_pairs_that_are_withdrawn_drop_nothing() -> None:
    both = {"services": ["97140 30", "97124 15"]}
    assert lines(decide(**both)) == ["97140 x2"]
    assert lines(decide(DAY, without("ncci-pairs"), **both)) == ["97124 x1", "97140 x2"]


def test_visits_of_one_day_are_billed_apart_once_that_is_withdrawn() -> None:
    day = [replace(visit(), encounter=encounter) for encounter in ("e1", "e2")]
    groups = [[[one.encounter for one in group] for group in same_day.together(day, rules, clinic())]
              for rules in (book(), without("same-day-visits"))]  # fmt: skip
    assert groups == [[["e1", "e2"]], [["e1"], ["e2"]]]


def test_codes_that_are_bundled_bill_once_their_status_is_withdrawn() -> None:
    both = {"services": ["97124 60", "97010"]}
    assert lines(decide(**both)) == ["97124 x4"]
    assert lines(decide(DAY, without("fee-schedule-status"), **both)) == ["97010 x1", "97124 x4"]
