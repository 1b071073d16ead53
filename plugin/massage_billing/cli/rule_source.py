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
    from massage_billing.rulebook.files import load_rulebook
    from massage_billing.settings import find_settings

    if rules not in (None, SHIPPED, OWN):
        return load_rulebook(Path(str(rules)))
    if rules == SHIPPED or (rules is None and find_settings(settings_file) is None):
        return load_rulebook()
    own, releases = clinic_folders(settings_file)
    return load_rulebook(own_policies=own, releases=releases)


def named(what: str, settings_file: Path | None) -> Rulebook:
    """A rulebook by its name: BASE[+FOLDER …][@DATE]. BASE is shipped, own, a folder of rules, or a folder of own
    policies; each FOLDER holds own policies or releases; at a DATE, every visit is decided by what is in force then."""
    from massage_billing.replay.visits import AsOf
    from massage_billing.rulebook.files import is_rulebook, load_rulebook

    what, at, date = what.rpartition("@") if "@" in what and not Path(what).exists() else (what, "", "")
    base, *more = [what] if Path(what).exists() else what.split("+")
    folders = [Path(folder) for folder in more]
    if base not in (SHIPPED, OWN) and not is_rulebook(Path(base)):
        folders, base = [Path(base), *folders], SHIPPED
    for folder in folders:
        if not folder.is_dir():
            raise click.BadParameter(f"{folder} is no folder of rules, policies or releases.")
    releases = [folder for folder in folders if is_releases(folder)]
    policies = [folder for folder in folders if folder not in releases]
    if len(releases) > 1 or len(policies) > 1:
        raise click.BadParameter(f"{what}: name one folder of own policies and one of releases at most.")
    if not folders:
        book = rulebook(base, settings_file)
    else:
        own = clinic_folders(settings_file) if base == OWN else (None, None)
        book = load_rulebook(
            None if base in (SHIPPED, OWN) else Path(base),
            policies[0] if policies else own[0],
            releases[0] if releases else own[1],
        )
    on = shell.as_date_text(date) if at else None
    return book if on is None else AsOf(book, on)


def is_releases(folder: Path) -> bool:
    """Whether a folder holds releases that `rules import` loaded."""
    from massage_billing.releases.shelf import INDEX

    return (folder / INDEX).is_file()


def clinic_folders(settings_file: Path | None) -> tuple[Path | None, Path]:
    """The clinic's folder of own policies, and its folder of releases."""
    from massage_billing.rulebook.in_use import RELEASES

    settings = shell.load(settings_file)
    return settings.rules.own_policies, settings.state_folder() / "rulebook" / RELEASES


def today() -> Date:
    """Today: the command line may look at the clock, the rules never do."""
    return Date.today()
