"""``massage-billing claims status``: claims and files at a glance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.remittance.book import ClaimsStatus

_FIRST = 10
_REJECTED = (
    "\nRejected claims go again once they say something else: `claims list --standing rejected` names them, "
    "`export 837 --dry-run` those that would say the same."
)


@click.command(name="status")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(settings_file: Path | None, host: str | None, as_json: bool) -> None:
    """Count claims by how far they have come, with what waits longest, and files that were not applied whole."""
    with shell.open_book(settings_file, host) as book:
        status = book.status()
    if as_json:
        shell.print_json(status)
    else:
        _show(status)


def _show(status: ClaimsStatus) -> None:
    from massage_billing.cli.claims_list import COLOURS
    from massage_billing.cli.tables import print_table

    if not status.counted:
        click.echo("No claims were sent.")
    else:
        counted = [
            ((one.standing.value, COLOURS.get(one.standing.value, "")), f"{one.claims}", shell.dollars(one.dollars),
             one.oldest.isoformat() if one.oldest else "")
            for one in status.counted
        ]  # fmt: skip
        print_table(("stand", "claims", "charges", "oldest visit"), counted, right=("claims", "charges"))
    if any(one.standing.value == "rejected" for one in status.counted):
        click.echo(_REJECTED)
    if status.waiting:
        click.echo("\nWaiting longest for an answer:")
        rows = [
            (
                f"{one.since:%Y-%m-%d}" if one.since else "",
                one.key,
                one.payer,
                shell.dollars(one.total),
                one.standing.value,
            )
            for one in status.waiting[:_FIRST]
        ]
        print_table(("since", "claim key", "payer", "charge", "stands"), rows, right=("charge",))
    for batch in status.unwritten:
        click.secho(f"{batch.file} was not written; the next export writes it.", fg="yellow")
    lost = [(file, len(file.unmatched)) for file in status.files if file.unmatched]
    for file, count in lost[:_FIRST]:
        click.secho(f"{file.name}: {shell.counted(count, 'claim')} of it were not found.", fg="yellow")
