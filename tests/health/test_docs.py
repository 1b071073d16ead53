"""The docs stay true: every command and every setting documented, help text equal, links that lead somewhere.

``python tests/health/test_docs.py`` (with ``plugin`` on the path) writes the help blocks of plugin/docs/cli.md anew.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import get_args

import click
import pytest
from pydantic import BaseModel

from massage_billing import errors, settings
from massage_billing.cli.main import COMMANDS, cli
from massage_billing.clinic_payers import _Claims, _Eligibility, _Entry, _Match

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "plugin" / "docs"
CLI = DOCS / "cli.md"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
BLOCK = re.compile(r"(?P<head><!-- help(?:: (?P<name>[\w -]+))? -->\n```text\n)(?P<text>.*?)(?P<tail>```)", re.DOTALL)


def help_of(name: str | None) -> str:
    """What ``--help`` prints on a terminal of 100 columns."""
    context = click.Context(cli, info_name="massage-billing", terminal_width=100, **cli.context_settings)
    command: click.Command = cli
    for part in (name or "").split():
        assert isinstance(command, click.Group)
        found = command.get_command(context, part)
        assert found is not None, f"there is no command {name}"
        command, context = found, click.Context(found, context, part, terminal_width=100)
    return command.get_help(context) + "\n"


def every_command() -> list[str | None]:
    """The program itself, its commands, and after ``rules`` its own that there are."""
    found: list[str | None] = [None]
    for name in COMMANDS:
        group = cli.get_command(click.Context(cli), name)
        found.append(name)
        if isinstance(group, click.Group):
            found += [f"{name} {sub}" for sub in group.list_commands(click.Context(group))]
    return found


def with_help(page: str) -> str:
    """A page with every help block as it should be."""
    return BLOCK.sub(lambda block: block["head"] + help_of(block["name"]) + block["tail"], page)


def test_every_command_is_documented_with_its_help() -> None:
    page = CLI.read_text(encoding="utf-8")
    documented = [block["name"] for block in BLOCK.finditer(page)]
    assert documented == every_command()
    assert page == with_help(page), "run: python tests/health/test_docs.py"


def test_every_exit_code_is_documented() -> None:
    page = CLI.read_text(encoding="utf-8")
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    raised = {
        kind.exit_code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.MassageBillingError)
    }
    assert raised <= documented
    shown = {
        int(code) for code in re.findall(r"^    (\d+) |; (\d+) ", help_of(None), re.MULTILINE) for code in code if code
    }
    assert shown == documented


INNER = {
    "hosts": "hosts.ID",
    "hosts.ID.sites": "hosts.ID.sites.LOCATION",
    "hosts.ID.auth": "auth",
    "eligibility.channels": "channel",
    "export.receivers": "receiver",
    "channel.auth": "auth",
    "hooks.clients": "hooks.clients.ID",
    "workbench.hosts": "workbench.hosts.ID",
    "workbench.hosts.ID.people": "workbench.hosts.ID.people.REFERENCE",
}
"""How the page calls what stands under a key: a mapping's keys are names of the clinic's own."""


def keys(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Every key of a settings model, dotted; keys of a mapping by what they are (ID, LOCATION)."""
    for name, field in model.model_fields.items():
        if field.exclude or (path == "hosts.ID" and name == "id"):
            continue
        key = f"{path}.{field.alias or name}".lstrip(".")
        parts = [part for part in _models(field.annotation)]
        if not parts:
            yield key
        for part in parts:
            inner = INNER.get(key, key)
            yield from [key] if part is settings.Coded else keys(part, inner)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif not (isinstance(annotation, type) and issubclass(annotation, Enum)):
        for argument in get_args(annotation):
            yield from _models(argument)


