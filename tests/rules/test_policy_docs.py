"""The page on writing a payer's policy, followed to the letter: files load, examples hold, a visit is decided."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from massage_billing import flow
from massage_billing.cli.main import cli
from massage_billing.clinic_payers import load_payers
from massage_billing.coding.rulefile import read_policy
from massage_billing.model import Outcome
from massage_billing.rulebook import examples as rule_examples
from massage_billing.rulebook.files import load_rulebook
from visits import RULES, book, clinic, lines, visit

PAGE = RULES.parent.parent / "docs" / "payer-policies.md"
TEMPLATE = RULES / "template" / "my-plan.yaml"


def blocks() -> list[str]:
    """The YAML blocks of the page, in order: setting, template, payers.yaml, own file for a shipped policy."""
    return re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_template_of_the_page_is_the_one_that_ships() -> None:
    assert blocks()[1] == TEMPLATE.read_text(encoding="utf-8")


def test_the_page_followed_step_by_step(tmp_path: Path) -> None:
    setting, template, payers, _ = blocks()
    folder = tmp_path / yaml.safe_load(setting)["rules"]["own_policies"]
    folder.mkdir()
    (folder / "my-plan.yaml").write_text(template, encoding="utf-8")
    own = load_rulebook(own_policies=folder)
    mine = [case for case in rule_examples.cases(own) if case.owner == "my-plan"]
    assert len(mine) == 2
    for case in mine:
        assert rule_examples.differences(case, rule_examples.decide(case, own)) == []
    (tmp_path / "payers.yaml").write_text(payers, encoding="utf-8")
    (payer,) = load_payers(tmp_path / "payers.yaml")
    assert (payer.key, payer.policy, payer.payer_id) == ("my-plan", "my-plan", "12345")
    decision = flow.bill(visit(services=["97124 75"]), own, clinic(policy=payer.policy))
    assert (decision.outcome, lines(decision)) == (Outcome.CLAIM, ["97124 x4 GP"])
    assert "call them" in " ".join(f.message for f in decision.findings if f.rule == "policy-silent")


def test_the_command_of_the_page_finds_the_template_sound_and_names_the_line_of_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "my-plan.yaml"
    file.write_text(blocks()[1], encoding="utf-8")
    sound = CliRunner().invoke(cli, ["rules", "check", str(file)])
    assert "sound" in sound.output
    wrong = blocks()[1].replace("filing_source: call", "filing_source: cal")
    file.write_text(wrong, encoding="utf-8")
    refused = CliRunner().invoke(cli, ["rules", "check", str(file)])
    line = next(place for place, text in enumerate(wrong.splitlines(), start=1) if "filing_source" in text)
    assert "would be refused" in refused.output
    assert f"my-plan.yaml:{line}:" in refused.output


def test_every_optional_term_of_the_template_can_be_taken_into_use() -> None:
    full = TEMPLATE.read_text(encoding="utf-8").replace("#: ", "")
    (row,) = read_policy(full, "my-plan.yaml").values
    optional = (
        "keep", "pays_bundled", "line_modifiers", "excludes", "scope", "papers", "accident", "payment_caps",
        "diagnoses",
    )  # fmt: skip
    assert all(getattr(row, name) for name in optional)


@pytest.mark.parametrize(("day", "gp"), [("2026-09-30", False), ("2026-10-01", True)])
def test_an_own_file_stands_in_place_of_a_shipped_one_from_its_date_on(tmp_path: Path, day: str, gp: bool) -> None:
    from datetime import date

    (tmp_path / "aetna.yaml").write_text(blocks()[3], encoding="utf-8")
    own = load_rulebook(own_policies=tmp_path)
    decision = flow.bill(visit(date.fromisoformat(day)), own, clinic(policy="aetna"))
    assert lines(decision) == ["97124 x4 GP" if gp else "97124 x4"]


def test_the_page_lists_every_policy_that_ships_in_its_own_words() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, policy in book().policies.items():
        kinds = ", ".join(policy.kinds) or "any"
        assert f"| `{name}` | {kinds} | {' '.join(policy.plain.split())} |" in page
