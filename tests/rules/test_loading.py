"""What a clinic or a keeper of rules notices when a file is loaded: refused with file, line and reason, or in use."""

from __future__ import annotations

import os
import shutil
from datetime import date as Date
from pathlib import Path

import pytest

from massage_billing.coding.date_walk import Trouble, walk
from massage_billing.errors import RuleFileError
from massage_billing.model import Outcome
from massage_billing.rulebook import checks as rule_checks
from massage_billing.rulebook.files import load_rulebook, read_files, read_files_with
from massage_billing.rulebook.in_use import InUse
from visits import DAY, RULES, book, decide, lines

TODAY = Date(2026, 11, 23)
PLAN = """\
policy: my-plan
plain: My Plan counts as Medicare does and pays at most three units a day of one code.
sources:
  manual: {title: My Plan manual, href: "https://plan.example/manual", retrieved: 2026-11-23, grade: official}
last_verified_on: 2026-11-23
values:
  - from: 2026-01-01
    unit_method: cms-total-time
    follows_ncci: yes
    follows_mue: yes
    daily_caps:
      - {codes: ["97124"], units: 3, per: code, source: manual}
    source: manual
examples:
  - {name: Four units are lowered to three, on: 2026-11-03, given: {}, expect: {outcome: claim, lines: ["97124 x3"]}}
"""
STRICTER = (
    PLAN.replace("my-plan", "commercial-midpoint")
    .replace("units: 3", "units: 2")
    .replace("97124 x3", "97124 x2")
    .replace("to three", "to two")
)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of own policies with one in it."""
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "my-plan.yaml").write_text(PLAN)
    return folder


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A copy of the rules that ship."""
    return Path(shutil.copytree(RULES, tmp_path / "rules"))


