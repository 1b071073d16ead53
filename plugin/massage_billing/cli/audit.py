"""``massage-billing audit``: who looked at what at the workbench."""

from __future__ import annotations

import click

from massage_billing.cli.lazy import LazyGroup

SUBCOMMANDS = {
    "export": "Take out who looked at what, as FHIR AuditEvents.",
}
"""Every subcommand of ``audit`` with its one line of help; the file is ``audit_<name>.py``."""


@click.group(name="audit", cls=LazyGroup, commands_help=SUBCOMMANDS, modules="massage_billing.cli.audit_")
def command() -> None:
    """See who looked at what at the workbench, and who decided what.

    Lines hold ids only, no names. They cannot be changed.
    """
