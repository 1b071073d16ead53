"""``massage-billing denials propose``: payer policies drafted from denials that repeat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.remittance.proposals import Proposals

_FIRST = 20
"""Patterns that are shown; ``--json`` has all."""


@click.command(name="propose")
@click.option("--payer", metavar="KEY", help="Only of this payer of payers.yaml.")
@click.option("--since", metavar="DATE", callback=shell.as_date, help="Denials applied from this day on.")
@click.option(
    "--min", "at_least", type=click.IntRange(min=1), default=3, show_default=True,
    help="On so many claims of one payer, code and reason.",
)  # fmt: skip
@click.option(
    "--out", "folder", required=True, metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False),
    help="Where the files go; never the folder of own policies.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite files of an earlier proposal.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(
    payer: str | None,
    since: Date | None,
    at_least: int,
    folder: Path,
    force: bool,
    settings_file: Path | None,
    host: str | None,
    as_json: bool,
) -> None:
    """Draft payer policies from denials that repeat; nothing is used until a person accepts it.

    Each file is the payer's policy of today with one more dated row, the remittances it rests on, and examples that
    come out. Read it, ask the payer, check it with `rules check`, then move it into rules.own_policies. What cannot be
    proposed is listed with why. No modifier is ever proposed.
    """
    from massage_billing.cli.rule_source import today
    from massage_billing.errors import InputError
    from massage_billing.remittance.denials import Period
    from massage_billing.wiring.learning import open_learning

    settings = shell.load(settings_file)
    own = settings.rules.own_policies
    if own is not None and folder.resolve() == own.resolve():
        raise InputError(f"{folder} is the folder of own policies.", "Name another: a person moves what is accepted.")
    with shell.progress("denials propose"), open_learning(settings, settings.host(host).id) as learning:
        found = learning.propose(Period(since=since, payer=payer), at_least, today())
    targets = _write(found, folder, force=force)
    if as_json:
        shell.print_json(_document(found, targets))
    else:
        _show(found, targets)


def _write(found: Proposals, folder: Path, *, force: bool) -> list[Path]:
    """Every draft into a file of its own, none where one may not be written."""
    from massage_billing.cli.page_file import refuse_existing, write_page

    targets = [folder / f"{one.name}.yaml" for one in found.files]
    for target in targets:
        refuse_existing(target, force=force)
    if targets:
        _make(folder)
    for target, one in zip(targets, found.files, strict=True):
        write_page(target, one.text)
    return targets


def _document(found: Proposals, targets: Sequence[Path]) -> dict[str, object]:
    return {
        "schema": "denials-propose/1",
        "files": [
            {"file": str(target), "payer": one.payer, "policy": one.name, "from": one.start, "says": one.says,
             "claims": one.claims, "dollars": one.dollars, "name_in_payers_yaml": one.renames}
            for target, one in zip(targets, found.files, strict=True)
        ],
        "left": found.left,
    }  # fmt: skip


def _make(folder: Path) -> None:
    from massage_billing.errors import InputError

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made ({error.strerror}).", "Name a folder that can.") from None


def _show(found: Proposals, targets: list[Path]) -> None:
    from massage_billing.cli.tables import print_table

    for target, one in zip(targets, found.files, strict=True):
        click.secho(str(target), bold=True)
        for sentence in one.says:
            click.echo(f"  From {one.start}: {sentence}")
        click.echo(f"  Rests on {shell.counted(one.claims, 'claim')}, {shell.dollars(one.dollars)} denied.")
        if one.renames:
            click.echo(f"  Its policy of today is other payers' too; write at {one.payer}: policy: {one.name}")
    if found.files:
        click.echo(
            "\nNothing of it is in use: ask the payer, run `rules check`, move the file into rules.own_policies."
        )
    else:
        click.echo("Nothing to propose.")
    if found.left:
        click.echo("\nNot proposed:")
        rows = [(one.about, f"{one.claims:,}", shell.dollars(one.dollars), one.why) for one in found.left[:_FIRST]]
        print_table(("payer, code, reason", "claims", "denied", "why"), rows, right=("claims", "denied"),
                    wrap=("payer, code, reason", "why"))  # fmt: skip
        if len(found.left) > _FIRST:
            click.echo(f"and {len(found.left) - _FIRST} more; --json has all.")
