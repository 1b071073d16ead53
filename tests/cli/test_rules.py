"""``massage-billing rules``: what a biller reads, checks and compares, and how it ends."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from visits import RULES

from .conftest import Call

PLAN = """\
policy: my-plan
plain: My Plan pays at most three units a day of <one> code.
sources:
  manual: {title: "Manual & more <b>", href: "https://plan.example/manual?a=1&b=2", retrieved: 2026-11-23, grade: official}
last_verified_on: 2026-11-23
values:
  - from: 2026-01-01
    assumed: yes
    unit_method: cms-total-time
    follows_ncci: yes
    follows_mue: yes
    daily_caps:
      - {codes: ["97124"], units: 3, per: code, source: manual}
    source: manual
left_to_a_person: [whether the manual is the newest]
examples:
  - {name: Four units are lowered to three, on: 2026-11-03, given: {}, expect: {outcome: claim, lines: ["97124 x3"]}}
"""  # noqa: E501
SETTINGS = """\
rules: {own_policies: policies}
state: {folder: state}
hosts:
  main: {kind: folder, folder: records, zone: America/Los_Angeles}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder without any settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("MASSAGE_BILLING_SETTINGS", "MASSAGE_BILLING_STATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


@pytest.fixture
def shop(here: Path) -> Path:
    """A clinic with a policy of its own."""
    (here / "massage-billing.yaml").write_text(SETTINGS)
    (here / "policies").mkdir()
    (here / "policies" / "my-plan.yaml").write_text(PLAN)
    return here


# --- list ---


def test_the_list_says_question_date_and_how_sure(here: Path, mb: Call) -> None:
    answer = mb("rules", "list")
    assert answer.code == 0
    assert re.search(r"timed-units +How many units may be billed .* 2000-01-01 +in force +2026-11-23", answer.out)
    assert "secondary" in answer.out


def test_the_list_by_code_leaves_out_what_does_not_name_it(here: Path, mb: Call) -> None:
    found = {one["id"] for one in json.loads(mb("rules", "list", "--code", "97010", "--json").out)["entries"]}
    assert {"fee-schedule-status", "mue", "ncci-pairs"} <= found
    assert not {"member-id", "diagnosis-valid"} & found
    diagnosis = {one["id"] for one in json.loads(mb("rules", "list", "--code", "M54.50", "--json").out)["entries"]}
    assert "diagnosis-valid" in diagnosis


def test_the_list_of_a_policy_has_the_rules_that_ask_what_it_says(here: Path, mb: Call) -> None:
    found = json.loads(mb("rules", "list", "--payer-policy", "cms-total-time", "--json").out)["entries"]
    assert {one["id"] for one in found} == {"cms-total-time", "timed-units", "ncci-pairs", "mue"}
    assert mb("rules", "list", "--payer-policy", "nobody").code == 2


def test_the_list_of_an_early_date_says_what_is_not_in_force_yet(here: Path, mb: Call) -> None:
    states = {
        one["id"]: one["state"]
        for one in json.loads(mb("rules", "list", "--on", "2019-05-04", "--json").out)["entries"]
    }
    assert states["timed-units"] == "in force"
    assert states["ncci-pairs"] == "not yet"


def test_the_clinics_own_policy_is_in_its_list_and_not_among_those_that_ship(shop: Path, mb: Call) -> None:
    assert "my-plan" in mb("rules", "list").out
    assert "my-plan" not in mb("rules", "list", "--rules", "shipped").out


# --- show ---


def test_a_page_says_all_that_a_biller_asks(shop: Path, mb: Call) -> None:
    out = mb("rules", "show", "my-plan").out
    for said in (
        "* from 2026-01-01", "date assumed", "most units a day: 3 units of 97124, each code for itself",
        "whether the manual is the newest", "Manual & more <b> (official text, read on 2026-11-23)",
        "https://plan.example/manual?a=1&b=2", "2026-11-03  Four units are lowered to three",
        "claim; lines 97124 x3", "compared with its sources on 2026-11-23",
    ):  # fmt: skip
        assert said in out


def test_a_page_of_a_date_has_only_what_was_in_force_then(here: Path, mb: Call) -> None:
    every = json.loads(mb("rules", "show", "diagnosis-valid", "--json").out)["page"]["rows"]
    then = json.loads(mb("rules", "show", "diagnosis-valid", "--on", "2020-05-04", "--json").out)["page"]["rows"]
    assert len(then) < len(every)
    assert all(row["now"] and row["since"] <= "2020-05-04" for row in then)


def test_the_rows_of_a_table_by_code(here: Path, mb: Call) -> None:
    out = mb("rules", "show", "ncci-pairs", "--code", "97124").out
    assert re.search(r"97140 +97124 +0: no modifier opens it .*in force", out)
    rows = [line.split() for line in out.partition("TABLE")[2].partition("SOURCES")[0].splitlines()[2:] if line.strip()]
    assert all("97124" in row[:2] for row in rows)
    table = json.loads(mb("rules", "show", "mue", "--code", "97124", "--json").out)["page"]["table"]
    assert table["rows"] == [["97124", "4", "3: a day, more on review"]]
    assert "No row has this code." in mb("rules", "show", "mue", "--code", "99999").out
    assert mb("rules", "show", "member-id", "--code", "97124").code == 8


def test_a_misspelt_rule_is_answered_with_its_neighbours(here: Path, mb: Call) -> None:
    answer = mb("rules", "show", "timed-unit")
    assert answer.code == 8
    assert "Did you mean timed-units" in answer.err


def test_markdown_keeps_its_table_whole(shop: Path, mb: Call) -> None:
    out = mb("rules", "show", "my-plan", "--format", "markdown").out
    assert out.startswith("# ")
    assert "[Manual & more &lt;b>](https://plan.example/manual?a=1&b=2)" in out
    for table in re.findall(r"(?:^\|.*\n)+", out, re.MULTILINE):
        assert len({line.replace("\\|", "").count("|") for line in table.splitlines()}) == 1


def test_an_html_page_is_whole_escaped_and_without_scripts(shop: Path, mb: Call) -> None:
    assert mb("rules", "show", "my-plan", "--output", "page.html").code == 0
    text = (shop / "page.html").read_text()
    assert "Manual &amp; more &lt;b&gt;" in text
    assert "&lt;one&gt; code" in text
    assert 'href="https://plan.example/manual?a=1&amp;b=2"' in text
    assert not re.search(r"<script|<link|<img|\bsrc=|@import|url\(|\bon[a-z]+=", text)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_a_page_of_every_rule_with_an_index_that_leads_to_each(shop: Path, mb: Call) -> None:
    assert mb("rules", "show", "--all", "--output", "pages").code == 0
    index = (shop / "pages" / "index.html").read_text()
    linked = set(re.findall(r'href="([a-z0-9-]+\.html)"', index))
    written = {file.name for file in (shop / "pages").iterdir()}
    assert linked == written - {"index.html"}
    assert {"my-plan.html", "timed-units.html"} <= linked
    for file in (shop / "pages").iterdir():
        text = file.read_text()
        anchors = set(re.findall(r'id="(source-[^"]+)"', text))
        assert set(re.findall(r'href="#(source-[^"]+)"', text)) <= anchors, file.name


@pytest.mark.parametrize(
    "arguments", [[], ["timed-units", "--all"], ["--all"]], ids=["nothing", "one and all", "all without a folder"]
)
def test_show_refuses_what_it_cannot_use(here: Path, mb: Call, arguments: list[str]) -> None:
    assert mb("rules", "show", *arguments).code == 2


# --- check ---


def test_a_sound_policy_file_is_sound(here: Path, mb: Call) -> None:
    (here / "my-plan.yaml").write_text(PLAN)
    answer = mb("rules", "check", "my-plan.yaml")
    assert (answer.code, answer.out) == (0, "my-plan.yaml: sound (1 file, 1 example).\n")


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ('codes: ["97124"]', "codes: [97124]", 13, 'in quotes, "97124"'),
        ("source: manual\nleft", "source: manuel\nleft", 14, 'cites "manuel"'),
        ("x3", "x4", 17, "expected ('97124 x4',), got ('97124 x3',)"),
        ("    follows_mue: yes\n", "", 7, "follows_mue: is missing"),
        ("cms-total-time", "by-guess", 9, "no case of the rule timed-units"),
    ],
    ids=["a code without quotes", "no source", "a wrong example", "a missing term", "an unknown method"],
)
def test_a_mistake_is_named_with_file_line_and_reason(
    here: Path, mb: Call, old: str, new: str, line: int, reason: str
) -> None:
    assert old in PLAN
    (here / "my-plan.yaml").write_text(PLAN.replace(old, new, 1))
    answer = mb("rules", "check", "my-plan.yaml")
    assert answer.code == 6
    assert re.search(rf"^my-plan\.yaml:{line}: error: .*{re.escape(reason)}", answer.out, re.MULTILINE), answer.out
    found = json.loads(mb("rules", "check", "my-plan.yaml", "--json").out)
    assert found["errors"] == 1
    assert (found["troubles"][0]["file"], found["troubles"][0]["line"]) == ("my-plan.yaml", line)


