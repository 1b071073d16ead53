"""``massage-billing claims list``: claims that were sent, and how far they have come."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path

import click

from massage_billing.cli import shell

STANDINGS = ("not sent", "exported", "acknowledged", "accepted", "rejected", "adjudicated")
COLOURS = {"rejected": "red", "adjudicated": "green", "not sent": "yellow"}


@click.command(name="list")
@click.option("--standing", type=click.Choice(STANDINGS), help="Only claims that stand there.")
@click.option("--payer", metavar="KEY", help="Only claims to this payer of payers.yaml.")
@click.option("--since", metavar="DATE", callback=shell.as_date, help="Only dates of service from this day on.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(
    standing: str | None,
    payer: str | None,
    since: Date | None,
    settings_file: Path | None,
    host: str | None,
    as_json: bool,
) -> None:
    """List claims that were sent or marked, newest date of service first.

    What waits to be sent is shown by `export 837 --dry-run`, what is held by `status`.
    """
    from decimal import Decimal

    from massage_billing.model.remittance import ClaimStanding

    with shell.open_book(settings_file, host) as book:
        found = list(book.sent(ClaimStanding(standing) if standing else None, payer, since))
    if as_json:
        shell.print_json(found)
        return
    if not found:
        click.echo("No claims.")
        return
    from massage_billing.cli.tables import print_table

    rows = [
        (one.date.isoformat(), one.key, f"Encounter/{one.encounter}", one.payer, shell.dollars(one.total),
         (one.standing.value, COLOURS.get(one.standing.value, "")), one.payer_claim_number)
        for one in found
    ]  # fmt: skip
    columns = ("date", "claim key", "visit", "payer", "charge", "stands", "payer's number")
    print_table(columns, rows, right=("charge",), wrap=("visit",))
    click.echo(f"{shell.counted(len(found), 'claim')}, {shell.dollars(sum((one.total for one in found), Decimal(0)))}.")
