"""Every example of every rule file and policy comes out as it says; the names of the tests are the examples' own."""

from __future__ import annotations

import pytest

from massage_billing.rulebook import examples as rule_examples
from massage_billing.rulebook.examples import Case
from visits import book

CASES = list(rule_examples.cases(book()))


@pytest.mark.parametrize("case", CASES, ids=[f"{case.owner}: {case.example.name}" for case in CASES])
def test_example(case: Case) -> None:
    assert rule_examples.differences(case, rule_examples.decide(case, book())) == []


def test_a_wrong_expectation_is_noticed() -> None:
    case = next(case for case in CASES if case.example.expect.lines)
    wrong = case.example.model_copy(update={"expect": case.example.expect.model_copy(update={"lines": ("97124 x9",)})})
    assert rule_examples.differences(Case(case.owner, wrong), rule_examples.decide(case, book())) != []


NAMED_BY_ENTRY = {"ncci-pairs", "mue", "fee-schedule-status", "billable-code", "daily-cap"}
"""Rules whose findings name an entry of a table as their row."""


def test_every_row_is_reached_by_one_of_its_examples() -> None:
    reached = {
        (finding.rule, finding.row)
        for case in CASES
        for finding in rule_examples.decide(case, book()).findings
        if finding.rule == case.owner
    }
    missed = [
        (rule, row)
        for rule in book().rules
        if rule not in NAMED_BY_ENTRY | {"no-rule-for-date"}
        for row in book().row_ids(rule)
        if (rule, row) not in reached
    ]
    assert missed == []
