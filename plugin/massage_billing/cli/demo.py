"""``massage-billing demo``: a synthetic clinic, and the main job on it."""

from __future__ import annotations

from pathlib import Path

import click

from massage_billing.cli import shell


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

    Everybody in it is invented. Makes the clinic where it is not there yet, with its own settings, and runs the main
    job on it; a second time nothing new is written. Delete the folder to begin again.
    """
    from massage_billing.cli import synthetic
    from massage_billing.cli.run import PENDING_EXIT
    from massage_billing.errors import InputError

    settings_file = folder / synthetic.SETTINGS
    if not settings_file.exists():
        if folder.is_dir() and any(folder.iterdir()):
            raise InputError(f"{folder}: is there, but is no demo clinic.", "Name another --folder.")
        synthetic.make(folder, visits, seed)
        if not as_json:
            click.echo(f"Made a synthetic clinic of {visits:,} visits in {folder}.\n")
    settings = shell.load(settings_file)
    with shell.open_program(settings, settings.host().id, "demo") as program:
        report = program.run()
        known = list(program.rows())
    if as_json:
        shell.print_json(report)
        return PENDING_EXIT if report.pending_writes else 0
    from massage_billing.cli.report import show_report, show_totals

    if not report.visits:
        show_totals(known)
        click.echo()
    show_report(report)
    click.echo(f"\nNext: massage-billing status --settings {settings_file}")
    click.echo(f"      massage-billing explain {folder}")
    return PENDING_EXIT if report.pending_writes else 0
