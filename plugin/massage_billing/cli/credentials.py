"""``massage-billing credentials``: who is licensed, covered and enrolled with which payer, and until when."""

from __future__ import annotations

import click

from massage_billing.cli.lazy import LazyGroup

SUBCOMMANDS = {
    "list": "List who is enrolled with which payer, licensed and covered, with dates.",
    "check": "Name what ended, ends soon, is missing, or is not as the NPI registry says.",
    "import": "Take a table that was exported elsewhere into credentials.csv.",
}
"""Every subcommand of ``credentials`` with its one line of help; the file is ``credentials_<name>.py``."""


@click.group(name="credentials", cls=LazyGroup, commands_help=SUBCOMMANDS, modules="massage_billing.cli.credentials_")
def command() -> None:
    """See who is licensed, covered and enrolled with which payer, and until when.

    A visit on a day on which whoever treated was not enrolled with its payer is held. Therapists are named by NPI or
    the host's reference, never by name.
    """
