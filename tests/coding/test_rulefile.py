# ruff: noqa: E501  (a table of mistakes, one a line)
"""A rule file with any mistake is refused, with file, line and reason; nothing is loaded from it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from massage_billing.coding.rulefile import read_book, read_policy, read_rule
from massage_billing.coding.tables import read_codes, read_limits, read_pairs, read_statuses
from massage_billing.errors import RuleFileError
from massage_billing.rulebook.files import load_rulebook
from visits import RULES

GOOD = """\
rule: timed-units
question: How many units?
plain: Minutes make units.
passes: The units are counted.
sources:
  cms: {title: A manual, section: "20.2", href: "https://example.org", retrieved: 2026-11-23, grade: official}
last_verified_on: 2026-11-23
on_fail: changed
on_no_data: hold
values:
  - {case: total, from: 2000-01-01, pooled: yes, first_unit_minimum: 8, block_minutes: 15, source: cms}
  - {case: total, from: 2020-01-01, pooled: yes, first_unit_minimum: 9, block_minutes: 15, source: cms}
examples:
  - {name: Eight minutes in 2019, on: 2019-12-31, case: total, given: {services: ["97124 8"]}, expect: {lines: []}}
  - {name: Eight minutes in 2020, on: 2020-01-01, case: total, given: {services: ["97124 8"]}, expect: {lines: []}}