def test_every_file_with_a_mistake_is_named_at_once(here: Path, mb: Call) -> None:
    rules = Path(shutil.copytree(RULES, here / "rules"))
    (rules / "charge.yaml").write_text("rule: charge\n")
    (rules / "mue.yaml").write_text("rule: [\n")
    answer = mb("rules", "check", "rules")
    assert answer.code == 6
    assert {line.split(":")[0] for line in answer.out.splitlines()[:-1]} == {"charge.yaml", "mue.yaml"}


def test_the_rulebook_that_ships_is_sound(here: Path, mb: Call) -> None:
    found = json.loads(mb("rules", "check", "--json").out)
    assert found["errors"] == 0, found["troubles"]
    assert found["examples"] > 100
    assert found["dates"] > 10


def test_the_rulebook_in_use_has_the_clinics_own_policies(shop: Path, mb: Call) -> None:
    (shop / "policies" / "my-plan.yaml").write_text(PLAN.replace("x3", "x4"))
    answer = mb("rules", "check")
    assert answer.code == 6
    assert "policies/my-plan.yaml:17: error:" in answer.out
    assert mb("rules", "check", "policies").code == 6


def test_one_rule_file_is_checked_in_place_of_ours(here: Path, mb: Call) -> None:
    text = (RULES / "charge.yaml").read_text()
    (here / "charge.yaml").write_text(text)
    assert mb("rules", "check", "charge.yaml").code == 0
    (here / "charge.yaml").write_text(text.replace('total: "140.00"', 'total: "141.00"'))
    answer = mb("rules", "check", "charge.yaml")
    assert answer.code == 6
    assert "total: expected 141.00, got 140.00" in answer.out


