"""``massage-billing export``: claims into files for payers."""

from __future__ import annotations

import click

from massage_billing.cli.lazy import LazyGroup

SUBCOMMANDS = {
    "837": "Put approved Claims into an 837P file for each receiver.",
}
"""Every subcommand of ``export`` with its one line of help; the file is ``export_<name>.py``."""


@click.group(name="export", cls=LazyGroup, commands_help=SUBCOMMANDS, modules="massage_billing.cli.export_")
def command() -> None:
    """Put claims into files for payers.

    Nothing is transmitted: files lie in the folder that the clinic's clearinghouse client watches. They hold patients'
    data.
    """