"""
FIRST, SECOND, CITED = 11, 12, 6

REFUSED = {
    "a repeated key": ("on_fail: changed", "on_fail: changed\non_fail: hold", 9, "stands here twice"),
    "an uncited value": (", source: cms}\n  - {case: total, from: 2020", "}\n  - {case: total, from: 2020", FIRST, "source: is missing"),
    "a source that is not listed": ("9, block_minutes: 15, source: cms", "9, block_minutes: 15, source: x", SECOND, 'cites "x"'),
    "two rows for one date": ("from: 2020-01-01", "from: 2000-01-01", SECOND, "overlaps"),
    "a row that ends after the next begins": ("from: 2000-01-01,", "from: 2000-01-01, to: 2020-01-01,", SECOND, "overlaps"),
    "dates between rows that no row covers": ("from: 2000-01-01,", "from: 2000-01-01, to: 2019-12-30,", SECOND, "leaves a gap: no row holds on 2019-12-31"),
    "a row that ends before it starts": ("from: 2000-01-01,", "from: 2000-01-01, to: 1999-12-31,", FIRST, "before it starts"),
    "a value that no example exercises": ("on: 2019-12-31", "on: 2020-02-01", FIRST, "no example exercises"),
    "a case that no example exercises": ("{case: total, from: 2020-01-01", "{case: other, from: 2020-01-01", SECOND, "no example exercises"),
    "an example that expects nothing": ("expect: {lines: []}}\n  - {name: Eight minutes in 2020", "expect: {}}\n  - {name: Eight minutes in 2020", 14, "expects nothing"),
    "two examples of one name": ("Eight minutes in 2020", "Eight minutes in 2019", 15, "same name"),
    "an unknown key": ("on_no_data: hold", "on_no_data: hold\nonfail: hold", 10, "is not a key"),
    "an unknown effect": ("on_no_data: hold", "on_no_data: maybe", 9, "on_no_data"),
    "a number that is none": ("first_unit_minimum: 8", "first_unit_minimum: eight", FIRST, "first_unit_minimum"),
    "a date that is none": ("from: 2020-01-01", "from: 2020-13-01", SECOND, "from"),
    "a missing question": ("question: How many units?\n", "", 1, "question: is missing"),
    "a sentence without its end": ("plain: Minutes make units.", "plain: Minutes make units", 3, "whole sentence"),
    "a source from memory": ("grade: official", "grade: memory", CITED, "grade"),
    "a source without a link": (', href: "https://example.org"', "", CITED, "href: is missing"),
    "an inference that decides": ("grade: official", "grade: inferred", FIRST, "may only warn"),
    "another name than its file's": ("rule: timed-units", "rule: mue", 11, "is not a key"),
    "broken YAML": ("sources:", "sources: [", 7, "is not YAML"),
    "an alias": ("plain: Minutes make units.", "plain: &x Minutes make units.\nnote: *x", 4, "alias"),
    "a tag": ("plain: Minutes make units.", "plain: !!python/name:os.system Minutes.", 3, "tag"),
    "a code that is not a string": ('["97124 8"]}, expect: {lines: []}}\n  - {name: Eight minutes in 2020', '[{code: 97124}]}, expect: {lines: []}}\n  - {name: Eight minutes in 2020', 14, 'in quotes, "97124"'),
    "a code in a list of services": ('["97124 8"]}, expect: {lines: []}}\n  - {name: Eight minutes in 2020', '[97124]}, expect: {lines: []}}\n  - {name: Eight minutes in 2020', 14, 'in quotes, "97124"'),
    "a code as a key": ('["97124 8"]}, expect: {lines: []}}\n  - {name: Eight minutes in 2020', '["97124 8"], fees: {97124: "35.00"}}, expect: {lines: []}}\n  - {name: Eight minutes in 2020', 14, 'in quotes, "97124"'),
    "no example on the last day of the old row": ("on: 2019-12-31", "on: 2019-12-30", SECOND, "no example stands on 2019-12-31, the last day before"),
    "no example on the first day of the new row": ("on: 2020-01-01", "on: 2020-01-02", SECOND, "no example stands on 2020-01-01, the first day of"),
    "a withdrawn value without a source": ("from: 2020-01-01, pooled: yes, first_unit_minimum: 9, block_minutes: 15, source: cms", "from: 2020-01-01, withdrawn: yes", SECOND, "source: is missing"),
}  # fmt: skip


def test_a_withdrawn_row_needs_its_date_and_its_source_alone() -> None:
    old = "pooled: yes, first_unit_minimum: 9, block_minutes: 15, source: cms"
    assert old in GOOD
    rule = read_rule(GOOD.replace(old, "withdrawn: yes, source: cms"), "timed-units.yaml")
    assert [row.withdrawn for row in rule.values] == [False, True]


def test_the_file_that_the_refusals_start_from_is_good() -> None:
    rule = read_rule(GOOD, "timed-units.yaml")
    assert [row.start.year for row in rule.values] == [2000, 2020]


@pytest.mark.parametrize("mistake", REFUSED, ids=str)
def test_refused(mistake: str) -> None:
    old, new, line, reason = REFUSED[mistake]
    assert old in GOOD
    with pytest.raises(RuleFileError) as refusal:
        read_rule(GOOD.replace(old, new, 1), "timed-units.yaml")
    assert refusal.value.file == "timed-units.yaml"
    assert reason in refusal.value.reason
    assert refusal.value.line == line


def test_a_file_with_another_name_is_refused() -> None:
    with pytest.raises(RuleFileError, match="not the name of its file"):
        read_rule(GOOD, "units.yaml")


@pytest.mark.parametrize("text", ["", "just words", "- a list", "\t"], ids=["empty", "words", "list", "tab"])
def test_what_is_no_rule_at_all_is_refused(text: str) -> None:
    with pytest.raises(RuleFileError):
        read_rule(text, "x.yaml")


POLICY = """\
policy: plan
plain: A plan.
sources:
  doc: {title: A document, href: "https://example.org", retrieved: 2026-11-23, grade: official}
last_verified_on: 2026-11-23
values:
  - from: 2020-01-01
    unit_method: cms-total-time
    follows_ncci: yes
    follows_mue: yes
    source: doc
examples:
  - {name: A plain visit, on: 2026-11-03, given: {policy: plan}, expect: {lines: ["97124 x4"]}}