def test_a_path_that_is_not_there_is_told(here: Path, mb: Call) -> None:
    assert mb("rules", "check", "nowhere.yaml").code == 8
    (here / "empty").mkdir()
    assert mb("rules", "check", "empty").code == 8


# --- diff ---


def test_two_rulebooks_differ_in_words(here: Path, mb: Call) -> None:
    rules = Path(shutil.copytree(RULES, here / "rules"))
    file = rules / "timed-units.yaml"
    later = (
        "values:\n  - {case: cms-total-time, from: 2027-03-01, pooled: yes, first_unit_minimum: 9,"
        " block_minutes: 15, source: cms-5-20.2}\n"
    )
    examples = (
        "examples:\n"
        "  - {name: The last day of eight, on: 2027-02-28, case: cms-total-time, given: {services: [97124 8]},"
        ' expect: {lines: ["97124 x1"]}}\n'
        "  - {name: The first day of nine, on: 2027-03-01, case: cms-total-time, given: {services: [97124 8]},"
        " expect: {lines: []}}\n"
    )
    text = file.read_text().replace("values:\n", later, 1).replace("examples:\n", examples, 1)
    file.write_text(text)
    table = rules / "tables" / "mue-2024q3.csv"
    table.write_text(table.read_text().replace("97018,1,3\n", "97018,2,3\n"))
    answer = mb("rules", "diff", "shipped", "rules")
    assert answer.code == 0, answer.err
    for said in (
        "rule timed-units", "cms-total-time: from 2027-03-01: ", "minutes for the first unit 9 (was: 8)",
        "until 2027-02-28 (was: until further notice)", 'example new: "The first day of nine"', "rule mue",
        "changed in the table (1): 97018 1 (MAI 3) → 2 (MAI 3)", "2 rules or policies differ.",
    ):  # fmt: skip
        assert said in " ".join(answer.out.split()), said


