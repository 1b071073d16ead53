"""``massage-billing rules replay`` on a synthetic clinic: text, JSON, names of rulebooks; nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from massage_billing.cli import main, synthetic

OWN = """\
policy: cms-total-time
plain: It wants each code counted for itself.
sources:
  contract: {title: The contract, href: contract.pdf, retrieved: 2026-11-01, grade: house}
last_verified_on: 2026-11-01
values:
  - {from: 2000-01-01, unit_method: per-code-midpoint, follows_ncci: yes, follows_mue: yes, source: contract,
     therapy_modifier: {modifier: GP, codes: ["97110", "97112"], source: contract}}
examples:
  - name: Each code for itself
    on: 2026-11-03
    given: {policy: cms-total-time, services: ["97124 30"]}
    expect: {lines: ["97124 x2"]}
"""
DATES = ("--from", "2026-01-01", "--to", "2027-12-31")


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replayed") / "clinic"
    synthetic.make(folder, 120, 1)
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "cms-total-time.yaml").write_text(OWN, encoding="utf-8")
    return folder


def replay(clinic: Path, *arguments: str) -> int:
    settings = ("--settings", str(clinic / synthetic.SETTINGS))
    return main.run(["rules", "replay", *DATES, *settings, *arguments])


def test_by_payer_and_rule_as_text(clinic: Path, own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(clinic, "--rules", "shipped", "--rules", str(own)) == 0
    said = capsys.readouterr().out
    assert "120 visits by shipped" in said
    assert "therapy-modifier" in said
    assert "juniper-mutual" in said
    assert "$" in said


def test_as_json(clinic: Path, own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(clinic, "--rules", "shipped", "--rules", f"shipped+{own}", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "rules-replay/1"
    assert found["visits"] == 120
    assert found["changed"] == sum(one["visits"] for one in found["by_payer"]) > 0
    assert any(one["rule"] == "therapy-modifier" for one in found["by_payer_and_rule"])
    assert sum(one["visits"] for one in found["outcomes"]) == 120


def test_each_changed_visit_on_a_line_of_its_own(clinic: Path, own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(clinic, "--rules", "shipped", "--rules", str(own), "--json", "--visits") == 0
    *visits, totals = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(visits) == totals["changed"] > 0
    assert all(one["encounter"].startswith("visit-") and one["rules"] for one in visits)


def test_a_folder_of_files_needs_no_settings(
    clinic: Path, own: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MASSAGE_BILLING_SETTINGS", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    before = sorted(clinic.rglob("*"))
    options = ("--host", str(clinic), "--payer-policy", "cms-total-time", "--json")
    assert main.run(["rules", "replay", *DATES, *options, "--rules", "shipped", "--rules", str(own)]) == 0
    assert json.loads(capsys.readouterr().out)["changed"] > 0
    assert sorted(clinic.rglob("*")) == before


def test_what_was_billed_is_compared_and_left_as_it_is(
    clinic: Path, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ("--settings", str(clinic / synthetic.SETTINGS))
    assert main.run(["run", *settings]) == 0
    out = {file: file.read_bytes() for file in (clinic / "billing-out").rglob("*") if file.is_file()}
    capsys.readouterr()
    assert replay(clinic, "--rules", "shipped", "--rules", str(own), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["as_billed"]["same"] > 100
    assert {file: file.read_bytes() for file in (clinic / "billing-out").rglob("*") if file.is_file()} == out
    assert main.run(["run", *settings]) == 0
    assert "Nothing new" in capsys.readouterr().out


def test_only_visits_of_the_dates_count(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = ("--settings", str(clinic / synthetic.SETTINGS))
    dates = ("--from", "2026-01-01", "--to", "2026-01-31")
    assert main.run(["rules", "replay", *dates, *settings, "--rules", "shipped", "--rules", "shipped"]) == 0
    assert "0 visits by shipped" in capsys.readouterr().out


def test_a_rulebook_at_a_date(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(clinic, "--rules", "shipped", "--rules", "shipped@2026-11-03", "--json") == 0
    assert json.loads(capsys.readouterr().out)["visits"] == 120


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--rules", "shipped"), 2),
        (("--rules", "shipped", "--rules", "nowhere"), 2),
        (("--rules", "shipped", "--rules", "shipped@yesterday"), 2),
        (("--rules", "shipped", "--rules", "shipped", "--payer-policy", "no-such"), 2),
    ],
)
def test_wrong_use(clinic: Path, arguments: tuple[str, ...], code: int) -> None:
    assert replay(clinic, *arguments) == code


def test_a_rule_file_with_a_mistake_is_refused(clinic: Path, own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (own / "cms-total-time.yaml").write_text(OWN.replace("follows_mue: yes", "follows_mue: perhaps"), encoding="utf-8")
    assert replay(clinic, "--rules", "shipped", "--rules", str(own)) == 6
    assert "cms-total-time.yaml:" in capsys.readouterr().err
