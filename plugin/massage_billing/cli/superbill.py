"""``massage-billing superbill``: the printable bill of one visit, or of a patient's month."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell
from massage_billing.cli.days import as_month, as_patient, of_month

if TYPE_CHECKING:
    from massage_billing.program import Program
    from massage_billing.settings import ClinicSettings
    from massage_billing.superbill import Month


def _visit(context: click.Context, param: click.Parameter, value: str | None) -> str | None:
    return None if value is None else shell.as_visit(context, param, value)


@click.command(name="superbill")
@click.argument("visit", required=False, callback=_visit)
@click.option("--patient", metavar="Patient/ID", callback=as_patient, help="All visits of a patient, with --month.")
@click.option("--month", metavar="YYYY-MM", callback=as_month, help="The month of the visits, with --patient.")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="HTML file to write."
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
def command(
    visit: str | None,
    patient: str | None,
    month: Date | None,
    output: Path,
    force: bool,
    settings_file: Path | None,
    host: str | None,
) -> None:
    """Write the printable bill of one visit, or of a patient's month.

    VISIT is an Encounter, like Encounter/12. With --patient and --month instead: a page with what the month comes to,
    then a page a visit; of visits that a run has seen. The file holds the patient's name: it is patient data, readable
    by you alone. A held visit has no bill yet.
    """
    from massage_billing.cli.page_file import refuse_existing, write_page
    from massage_billing.superbill import load_labels, superbill, superbills

    if (visit is None) == (patient is None) or (patient is None) != (month is None):
        raise click.UsageError("Name a VISIT, or --patient and --month.")
    settings = shell.load(settings_file)
    refuse_existing(output, force=force)
    labels = load_labels(settings.clinic.labels)
    with shell.open_program(settings, settings.host(host).id, "superbill") as program:
        if visit is not None:
            read, decision = program.visit_and_decision(visit)
            page = superbill(read, decision, program.record(visit), settings.clinic, labels)
            left: tuple[tuple[Date, str], ...] = ()
        else:
            assert patient is not None and month is not None  # noqa: S101, PT018
            found = _of_month(program, patient, month, settings.clinic, labels)
            page, left = superbills(found), found.left
    write_page(output, page)
    click.echo(f"Wrote {output}: print it from a browser, on Letter paper.")
    for day, why in left:
        click.secho(f"Not on it: the visit of {day.isoformat()}. {why}", fg="yellow")


def _of_month(program: Program, patient: str, month: Date, clinic: ClinicSettings, labels: dict[str, str]) -> Month:
    from massage_billing.superbill import Month, NoSuperbill, page_of

    bills, left = [], []
    for row in of_month(program, patient, month):
        assert row.date is not None  # noqa: S101
        visit, decision = program.visit_and_decision(row.encounter)
        try:
            bills.append(page_of(visit, decision, program.record(row.encounter), clinic, labels))
        except NoSuperbill as why:
            if not why.elsewhere:
                left.append((row.date, why.on_page))
    if not bills:
        why_not = " ".join(f"{day.isoformat()}: {why}" for day, why in left)
        raise NoSuperbill(f"{patient} has no visit in {month:%Y-%m} with a bill. {why_not}".strip(), "")
    return Month(clinic, month, tuple(bills), tuple(left))
