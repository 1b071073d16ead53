"""``massage-billing demo``: a synthetic clinic, its payers asked, and the main job on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from massage_billing.cli import shell
from massage_billing.cli.simulated_payer import beside

if TYPE_CHECKING:
    from massage_billing.model import Verdict
    from massage_billing.sweep.report import SweepReport

APPOINTMENTS: Final = 36
"""Every kind of coming appointment once, and some more."""


@click.command(name="demo")
@click.option(
    "--folder",
    default="demo-clinic",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the clinic is, or is to be made.",
)
@click.option("--visits", default=40, show_default=True, type=click.IntRange(1), help="How many visits to make.")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same clinic.")
@shell.json_option
def command(folder: Path, visits: int, seed: int, as_json: bool) -> int:
    """Make a synthetic clinic and bill it.

    Everybody in it is invented. Makes the clinic where it is not there yet, with its own settings, runs the main job on
    it, and asks simulated payers about its coming appointments; a second time nothing new is written. Delete the folder
    to begin again.
    """
    from massage_billing.cli import synthetic
    from massage_billing.cli.run import PENDING_EXIT
    from massage_billing.errors import InputError

    settings_file = folder / synthetic.SETTINGS
    if not settings_file.exists():
        if folder.is_dir() and any(folder.iterdir()):
            raise InputError(f"{folder}: is there, but is no demo clinic.", "Name another --folder.")
        synthetic.make(folder, visits, seed, APPOINTMENTS, Date.today())
        if not as_json:
            click.echo(f"Made a synthetic clinic of {visits:,} visits in {folder}.\n")
    settings = shell.load(settings_file)
    with beside(settings) as asked, shell.open_sweep(asked, settings.host().id, "demo") as sweep:
        swept = sweep.run()
        coming = [verdict for _, verdict in sweep.huddle(sweep.tomorrow())]
    with shell.open_program(settings, settings.host().id, "demo") as program:
        report = program.run()
        known = list(program.rows())
    if as_json:
        shell.print_json({"run": report, "eligibility": swept})
        return PENDING_EXIT if report.pending_writes else 0
    from massage_billing.cli.report import show_report, show_totals, wrote

    if not wrote(report):
        show_totals(known)
        click.echo()
    show_report(report)
    _show_coming(swept, coming, settings_file)
    click.echo(f"\nNext: massage-billing serve --settings {settings_file}")
    click.echo("      prints a link that opens the workbench in a browser; or")
    click.echo(f"      massage-billing status --settings {settings_file}")
    click.echo(f"      massage-billing explain {folder}")
    return PENDING_EXIT if report.pending_writes else 0


def _show_coming(swept: SweepReport, coming: Sequence[Verdict], settings_file: Path) -> None:
    """What the payers were asked, and how tomorrow stands."""
    from collections import Counter

    from massage_billing.sweep.huddle import ORDER, TITLES

    asked = f"{shell.counted(swept.asked, 'question')} to three simulated payers, {swept.answered:,} answered"
    click.echo(f"\nBefore the visits to come: {shell.counted(swept.appointments, 'appointment')}; {asked}.")
    counts = Counter(verdict.readiness for verdict in coming)
    stands = ", ".join(f"{counts[each]:,} {TITLES[each].lower()}" for each in ORDER if counts[each])
    click.echo(
        f"Tomorrow: {stands or 'no appointments'}. `massage-billing huddle --settings {settings_file}` lists them."
    )
