"""``massage-billing claims``: the life of claims."""

from __future__ import annotations

import click

from massage_billing.cli.lazy import LazyGroup

SUBCOMMANDS = {
    "list": "List claims that were sent, by how far they have come.",
    "show": "Show the life of one claim: who decided what, when, from which evidence.",
    "changes": "Show what changed of a claim against what was sent, and how that goes to the payer.",
    "secondary": "Put claims to second payers into files, with what the first payer paid and why not more.",
    "mark": "Say what you know of a claim that no file told: sent, rejected, paid.",
    "drop": "Say that a file was never sent: its claims can be exported again.",
    "export": "The same as export 837.",
    "status": "Count claims and files, with what waits longest.",
}
"""Every subcommand of ``claims`` with its one line of help; the file is ``claims_<name>.py``."""


@click.group(name="claims", cls=LazyGroup, commands_help=SUBCOMMANDS, modules="massage_billing.cli.claims_")
def command() -> None:
    """See the life of claims: what was sent, what was said of it, what was paid.

    Claims are named by their key, which stands in every file as the patient control number; patients by reference.
    """
