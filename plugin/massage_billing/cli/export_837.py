"""``massage-billing export 837``: approved Claims into 837P files."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.sending.export import ExportReport

LEFT_EXIT = 12
"""Some claims could not be written; the others were."""
UNWRITTEN_EXIT = 8
"""A file could not be written."""


@click.command(name="837")
@click.option("--payer", metavar="KEY", help="Only claims to this payer of payers.yaml.")
@click.option("--since", metavar="DATE", callback=shell.as_date, help="Only dates of service from this day on.")
@click.option("--batch", type=click.IntRange(min=1), metavar="N", help="Write file N once more, byte for byte.")
@click.option(
    "--again",
    metavar="CLAIM",
    multiple=True,
    help="Let this rejected claim go though it says the same: a Claim, a visit, a claim key, the number of a refused "
    "file, or all. May be given several times.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be sent; write and remember nothing.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(
    payer: str | None,
    since: Date | None,
    batch: int | None,
    again: tuple[str, ...],
    dry_run: bool,
    settings_file: Path | None,
    host: str | None,
    as_json: bool,
) -> int:
    """Put approved Claims into an 837P file (005010X222A1) for each receiver.

    A claim goes into a file once: again only where it was rejected and the file would say something else of it. Drafts,
    held and restricted visits, and claims that are sent and unanswered are never among them. A file that an earlier run
    could not write is written first. Files in the folders that a lost store forgot are remembered again.
    """
    if batch is not None and (payer or since or again or dry_run):
        raise click.UsageError("--batch stands alone: a file is written again as it was.")
    from massage_billing.sending.again import Again
    from massage_billing.wiring.sending import open_exporter

    settings = shell.load(settings_file)
    with (
        shell.progress("export 837") as reporter,
        open_exporter(settings, host=settings.host(host).id, progress=reporter) as exporter,
    ):
        lets = Again(frozenset(again))
        report = exporter.only(batch) if batch is not None else exporter.run(payer, since, again=lets, dry_run=dry_run)
    if as_json:
        shell.print_json(report)
    else:
        _show(report)
    if report.problems:
        return UNWRITTEN_EXIT
    return LEFT_EXIT if any(one.lacks for one in report.left) else 0


def _show(report: ExportReport) -> None:
    from massage_billing.cli.tables import print_table

    for name in report.found:
        click.echo(f"{name} was not remembered{'' if report.dry_run else ', and is again'}: its claims were sent.")
    for file in report.files:
        what = f"{shell.counted(file.claims, 'claim')}, {shell.dollars(file.total)}, for {file.receiver}"
        click.echo(
            f"Would write {what}." if report.dry_run else f"{file.path}: {what}{' (again)' if file.again else ''}."
        )
    for problem in report.problems:
        click.secho(problem, fg="red")
    if not report.files and not report.problems:
        click.echo("Nothing to send.")
    if report.left:
        click.echo(f"\nNot sent: {shell.counted(len(report.left), 'claim')}.")
        rows = [(f"Encounter/{one.encounter}", one.claim, one.why) for one in report.left]
        print_table(("visit", "claim", "why"), rows, wrap=("why",))
