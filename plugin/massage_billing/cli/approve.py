"""``massage-billing approve``: drafts become active."""

from __future__ import annotations

from pathlib import Path

import click

from massage_billing.cli import shell
from massage_billing.cli.run import PENDING_EXIT


@click.command(name="approve")
@click.argument("visits", metavar="[VISIT]...", nargs=-1, callback=shell.as_visits)
@click.option("--all", "every", is_flag=True, help="Every draft of the host.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(visits: tuple[str, ...], every: bool, settings_file: Path | None, host: str | None, as_json: bool) -> int:
    """Let draft Claims go: they become active.

    VISIT is an Encounter, like Encounter/12. Only for hosts with claims.write_as: draft.
    """
    if bool(visits) == every:
        raise click.UsageError("Name the visits to approve, or give --all.")
    settings = shell.load(settings_file)
    with shell.open_program(settings, settings.host(host).id, "approve") as program:
        report = program.approve(None if every else visits)
    if as_json:
        shell.print_json(report)
    else:
        from massage_billing.cli.report import show_report

        show_report(report)
    return PENDING_EXIT if report.pending_writes else 0
