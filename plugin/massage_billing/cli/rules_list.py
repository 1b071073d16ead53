"""``massage-billing rules list``: the rules and payer policies, by code, policy and date."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import rule_source, shell

if TYPE_CHECKING:
    from massage_billing.coding.rulebook import Rulebook
    from massage_billing.rulebook.pages.listing import Entry


@click.command(name="list")
@click.option("--code", metavar="CODE", help="Only what names this code, in its values or its table.")
@click.option("--payer-policy", metavar="NAME", help="Only this policy and the rules that ask what it says.")
@rule_source.on_option("As of this date of service; else today.")
@rule_source.rules_option
@shell.settings_option
@shell.json_option
def command(
    code: str | None,
    payer_policy: str | None,
    on: Date | None,
    rules: str | None,
    settings_file: Path | None,
    as_json: bool,
) -> None:
    """List the rules and payer policies: question, since when, how sure.

    A date after "verified" that lies more than a quarter back says that somebody should compare the rule with its
    sources again; `rules check` names them.
    """
    from massage_billing.rulebook.pages.listing import entries

    book = rule_source.rulebook(rules, settings_file)
    if payer_policy is not None and payer_policy not in book.policies:
        raise click.UsageError(
            f"There is no payer policy {payer_policy}; there are {', '.join(sorted(book.policies))}."
        )
    date = on or rule_source.today()
    found = list(entries(book, date, code, payer_policy))
    if as_json:
        shell.print_json({"schema": "rules-list/1", "version": book.version, "digest": book.digest, "on": date,
                          "entries": found})  # fmt: skip
    else:
        _show(found, book, date)


def _show(found: list[Entry], book: Rulebook, on: Date) -> None:
    from massage_billing.cli.tables import print_table

    for kind, heading in (("payer policy", "payer policy"), ("rule", "rule")):
        rows = [
            (one.id, one.question, one.since.isoformat(), one.state, one.verified.isoformat(), ", ".join(one.grades))
            for one in found
            if one.kind == kind
        ]
        if rows:
            what = "question" if kind == "rule" else "in short"
            print_table((heading, what, "from", f"on {on}", "verified", "sources"), rows, wrap=(what, "sources"))
    if not found:
        click.echo("No rule and no payer policy names that.")
        return
    rules = sum(one.kind == "rule" for one in found)
    policies = len(found) - rules
    told = f"{shell.counted(rules, 'rule')}, {policies:,} payer {'policy' if policies == 1 else 'policies'}"
    click.echo(f"{told}; rulebook {book.version}. `massage-billing rules show ID` shows one.")
