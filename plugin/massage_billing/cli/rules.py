"""``massage-billing rules``: read, check, compare, load and replay the rules."""

from __future__ import annotations

import click

from massage_billing.cli.lazy import LazyGroup

SUBCOMMANDS = {
    "list": "List the rules and payer policies: question, since when, how sure.",
    "show": "Show one rule or policy as a page: by date, with sources and examples.",
    "check": "Check rule files, every date and every example.",
    "diff": "Say in words what differs between two rulebooks, or two dates of one.",
    "import": "Load a release of CMS or NCHS, and say what it changes.",
    "replay": "Run past visits through two rulebooks: which claims change, by how much.",
}
"""Every subcommand of ``rules`` with its one line of help; the file is ``rules_<name>.py``."""


@click.group(name="rules", cls=LazyGroup, commands_help=SUBCOMMANDS, modules="massage_billing.cli.rules_")
def command() -> None:
    """Read, check and change the coding rules.

    Every rule is a dated file with its sources and worked examples. What is shown here is what decides visits; nothing
    here writes to the EHR.
    """
