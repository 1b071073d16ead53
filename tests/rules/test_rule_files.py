"""What holds of every rule file that ships: dates without gaps, sources, no code in Python, a page for each."""

from __future__ import annotations

import re
from datetime import date as Date
from datetime import timedelta
from pathlib import Path

import pytest

from massage_billing import flow
from massage_billing.errors import NoRuleForDate
from massage_billing.model import Outcome
from massage_billing.rulebook import examples as rule_examples
from massage_billing.rulebook.files import load_rulebook
from visits import RULES, book, clinic, visit

TODAY = Date(2026, 11, 23)
SOURCE_FIRST = Date(2024, 4, 1)
"""The first date that every release which ships covers."""


METHODS = {"cms-total-time", "commercial-midpoint"}
"""Policies that are a method of counting and no payer's."""


def test_the_policies_that_ship() -> None:
    payers = {
        "aetna", "anthem", "auto", "bcbs-nebraska", "cigna", "florida-pip", "medicare", "regence",
        "unitedhealthcare", "va-community-care", "wa-lni", "workers-compensation",
    }  # fmt: skip
    assert set(book().policies) == METHODS | payers | {"self-pay"}


def test_a_method_says_nothing_of_who_is_paid() -> None:
    for name in sorted(METHODS):
        for row in book().policies[name].values:
            assert (row.follows_ncci, row.follows_mue) == (True, True)
            assert (row.therapy_modifier, row.daily_caps, row.keep, row.pays_bundled) == (None, (), None, ())
            assert (row.excludes, row.papers, row.unknown, row.filing_days) == ((), (), (), None)


@pytest.mark.parametrize("policy", ["cms-total-time", "commercial-midpoint"])
def test_a_standard_visit_is_billed_on_the_first_of_every_month_from_the_first_release_on(policy: str) -> None:
    on, end = SOURCE_FIRST, TODAY + timedelta(days=365)
    while on <= end:
        decision = flow.bill(visit(on, diagnoses=["M79.10"]), book(), clinic(policy=policy))
        assert decision.outcome is Outcome.CLAIM, (on, decision.holds)
        on = (on.replace(day=1) + timedelta(days=32)).replace(day=1)


@pytest.mark.parametrize("boundary", book().boundaries, ids=str)
@pytest.mark.parametrize("side", [-1, 0], ids=["the day before", "the day itself"])
def test_on_both_sides_of_every_date_there_is_an_answer_or_a_refusal_that_names_the_rule(
    boundary: Date, side: int
) -> None:
    decision = flow.bill(visit(boundary + timedelta(days=side)), book(), clinic())
    refused = [f for f in decision.findings if f.rule == "no-rule-for-date"]
    if boundary + timedelta(days=side) < SOURCE_FIRST:
        assert decision.outcome is Outcome.HOLD
        assert len(refused) == 1
        assert refused[0].about in book().rules or refused[0].about in book().policies
    else:
        assert refused == []


def test_a_rule_without_a_row_for_the_date_is_refused_by_name() -> None:
    with pytest.raises(NoRuleForDate, match=r"ncci-pairs.*2023-12-31"):
        book().on(Date(2023, 12, 31)).row("ncci-pairs")


def test_every_row_of_a_cms_release_says_how_long_it_is_known_for() -> None:
    for rule in ("ncci-pairs", "mue", "fee-schedule-status"):
        rows = [row for row in book().rules[rule].values if row.table]
        assert rows
        assert all(row.known_through for row in rows)


def test_no_value_rests_on_memory_and_inferences_only_warn() -> None:
    grades = {source.grade for rule in book().rules.values() for source in rule.sources.values()}
    assert grades <= {"official", "extracted", "secondary", "inferred", "house"}


def test_findings_say_when_a_source_is_secondary() -> None:
    row = book().on(TODAY).row("therapist-npi")
    assert row.source.endswith("(secondary source) (date assumed)")


def test_no_billing_code_modifier_or_date_stands_in_the_python_of_the_rules() -> None:
    core = RULES.parent
    code = re.compile(r"""["'](\d{4}[0-9A-Z]|[A-Z]\d{4}|G[PON]|X[EPSU]|59|25|KX|20\d\d-\d\d-\d\d)["']|Date\(\d""")
    for file in [*core.joinpath("coding").glob("*.py"), core / "flow.py", core / "rulebook" / "files.py"]:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            prose = line.strip().startswith(('"""', "#")) or line.strip().endswith('"""')
            assert prose or not code.search(line), f"{file.name}:{number}: {line.strip()}"


def test_a_rule_of_our_own_names_a_decision_that_is_written_down() -> None:
    page = (RULES.parent.parent / "docs" / "decisions.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^#+ (.+)$", page, re.MULTILINE))
    for rule in book().rules.values():
        for source in rule.sources.values():
            if source.grade == "house":
                assert set(source.section.split("; ")) <= headings, f"{rule.rule}: {source.section}"


def test_the_template_of_the_docs_is_a_policy_that_loads_and_whose_example_holds(tmp_path: Path) -> None:
    page = (RULES.parent.parent / "docs" / "rules.md").read_text(encoding="utf-8")
    template = page.split("```yaml\n")[1].split("```")[0]
    (tmp_path / "my-plan").mkdir()
    (tmp_path / "my-plan" / "policy.yaml").write_text(template)
    own = load_rulebook(own_policies=tmp_path)
    mine = [case for case in rule_examples.cases(own) if case.owner == "my-plan"]
    assert mine
    for case in mine:
        assert rule_examples.differences(case, rule_examples.decide(case, own)) == []
