"""``massage-billing denials``: what was not paid, and what to learn from it."""

from __future__ import annotations

import click

from massage_billing.cli.lazy import LazyGroup

SUBCOMMANDS = {
    "report": "Show what was denied, and which rule should have stopped it.",
    "propose": "Draft payer policies from denials that repeat, for a person to accept.",
}
"""Every subcommand of ``denials`` with its one line of help; the file is ``denials_<name>.py``."""


@click.group(name="denials", cls=LazyGroup, commands_help=SUBCOMMANDS, modules="massage_billing.cli.denials_")
def command() -> None:
    """Learn from what payers did not pay.

    A denial is what is neither the patient's share nor agreed by contract. What a payer took back counts no more. No
    patient is named: claims are counted, therapists stand by NPI.
    """
