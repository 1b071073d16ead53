"""``massage-billing eligibility``: ask payers about coming visits, and show what they said."""

from __future__ import annotations

import click

from massage_billing.cli.lazy import LazyGroup

SUBCOMMANDS = {
    "run": "Ask payers about the coverage of coming appointments.",
    "status": "List questions: answered, waiting, to be tried again.",
    "show": "Show what payers said of a patient's coverage, with the evidence.",
}
"""Every subcommand of ``eligibility`` with its one line of help; the file is ``eligibility_<name>.py``."""


@click.group(name="eligibility", cls=LazyGroup, commands_help=SUBCOMMANDS, modules="massage_billing.cli.eligibility_")
def command() -> None:
    """Ask payers about the coverage of coming visits, and see what they said.

    One question a patient, coverage, payer and day is answered, however often it runs. A patient who asked not to tell
    the plan is never asked about.
    """
