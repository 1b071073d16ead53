"""``massage-billing check-host``: what the EHR can and cannot do, and what that costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.wiring import HostCheck


@click.command(name="check-host")
@shell.settings_option
@shell.host_option("Which host: a configured id, or any URL or folder.")
@shell.json_option
def command(settings_file: Path | None, host: str | None, as_json: bool) -> None:
    """Show what the EHR can and cannot do, and what that costs.

    Reads its CapabilityStatement and a sample of recent services: how many carry minutes, and where. Writes nothing.
    """
    if host is None:
        settings = shell.load(settings_file)
        host_id = settings.host(None).id
    else:
        settings, host_id = shell.load_or_ad_hoc(settings_file, host)
    with shell.open_program(settings, host_id, "check-host") as program:
        check = program.check_host()
    if as_json:
        shell.print_json(check)
    else:
        _show(check)


def _show(check: HostCheck) -> None:
    raise NotImplementedError(check)
