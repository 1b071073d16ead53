"""``massage-billing rules diff``: in words, what two rulebooks or two dates of one have different."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import rule_source, shell

if TYPE_CHECKING:
    from massage_billing.coding.rulebook import Rulebook
    from massage_billing.rulebook.pages.differences import Difference


@click.command(name="diff")
@click.argument("a", metavar="[A]", required=False)
@click.argument("b", metavar="[B]", required=False)
@click.option("--from", "first", metavar="DATE", callback=shell.as_date, help="With --to: two dates of one rulebook.")
@click.option("--to", "second", metavar="DATE", callback=shell.as_date, help="The later date of service.")
@shell.settings_option
@shell.json_option
def command(
    a: str | None, b: str | None, first: Date | None, second: Date | None, settings_file: Path | None, as_json: bool
) -> None:
    """Say in words what differs between two rulebooks, or two dates of one.

    A and B are `shipped`, `own` (the clinic's: with its own policies and imported releases), a folder of rules, or a
    folder of own policies. With --from and --to: what holds on the second date and did not on the first.
    """
    from massage_billing.rulebook.pages.differences import between_books, between_dates

    if (first is None) != (second is None):
        raise click.UsageError("Give --from and --to together.")
    if first is not None and second is not None:
        if b is not None:
            raise click.UsageError("--from and --to compare two dates of one rulebook: give one, or none.")
        found = between_dates(_book(a, settings_file), first, second)
        title = f"From {first} to {second}"
    else:
        if a is None or b is None:
            raise click.UsageError("Give two rulebooks, or --from and --to.")
        found = between_books(_book(a, settings_file), _book(b, settings_file))
        title = f"From {a} to {b}"
    if as_json:
        shell.print_json({"schema": "rules-diff/1", "from": first or a, "to": second or b, "differences": found})
    else:
        _show(title, found)


def _book(what: str | None, settings_file: Path | None) -> Rulebook:
    from massage_billing.rulebook.files import is_rulebook, load_rulebook

    if what in (None, rule_source.SHIPPED, rule_source.OWN) or is_rulebook(Path(str(what))):
        return rule_source.rulebook(what, settings_file)
    return load_rulebook(own_policies=Path(str(what)))


def _show(title: str, found: tuple[Difference, ...]) -> None:
    import textwrap

    click.secho(f"{title}:", bold=True)
    for one in found:
        click.secho(f"{one.kind} {one.id}", bold=True)
        for what in one.what:
            lines = textwrap.wrap(what, 100, initial_indent="  - ", subsequent_indent="    ", break_long_words=False)
            click.echo("\n".join(lines))
    told = "One rule or policy differs." if len(found) == 1 else f"{len(found):,} rules or policies differ."
    click.echo(told if found else "Nothing differs.")