def test_every_setting_is_documented_and_every_documented_one_is_a_setting() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([A-Za-z0-9_.]+)` \|", page, re.MULTILINE))
    parts = {"match": _Match, "eligibility": _Eligibility, "claims": _Claims}
    inner = {f"{part}.{key}" for part, model in parts.items() for key in model.model_fields}
    payer_keys = ({*_Entry.model_fields} | inner) - {*parts}
    fee_columns = {"code", "modifier", "payer", "from", "amount"}
    assert documented - payer_keys - fee_columns == {*keys(settings.Settings), "hosts.ID.auth", "channel.auth"}
    assert payer_keys | fee_columns <= documented


def test_the_examples_of_settings_are_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for page in (DOCS / "settings.md", DOCS / "host-openemr.md", DOCS / "workbench-access.md"):
        for place, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)):
            file = tmp_path / f"{page.stem}-{place}.yaml"
            file.write_text(block, encoding="utf-8")
            if block.startswith("payers:"):
                from massage_billing.clinic_payers import load_payers

                assert load_payers(file)
            else:
                assert settings.load_settings(file).hosts
    fees = re.findall(r"```csv\n(.*?)```", (DOCS / "settings.md").read_text(encoding="utf-8"), re.DOTALL)
    from massage_billing.clinic_files import load_fees

    for text in fees:
        (tmp_path / "fees.csv").write_text(text, encoding="utf-8")
        assert load_fees(tmp_path / "fees.csv")


def test_the_columns_and_the_example_of_papers_csv_are_those_that_are_read(tmp_path: Path) -> None:
    from massage_billing.clinic_papers import NEEDED, OPTIONAL, load_papers

    page = (DOCS / "papers.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)
    (tmp_path / "papers.csv").write_text(example, encoding="utf-8")
    assert len(load_papers(tmp_path / "papers.csv")) == 3
    table = page.split("## papers.csv")[1].split("```")[0]
    assert re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE))) == [
        *NEEDED,
        *OPTIONAL,
    ]


def test_the_scopes_to_register_are_those_that_are_asked_for() -> None:
    from massage_billing.hosts.openemr_can import MODULE_SCOPES, SCOPES
    from massage_billing.net.smart import SmartSettings

    page = (DOCS / "host-openemr.md").read_text(encoding="utf-8")
    table = page.split("| scopes, exactly what is needed |")[1].split("\n\n")[0]
    without, more = (re.findall(r"`(system/[A-Za-z]+\.[a-z]+)`", line) for line in table.splitlines()[2:])
    assert tuple(without) == SCOPES
    assert tuple(sorted([*without, *more])) == MODULE_SCOPES
    page = (DOCS / "host-fhir.md").read_text(encoding="utf-8")
    documented = re.findall(r"`(system/[A-Za-z*]+\.[a-z]+)`", page)
    defaults = {field.name: field.default for field in dataclasses.fields(SmartSettings)}["scopes"]
    assert sorted(documented) == sorted(defaults)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, f"{page.name}: {target}"


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: str(page.relative_to(DOCS)))
def test_a_page_opens_with_its_audience_and_type(page: Path) -> None:
    first, second, *_ = page.read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"<!-- audience: .+ -->", first)
    assert re.fullmatch(r"<!-- type: (how-to|reference|explanation|tutorial) -->", second)


def test_every_command_a_page_shows_exists() -> None:
    for page in PAGES:
        shown = re.findall(r"(?:`|^)massage-billing ([a-z][a-z-]*)", page.read_text(encoding="utf-8"), re.MULTILINE)
        for name in shown:
            assert name in COMMANDS, f"{page.name}: massage-billing {name}"


def test_every_decision_that_a_rule_rests_on_is_on_its_page() -> None:
    found = re.findall(r"^###? (.*)$", (DOCS / "decisions.md").read_text(encoding="utf-8"), re.MULTILINE)
    cited = set()
    for file in (ROOT / "plugin/massage_billing/rules").rglob("*.yaml"):
        for source in re.findall(r"\{title: massage-billing decisions, [^}]*\}", file.read_text(encoding="utf-8")):
            section, href = re.search(r"section: \"?([^\"]*?)\"?, href: ([^,]*)", source).groups()  # type: ignore[union-attr]
            assert (ROOT / href).exists(), f"{file.name}: {href}"
            cited.update(re.split(r"; ", section))
    assert cited, "no rule cites a decision: has the form of the citation changed?"
    assert cited <= set(found)


def test_every_decision_is_listed() -> None:
    listed = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    for page in (DOCS / "decisions").glob("[0-9]*.md"):
        assert f"({page.name})" in listed, page.name


if __name__ == "__main__":
    CLI.write_text(with_help(CLI.read_text(encoding="utf-8")), encoding="utf-8")