"""
POLICY_REFUSED = {
    "not following NCCI without a source": ("follows_ncci: yes", "follows_ncci: no", "ncci_source"),
    "not following MUE without a source": ("follows_mue: yes", "follows_mue: no", "mue_source"),
    "paying bundled codes without a source": ("    source: doc", '    pays_bundled: ["97010"]\n    source: doc', "pays_bundled_source"),
    "a modifier that is not a string": ("    source: doc", '    therapy_modifier: {modifier: 59, codes: ["97124"], source: doc}\n    source: doc', 'in quotes, "59"'),
    "a capped code that is not a string": ("    source: doc", "    daily_caps: [{codes: [97124], units: 4, source: doc}]\n    source: doc", 'in quotes, "97124"'),
    "a cap with an unlisted source": ("    source: doc", '    daily_caps: [{codes: ["97124"], units: 4, source: x}]\n    source: doc', 'cites "x"'),
    "choosing what to keep by price": ("    source: doc", "    keep: dearer\n    source: doc", "keep"),
    "an inferred source that decides": ("grade: official", "grade: inferred", "source: is inferred, so it may not decide"),
    "a unit method in words": ("unit_method: cms-total-time", "unit_method: Some Method", "unit_method"),
}  # fmt: skip


def test_the_policy_that_the_refusals_start_from_is_good() -> None:
    assert read_policy(POLICY, "payers/plan/policy.yaml").policy == "plan"


@pytest.mark.parametrize("mistake", POLICY_REFUSED, ids=str)
def test_policy_refused(mistake: str) -> None:
    old, new, reason = POLICY_REFUSED[mistake]
    assert old in POLICY
    with pytest.raises(RuleFileError) as refusal:
        read_policy(POLICY.replace(old, new, 1), "payers/plan/policy.yaml")
    assert reason in refusal.value.reason
    assert refusal.value.line is not None


@pytest.mark.parametrize(
    ("reader", "text", "reason"),
    [
        (read_codes, "code,unit\n", "columns"),
        (read_codes, "code,unit,label,successor,source\nA,hour,x,,s\n", "unit"),
        (read_codes, "code,unit,label,successor,source\nA,session,x,,s\nA,session,x,,s\n", "twice"),
        (read_pairs, "column1,column2,from,deleted,indicator,why\nA,B,,,7,1\n", "indicator"),
        (read_pairs, "column1,column2,from,deleted,indicator,why\nA,B,20200101,2020,1,1\n", "not a date"),
        (read_pairs, "column1,column2,from,deleted,indicator,why\nA,B,,\n", "columns"),
        (read_limits, "code,units,mai\nA,four,3\n", "whole units"),
        (read_limits, "code,units,mai\nA,4,9\n", "MAI"),
        (read_statuses, "code,status\nA,\n", "capital letter"),
    ],
)
def test_a_table_with_a_mistake_is_refused(reader: object, text: str, reason: str) -> None:
    assert callable(reader)
    with pytest.raises(RuleFileError, match=reason):
        reader(text, "tables/x.csv")


def test_the_release_file_is_checked_too() -> None:
    with pytest.raises(RuleFileError, match=r"rulebook\.yaml:1: version"):
        read_book("asked_of_the_record: []\nstandard_visit: {}\n", "rulebook.yaml")


# --- a whole folder ---------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the rule files that ship."""
    return Path(shutil.copytree(RULES, tmp_path / "rules"))


def test_a_folder_gives_the_same_rulebook_as_the_package(folder: Path) -> None:
    assert load_rulebook(folder).digest == load_rulebook().digest


def test_any_change_of_any_file_changes_the_digest(folder: Path) -> None:
    before = load_rulebook(folder).digest
    table = folder / "tables" / "mue-2024q3.csv"
    text = table.read_text()
    assert "97018,1,3" in text
    table.write_text(text.replace("97018,1,3", "97018,2,3"))
    assert load_rulebook(folder).digest != before


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        (
            "payers/cms-total-time/policy.yaml",
            "unit_method: cms-total-time",
            "unit_method: by-guess",
            "no case of the rule",
        ),
        ("mue.yaml", "mue-2024q3.csv", "mue-2030q1.csv", "cannot be read"),
        ("charge.yaml", "{from: 2000-01-01, source", "{from: 2000-01-01, table: mue-2024q3.csv, source", "takes none"),
        ("rulebook.yaml", "  - zone-known", "  - zone-guessed", "no such rule file"),
    ],
)
def test_what_one_file_says_of_another_is_checked(folder: Path, file: str, old: str, new: str, reason: str) -> None:
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(RuleFileError, match=reason):
        load_rulebook(folder)


def test_a_file_that_is_not_text_is_refused(folder: Path) -> None:
    (folder / "mue.yaml").write_bytes(b"\xff\xfe rule")
    with pytest.raises(RuleFileError, match="UTF-8"):
        load_rulebook(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError, match="cannot be read"):
        load_rulebook(tmp_path / "nowhere")


def test_a_clinics_own_policy_is_added_without_touching_ours(tmp_path: Path) -> None:
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan" / "policy.yaml").write_text(POLICY)
    book = load_rulebook(own_policies=tmp_path)
    assert set(book.policies) == {*load_rulebook().policies, "plan"}
    assert book.digest != load_rulebook().digest
