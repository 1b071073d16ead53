"""``massage-billing run``: the main job."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime
from pathlib import Path

import click

from massage_billing.cli import shell

PENDING_EXIT = 5


@click.command(name="run")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@click.option(
    "--start",
    metavar="DATE",
    callback=shell.as_date,
    help="First date of service to bill; needed once, then remembered.",
)
@click.option("--since", metavar="TIME", callback=shell.as_time, help="Only what changed on the host since then.")
@click.option("--dry-run", is_flag=True, help="Decide, but write nothing and remember nothing.")
@shell.json_option
def command(
    settings_file: Path | None,
    host: str | None,
    start: Date | None,
    since: datetime | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Read visits, decide what may be billed, write the Claims.

    Reads what changed on the host since the last run, decides every visit that is ready, and writes a Claim, or a Task
    that says what holds it. Running it twice writes nothing twice.
    """
    settings = shell.load(settings_file)
    chosen = settings.host(host)
    with shell.open_program(settings, chosen.id, "run") as program:
        report = program.run(start=start, since=since, dry_run=dry_run)
    if as_json:
        shell.print_json(report)
    else:
        from massage_billing.cli.report import show_report

        show_report(report)
    return PENDING_EXIT if report.pending_writes and not dry_run else 0
