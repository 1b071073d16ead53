"""``massage-billing link``: a one-time link into the workbench, for whoever works on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from massage_billing.cli import shell

_ROLES = ("front-desk", "biller", "therapist", "owner", "auditor")


@click.command(name="link")
@shell.settings_option
@shell.host_option("The host to look at; else a link for each.")
@click.option("--role", type=click.Choice(_ROLES), default="owner", show_default=True, help="What it lets somebody do.")
def command(settings_file: Path | None, host: str | None, role: str) -> int:
    """Print a link that lets whoever opens it first into the workbench once.

    For a workbench that only this machine reaches (serve.address at loopback, no workbench.public_url). Where people
    log in at their EHR instead, there are no links.
    """
    from massage_billing.model.desk import Role
    from massage_billing.wiring.entrance import offer_links, open_access

    settings = shell.load(settings_file)
    with open_access(settings) as access:
        links = offer_links(settings, access, Role(role), host)
    for one in links:
        click.echo(one)
    minutes = int(settings.workbench.link_life.total_seconds() // 60)
    click.echo(f"Good once, for {shell.counted(minutes, 'minute')}. `massage-billing serve` has to run.", err=True)
    return 0