def changed(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def refusal(folder: Path | None = None, own_policies: Path | None = None) -> RuleFileError:
    with pytest.raises(RuleFileError) as caught:
        load_rulebook(folder, own_policies)
    return caught.value


# --- examples are run, not believed ---


def test_a_value_that_no_example_reaches_is_refused_though_date_and_case_would_fit(rules: Path) -> None:
    """The example names the case and a date, and its visit never meets it."""
    row = "  - {case: several, from: 2000-01-01, assumed: yes, source: own}\n"
    example = "  - {name: Nothing of the kind, on: 2026-11-03, case: several, given: {}, expect: {outcome: claim}}\n"
    file = rules / "charge.yaml"
    changed(file, "examples:\n", f"{row}examples:\n{example}")
    found = refusal(rules)
    assert "no example exercises this value: none of them reaches several@2000-01-01" in found.reason
    assert file.read_text().splitlines()[(found.line or 0) - 1] == row.rstrip()
    assert found.file == "charge.yaml"


def test_an_example_that_comes_out_otherwise_is_refused_by_line(own: Path) -> None:
    changed(own / "my-plan.yaml", "97124 x3", "97124 x4")
    found = refusal(own_policies=own)
    assert (found.file, found.line) == (f"{own}/my-plan.yaml", 15)
    assert "expected ('97124 x4',), got ('97124 x3',)" in found.reason


def test_an_example_in_a_policy_file_is_a_visit_of_that_policy(own: Path) -> None:
    assert lines(decide(rules=load_rulebook(own_policies=own), policy="my-plan")) == ["97124 x3"]


def test_what_a_policy_says_and_no_example_shows_is_a_warning(own: Path) -> None:
    changed(own / "my-plan.yaml", "units: 3", "units: 9")
    changed(own / "my-plan.yaml", "97124 x3", "97124 x4")
    found = [one for one in rule_checks.examine(load_rulebook(own_policies=own), TODAY) if one.about == "my-plan"]
    assert [(one.level, one.line, one.what.split(":")[0]) for one in found] == [
        ("warning", 12, "no example shows daily_caps")
    ]


def test_a_code_that_nothing_else_knows_is_pointed_out(own: Path) -> None:
    changed(own / "my-plan.yaml", 'codes: ["97124"', 'codes: ["9712O", "97124"')
    found = [one for one in rule_checks.examine(load_rulebook(own_policies=own), TODAY) if one.about == "my-plan"]
    assert [(one.level, one.line, one.what.partition(" stands")[0]) for one in found] == [("warning", 12, "9712O")]


# --- a clinic's own policies ---


def test_an_own_policy_stands_over_ours_from_its_own_first_date_on(own: Path) -> None:
    (own / "commercial-midpoint.yaml").write_text(STRICTER)
    mine = load_rulebook(own_policies=own)
    sixty = {"policy": "commercial-midpoint"}
    assert lines(decide(Date(2025, 12, 31), mine, **sixty)) == ["97124 x4"]
    assert lines(decide(Date(2026, 1, 1), mine, **sixty)) == ["97124 x2"]
    assert lines(decide(Date(2026, 1, 1), **sixty)) == ["97124 x4"]
    ours, theirs = (mine.on(on).policy("commercial-midpoint") for on in (Date(2025, 12, 31), DAY))
    assert ours.sources != theirs.sources
    assert ours.row.end == Date(2025, 12, 31)


def test_a_file_or_a_folder_of_that_name_is_a_policy_but_not_both(own: Path) -> None:
    (own / "my-plan").mkdir()
    (own / "my-plan" / "policy.yaml").write_text(PLAN)
    assert "second file of the policy my-plan" in refusal(own_policies=own).reason
    (own / "my-plan.yaml").unlink()
    assert "my-plan" in load_rulebook(own_policies=own).policies


def test_moving_the_folder_wakes_no_hold(own: Path, tmp_path: Path) -> None:
    before = load_rulebook(own_policies=own).digest
    assert before == load_rulebook(own_policies=Path(shutil.copytree(own, tmp_path / "moved"))).digest
    assert before != book().digest


def test_a_policy_that_is_withdrawn_holds_its_visits_and_says_since_when(own: Path) -> None:
    end = """\
  - {from: 2026-10-01, withdrawn: yes, source: manual}
examples:
  - {name: On the last day it counts, on: 2026-09-30, given: {}, expect: {lines: ["97124 x3"]}}
  - {name: On the first day without it it is held, on: 2026-10-01, given: {}, expect: {outcome: hold}}
"""
    changed(own / "my-plan.yaml", "examples:\n", end)
    changed(own / "my-plan.yaml", "on: 2026-11-03", "on: 2026-05-04")
    decision = decide(rules=load_rulebook(own_policies=own), policy="my-plan")
    assert decision.outcome is Outcome.HOLD
    (held,) = decision.holds
    assert held.rule == "payer-known"
    assert 'the policy "my-plan" is withdrawn since 2026-10-01' in held.message


# --- what was sound stays in use ---


def touch(file: Path, text: str) -> None:
    """Write a file so that it is seen to be changed, however fast the test runs."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text)
    os.utime(file, ns=(before + 1_000_000_000,) * 2)


def test_a_mistake_leaves_the_rulebook_in_use_and_is_told_once(own: Path) -> None:
    told: list[RuleFileError] = []
    in_use = InUse(own, tell=told.append)
    first = in_use.book()
    touch(own / "my-plan.yaml", PLAN.replace('"97124"', "97124"))
    assert in_use.book() is first
    assert in_use.book() is first
    assert [(error.file, error.line) for error in told] == [(f"{own}/my-plan.yaml", 12)]
    assert in_use.refused is told[0]
    touch(own / "my-plan.yaml", PLAN.replace("units: 3", "units: 2").replace("x3", "x2"))
    assert lines(decide(rules=in_use.book(), policy="my-plan")) == ["97124 x2"]
    assert in_use.refused is None
    assert len(told) == 1


def test_after_a_restart_the_policies_that_were_last_sound_are_used(own: Path, tmp_path: Path) -> None:
    kept = tmp_path / "state" / "kept"
    InUse(own, kept=kept).book()
    (own / "my-plan.yaml").write_text("policy: [")
    (own / "new.yaml").write_text("half a file")
    told: list[RuleFileError] = []
    again = InUse(own, kept=kept, tell=told.append)
    assert lines(decide(rules=again.book(), policy="my-plan")) == ["97124 x3"]
    assert told
    assert sorted(file.name for file in kept.parent.iterdir()) == ["kept"]


def test_a_policy_that_is_taken_away_is_not_kept_either(own: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    InUse(own, kept=kept).book()
    (own / "my-plan.yaml").unlink()
    (own / "other.yaml").write_text(PLAN.replace("my-plan", "other"))
    InUse(own, kept=kept).book()
    assert [file.name for file in kept.iterdir()] == ["other.yaml"]


def test_without_anything_that_was_sound_a_mistake_refuses(own: Path, tmp_path: Path) -> None:
    (own / "my-plan.yaml").write_text("policy: [")
    with pytest.raises(RuleFileError, match=r"my-plan\.yaml:\d: is not YAML"):
        InUse(own, kept=tmp_path / "kept").book()


# --- every mistake, every date ---


def test_reading_goes_on_behind_a_mistake(rules: Path) -> None:
    changed(rules / "charge.yaml", "question:", "qestion:")
    (rules / "mue.yaml").write_text("")
    found = {(error.file, error.line) for error in read_files(rules).errors}
    assert {file for file, _ in found} == {"charge.yaml", "mue.yaml"}


def troubles(folder: Path, until: Date = Date(2027, 11, 23)) -> list[Trouble]:
    return [one for one in walk(read_files(folder).rulebook(), until) if one.level != "note"]


def test_the_dates_of_what_ships_have_neither_gap_nor_conflict() -> None:
    assert [one for one in walk(book(), Date(2027, 11, 23)) if one.level != "note"] == []


def test_a_row_that_ends_with_nothing_behind_it_is_a_gap_from_the_next_day_on(rules: Path) -> None:
    changed(rules / "charge.yaml", "{from: 2000-01-01,", "{from: 2000-01-01, to: 2026-12-31,")
    (gap,) = [one for one in troubles(rules) if one.about == "charge"]
    assert (gap.file, gap.on) == ("charge.yaml", Date(2027, 1, 1))
    assert "no row is in force" in gap.what
    assert troubles(rules, Date(2026, 12, 31)) == []


def test_a_policy_that_counts_by_a_method_that_ends_is_found_on_the_date(rules: Path) -> None:
    file = rules / "timed-units.yaml"
    end = (
        "  - {case: per-code-midpoint, from: 2026-12-01, withdrawn: yes, source: midpoint}\n"
        "examples:\n"
        "  - {name: The last day of it, on: 2026-11-30, case: per-code-midpoint,"
        " given: {policy: commercial-midpoint}, expect: {outcome: claim}}\n"
        "  - {name: The first day without it, on: 2026-12-01, case: per-code-midpoint,"
        " given: {policy: commercial-midpoint}, expect: {outcome: claim, lines: ['97124 x1']}}\n"
    )
    changed(file, "examples:\n", end)
    assert load_rulebook(rules)
    found = [one for one in troubles(rules) if one.about == "commercial-midpoint"]
    assert [(one.file, one.on) for one in found] == [("payers/commercial-midpoint/policy.yaml", Date(2026, 12, 1))]
    assert 'counts by "per-code-midpoint", which is withdrawn' in found[0].what


def test_a_row_that_lost_its_table_is_found(rules: Path) -> None:
    changed(
        rules / "mue.yaml", "values:\n",
        "values:\n  - {from: 2026-12-01, source: mue-2024q3, note: forgotten.}\n",
    )  # fmt: skip
    changed(
        rules / "mue.yaml", "examples:\n",
        "examples:\n  - {name: The last day with it, on: 2026-11-30, given: {}, expect: {outcome: claim}}\n"
        "  - {name: The first day without it, on: 2026-12-01, given: {}, expect: {outcome: hold}}\n",
    )  # fmt: skip
    found = [one for one in troubles(rules) if one.about == "mue"]
    assert [(one.on, one.what) for one in found] == [
        (Date(2026, 12, 1), "the row in force names no table, and others of this rule do.")
    ]


def test_a_rule_that_nobody_compared_for_a_quarter_and_an_old_release_are_warnings() -> None:
    later = Date(2027, 6, 1)
    found = rule_checks.examine(book(), later)
    stale = {one.about for one in found if "was last compared with its sources" in one.what}
    assert stale == set(book().rules) | set(book().policies)
    assert any("the release is known through" in one.what for one in found)
    assert {one.level for one in found} <= {"warning", "note"}


def test_one_file_is_checked_against_the_rules_that_ship(tmp_path: Path) -> None:
    file = tmp_path / "my-plan.yaml"
    file.write_text(PLAN)
    found = read_files_with(file)
    assert found.errors == []
    assert set(found.own) == {"my-plan"}
    changed(file, "source: manual}", "source: manuel}")
    (error,) = read_files_with(file).errors
    assert (error.file, error.line) == ("my-plan.yaml", 12)
