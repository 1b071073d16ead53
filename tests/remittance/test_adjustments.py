"""The words of adjustments: every code of the reference list is there, and what is named by a row exists."""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path

import pytest

from massage_billing.coding.yamltext import read_yaml
from massage_billing.errors import RuleFileError
from massage_billing.remittance.adjustments import Words, default_adjustments, provider_words, read_adjustments, words
from massage_billing.x12.tables import shipped

RULES = files("massage_billing") / "rules"


def rows(shared: Path) -> list[dict[str, str]]:
    with (shared / "domain" / "carc.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_code_of_the_reference_list_is_there_with_its_category(shared: Path) -> None:
    tables = default_adjustments()
    given = rows(shared)
    assert {row["code"]: row["plugin_category"] for row in given if row["kind"] == "CARC"} == {
        code: reason.category for code, reason in tables.reasons.items()
    }
    assert {row["code"] for row in given if row["kind"] == "RARC"} == set(tables.remarks)
    assert {row["code"] for row in given if row["kind"] == "Group"} == set(tables.groups)


def test_no_text_of_the_reference_list_was_taken_over(shared: Path) -> None:
    tables = default_adjustments()
    ours = {code: row.plain for table in (tables.reasons, tables.remarks) for code, row in table.items()}
    same = [row["code"] for row in rows(shared) if ours.get(row["code"], "").lower() == row["description"].lower()]
    assert same == []


def test_every_rule_and_every_reason_of_the_time_before_exists() -> None:
    tables = default_adjustments()
    known = {path.name.removesuffix(".yaml") for path in RULES.iterdir() if path.name.endswith(".yaml")}
    named = {row.rule for table in (tables.reasons, tables.remarks) for row in table.values() if row.rule}
    assert named <= known
    reasons = read_yaml((RULES / "eligibility" / "reasons.yaml").read_text(encoding="utf-8"), "reasons.yaml").value
    assert isinstance(reasons, dict)
    assert {row.ahead for row in tables.reasons.values() if row.ahead} <= set(reasons["reasons"])


@pytest.mark.parametrize(
    ("group", "code", "remarks", "rule", "patient"),
    [
        ("CO", "27", (), "coverage-in-force", False),
        ("CO", "29", (), "filing-limit", False),
        ("OA", "18", (), "already-billed", False),
        ("CO", "4", ("N822",), "modifiers", False),
        ("CO", "16", ("N823",), "modifiers", False),
        ("CO", "16", (), None, False),
        ("CO", "16", ("ZZ9", "M53"), "timed-units", False),
        ("CO", "96", ("N95",), "scope-of-practice", False),
        ("PR", "96", ("N130",), "payer-pays", True),
        ("CO", "97", ("M80",), "ncci-pairs", False),
        ("CO", "236", (), "ncci-pairs", False),
        ("CO", "151", ("N362",), "mue", False),
        ("CO", "197", (), "authorization-on-file", False),
        ("CO", "B7", (), "therapist-credentialed", False),
        ("PR", "1", (), None, True),
        ("CO", "45", (), None, False),
        ("CO", "999", ("N822",), "modifiers", False),
        ("??", "999", (), None, False),
    ],
)
def test_an_adjustment_goes_to_the_rule_that_should_have_known(
    group: str, code: str, remarks: tuple[str, ...], rule: str | None, patient: bool
) -> None:
    found = words(group, code, remarks)
    assert (found.rule, found.patient) == (rule, patient)


def test_what_is_not_known_is_told_by_its_code() -> None:
    assert words("CO", "Q7", ("N822", "X9")) == Words(
        "reason Q7; a modifier is missing; remark X9", "unknown", "modifiers", False
    )
    assert provider_words("WO") == "an overpayment is taken back"
    assert provider_words("Q1") == "reason Q1"


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("rule: filing-limit", "rull: filing-limit", "rull"),
        ('source: adj24\n  codes:\n    "1"', 'source: nowhere\n  codes:\n    "1"', "nowhere"),
        ("category: timely, ", "", "category"),
    ],
)
def test_a_file_with_a_mistake_is_refused_with_its_place(old: str, new: str, wrong: str) -> None:
    text = shipped("rules/claims/adjustments.yaml")
    assert old in text
    with pytest.raises(RuleFileError, match=wrong):
        read_adjustments(text.replace(old, new, 1), "mine.yaml")
