"""``massage-billing rules check``: every mistake in rule files, every example, every date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import rule_source, shell
from massage_billing.errors import InputError, RulebookError

if TYPE_CHECKING:
    from massage_billing.coding.date_walk import Trouble
    from massage_billing.coding.rulebook import Rulebook
    from massage_billing.rulebook.checks import Told
    from massage_billing.rulebook.files import Files

_COLOURS = {"error": "red", "warning": "yellow", "note": "bright_black"}


@dataclass(frozen=True)
class _Result:
    """What was found."""

    what: str
    """What was checked, for people."""
    troubles: tuple[Trouble, ...]
    files: int
    examples: int
    dates: int = 0
    refused: bool = False
    """Whether loading would refuse it."""

    @property
    def errors(self) -> int:
        return sum(one.level == "error" for one in self.troubles)


@click.command(name="check")
@click.argument("path", metavar="[FILE|FOLDER]", type=click.Path(path_type=Path), required=False)
@click.option("--notes", is_flag=True, help="Say too what is as it is meant: when each rule begins.")
@shell.settings_option
@shell.json_option
def command(path: Path | None, notes: bool, settings_file: Path | None, as_json: bool) -> int:
    """Check rule files, every date and every example.

    Without a path: the rulebook in use, with the clinic's own policies and releases. FILE is one payer policy, or one
    rule; FOLDER a whole rulebook, or a folder of own policies. Each mistake is named with file, line and reason. Every
    example runs through the program; the dates are walked until a year from today. Ends with 6 where there is an error.
    """
    with shell.progress("rules check") as reporter:
        result = _check(path, settings_file, lambda done, all_of: reporter.advance("examples", done, all_of))
    found = sorted(result.troubles, key=lambda one: (one.file, one.on or Date.min, one.line or 0))
    shown = [one for one in found if notes or one.level != "note"]
    if as_json:
        shell.print_json(
            {"schema": "rules-check/1", "checked": result.what, "files": result.files, "examples": result.examples,
             "dates": result.dates, "errors": result.errors, "troubles": shown}
        )  # fmt: skip
    else:
        _show(result, shown)
    return RulebookError.exit_code if result.errors else 0


def _check(path: Path | None, settings_file: Path | None, told: Told) -> _Result:
    from massage_billing.rulebook.files import is_rulebook, read_files
    from massage_billing.settings import find_settings

    if path is None:
        own: Path | None = None
        releases: Path | None = None
        if find_settings(settings_file) is not None:
            own, releases = rule_source.clinic_folders(settings_file)
        return _whole("the rulebook in use", read_files(own_policies=own), releases, told)
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder.", "Name a policy file or a folder of rules.")
    if path.is_dir():
        if is_rulebook(path):
            return _whole(str(path), read_files(path), None, told)
        return _own(path, read_files(own_policies=path), told)
    return _one(path, told)


def _whole(what: str, files: Files, releases: Path | None, told: Told) -> _Result:
    """A whole rulebook: its files, its examples without imported releases, its dates with them."""
    from massage_billing.coding.date_walk import walked
    from massage_billing.rulebook import checks as rule_checks

    count = len(files.rules) + len(files.policies) + len(files.own) + len(files.errors)
    if files.errors:
        return _Result(what, _refusals(files), count, 0, refused=True)
    book = _made(files, releases)
    if book is None:
        return _Result(what, _refusals(files), count, 0, refused=True)
    today = rule_source.today()
    checked = rule_checks.run_examples(files.rulebook(), None, told)
    troubles = (*checked.troubles, *rule_checks.examine(book, today))
    dates = walked(book, today + rule_checks.AHEAD)
    return _Result(what, troubles, count, checked.examples, dates, bool(checked.troubles))


def _own(folder: Path, files: Files, told: Told) -> _Result:
    """A clinic's own policies over the rulebook that ships."""
    if not files.own and not files.errors:
        raise InputError(f"{folder}: holds no policy file.", "A policy is NAME.yaml, or NAME/policy.yaml.")
    return _few(str(folder), files, told)


def _one(file: Path, told: Told) -> _Result:
    """One policy, or one rule in place of ours of that name, over the rulebook that ships."""
    from massage_billing.rulebook.files import read_files_with

    return _few(str(file), read_files_with(file), told)


def _few(what: str, files: Files, told: Told) -> _Result:
    from massage_billing.rulebook import checks as rule_checks

    owners = frozenset(files.own) | frozenset(files.looked_at)
    count = len(owners) + len(files.errors)
    if files.errors:
        return _Result(what, _refusals(files), count, 0, refused=True)
    book = _made(files, None)
    if book is None:
        return _Result(what, _refusals(files), count, 0, refused=True)
    checked = rule_checks.run_examples(book, owners, told)
    told_of = [one for one in rule_checks.examine(book, rule_source.today()) if one.about.split(" (")[0] in owners]
    return _Result(what, (*checked.troubles, *told_of), count, checked.examples, refused=bool(checked.troubles))


def _made(files: Files, releases: Path | None) -> Rulebook | None:
    """The rulebook; None where there is none, and why is among the errors."""
    from massage_billing.errors import RuleFileError

    try:
        return files.rulebook(releases)
    except RuleFileError as error:
        files.errors.append(error)
        return None


def _refusals(files: Files) -> tuple[Trouble, ...]:
    from massage_billing.coding.date_walk import Trouble

    return tuple(Trouble("error", one.file, one.line, "", None, one.reason) for one in files.errors)


def _show(result: _Result, shown: Iterable[Trouble]) -> None:
    for one in shown:
        where = f"{one.file}:{one.line}" if one.line else one.file
        date = f" {one.on}:" if one.on else ""
        click.secho(f"{where}: ", bold=True, nl=False)
        click.secho(one.level, fg=_COLOURS[one.level], nl=False)
        click.echo(f":{date} {one.what}")
    dates = f", {shell.counted(result.dates, 'date')}" if result.dates else ""
    did = f"{shell.counted(result.files, 'file')}, {shell.counted(result.examples, 'example')}{dates}"
    warnings = sum(one.level == "warning" for one in result.troubles)
    refused = "; it would be refused" if result.refused else ""
    if result.errors:
        click.echo(f"{result.what}: {shell.counted(result.errors, 'error')}{refused} ({did}).")
    else:
        worth = f", {shell.counted(warnings, 'warning')}" if warnings else ""
        click.echo(f"{result.what}: sound{worth} ({did}).")