def test_the_clinics_rulebook_against_ours(shop: Path, mb: Call) -> None:
    found = json.loads(mb("rules", "diff", "shipped", "own", "--json").out)
    assert [(one["id"], one["kind"]) for one in found["differences"]] == [("my-plan", "payer policy")]
    assert "is new, from 2026-01-01" in mb("rules", "diff", "shipped", "policies").out
    assert "Nothing differs." in mb("rules", "diff", "own", "own").out


def test_two_dates_of_one_rulebook(here: Path, mb: Call) -> None:
    out = mb("rules", "diff", "--from", "2021-03-31", "--to", "2021-11-01").out
    assert "units are counted by total-time-and-midpoint (was: cms-total-time)" in out
    october = " ".join(mb("rules", "diff", "--from", "2026-09-30", "--to", "2026-10-01").out.split())
    assert "no longer valid (1): M72.2 until 2026-09-30, then M67.A01" in october
    assert "Nothing differs." in mb("rules", "diff", "--from", "2026-11-03", "--to", "2026-11-04").out


@pytest.mark.parametrize(
    "arguments",
    [[], ["shipped"], ["--from", "2026-01-01"], ["shipped", "own", "--from", "2026-01-01", "--to", "2026-02-01"]],
    ids=["nothing", "one", "one date", "two of both"],
)
def test_diff_refuses_what_it_cannot_use(here: Path, mb: Call, arguments: list[str]) -> None:
    assert mb("rules", "diff", *arguments).code == 2


# --- the clinic's own policies elsewhere ---


def test_doctor_names_the_mistake_in_an_own_policy(shop: Path, mb: Call) -> None:
    (shop / "policies" / "my-plan.yaml").write_text(PLAN.replace('["97124"]', "[97124]"))
    answer = mb("doctor")
    assert answer.code == 3
    assert "my-plan.yaml:13" in answer.out


def test_explain_counts_by_an_own_policy_and_goes_on_with_what_was_sound(shop: Path, mb: Call) -> None:
    (shop / "records").mkdir()
    assert mb("explain", "records", "--payer-policy", "my-plan", "--json").code == 0
    (shop / "policies" / "my-plan.yaml").write_text("policy: [")
    answer = mb("explain", "records", "--payer-policy", "my-plan", "--json")
    assert answer.code == 0
    assert "my-plan.yaml" in answer.err
    assert "What was last sound is used" in answer.err


def test_a_run_goes_on_with_what_was_sound_and_reports_the_mistake(shop: Path, mb: Call) -> None:
    (shop / "records").mkdir()
    (shop / "payers.yaml").write_text("payers: []\n")
    (shop / "fees.csv").write_text("code,modifier,payer,from,amount\n97124,,,2026-01-01,35.00\n")
    settings = shop / "massage-billing.yaml"
    settings.write_text(settings.read_text() + 'clinic: {npi: "1234567893", payers: payers.yaml, fees: fees.csv}\n')
    first = mb("run", "--start", "2026-11-02")
    assert first.code == 0, first.err
    (shop / "policies" / "my-plan.yaml").write_text(PLAN.replace("x3", "x4"))
    answer = mb("run")
    assert answer.code == 0, answer.err
    assert re.search(r"Problem: \S*my-plan\.yaml:17: .*What was last sound is used", answer.out)
