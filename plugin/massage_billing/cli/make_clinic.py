"""``massage-billing make-clinic``: a synthetic clinic, for trying things out and for the benchmarks."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path

import click

from massage_billing.cli import shell


@click.command(name="make-clinic")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--visits", default=40, show_default=True, type=click.IntRange(1), help="How many visits.")
@click.option("--appointments", default=0, show_default=True, type=click.IntRange(0), help="How many are to come.")
@click.option("--from", "first", metavar="DATE", callback=shell.as_date, help="Day of the first to come; else today.")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same clinic.")
@shell.json_option
def command(folder: Path, visits: int, appointments: int, first: Date | None, seed: int, as_json: bool) -> None:
    """Write a synthetic clinic as FHIR files.

    Everybody in it is invented. FOLDER must not exist yet, or be empty; beside the FHIR files it gets settings,
    payers.yaml and fees.csv, so that `run --settings FOLDER/massage-billing.yaml` bills it.
    """
    from massage_billing.cli import synthetic
    from massage_billing.errors import InputError

    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(f"{folder}: is not empty.", "Name a new folder; nothing is ever overwritten.")
    made = synthetic.make(folder, visits, seed, appointments, (first or Date.today()) if appointments else None)
    if as_json:
        shell.print_json({"folder": str(folder), "visits": visits, "seed": seed, "resources": made})
    else:
        click.echo(f"Wrote a synthetic clinic of {visits:,} visits ({sum(made.values()):,} resources) to {folder}.")
