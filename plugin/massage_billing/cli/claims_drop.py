"""``massage-billing claims drop``: a file that was never sent."""

from __future__ import annotations

from pathlib import Path

import click

from massage_billing.cli import shell


@click.command(name="drop")
@click.argument("batch", type=click.IntRange(min=1))
@click.option("--by", "who", required=True, metavar="NAME", help="Who says so.")
@click.option("--reason", required=True, metavar="TEXT", help="Why it was not sent.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
def command(batch: int, who: str, reason: str, settings_file: Path | None, host: str | None) -> None:
    """Say that file BATCH was never sent: its claims that nobody answered can be exported again.

    Delete the file itself first. A claim that is sent twice is denied as a duplicate, or paid twice and taken back.
    """
    with shell.open_book(settings_file, host) as book:
        dropped = book.drop(batch, who, reason)
    click.echo(f"{shell.counted(dropped, 'claim')} of batch {batch} can be exported again.")
