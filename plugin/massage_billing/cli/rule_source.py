"""Which rulebook the ``rules`` commands look at: the clinic's where there are settings, else the one that ships."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.coding.rulebook import Rulebook

P = ParamSpec("P")
R = TypeVar("R")
SHIPPED, OWN = "shipped", "own"

rules_option = click.option(
    "--rules",
    "rules",
    metavar="shipped|own|FOLDER",
    help="Which rulebook: the one that ships, the clinic's (with own policies and imported releases), or a folder.",
)


def on_option(text: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The --on option, a date of service."""
    return click.option("--on", metavar="DATE", callback=shell.as_date, help=text)


def rulebook(rules: str | None, settings_file: Path | None) -> Rulebook:
    """The rulebook that is meant. Raises RuleFileError; SettingsError where the clinic's is asked for by name and there
    are no settings."""
    from massage_billing.rulebook_files import load_rulebook
    from massage_billing.settings import find_settings

    if rules not in (None, SHIPPED, OWN):
        return load_rulebook(Path(str(rules)))
    if rules == SHIPPED or (rules is None and find_settings(settings_file) is None):
        return load_rulebook()
    own, releases = clinic_folders(settings_file)
    return load_rulebook(own_policies=own, releases=releases)


def clinic_folders(settings_file: Path | None) -> tuple[Path | None, Path]:
    """The clinic's folder of own policies, and its folder of releases."""
    from massage_billing.rulebook_in_use import RELEASES

    settings = shell.load(settings_file)
    return settings.rules.own_policies, settings.state_folder() / "rulebook" / RELEASES


def today() -> Date:
    """Today: the command line may look at the clock, the rules never do."""
    return Date.today()
