"""``massage-billing statement``: what a patient was billed, what payers paid, what is owed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell
from massage_billing.cli.days import as_month, as_patient, last_of, of_days

if TYPE_CHECKING:
    from massage_billing.ports import VisitRow
    from massage_billing.program import Program
    from massage_billing.statement import Entry, Seen, Sent, Statement


@click.command(name="statement")
@click.option("--patient", required=True, metavar="Patient/ID", callback=as_patient, help="Whose statement.")
@click.option("--month", metavar="YYYY-MM", callback=as_month, help="Visits of this month.")
@click.option("--from", "first", metavar="DATE", callback=shell.as_date, help="Visits from this day on.")
@click.option("--to", "last", metavar="DATE", callback=shell.as_date, help="Visits until this day.")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="HTML file to write."
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
def command(
    patient: str,
    month: Date | None,
    first: Date | None,
    last: Date | None,
    output: Path,
    force: bool,
    settings_file: Path | None,
    host: str | None,
) -> None:
    """Write what a patient was billed, what payers paid, and what is owed.

    Self-pay visits, and visits billed to plans with what `receive` brought: paid, taken off and why, left to the
    patient. Where a plan has not answered, nothing is owed yet. What the patient has paid is not known here. The file
    holds the patient's name: it is patient data, readable by you alone.
    """
    from massage_billing.cli.page_file import refuse_existing, write_page
    from massage_billing.statement import page

    if (month is None) == (first is None or last is None) or (month is not None and (first or last)):
        raise click.UsageError("Give --month, or --from and --to.")
    days = (month, last_of(month)) if month is not None else (first, last)
    assert days[0] is not None and days[1] is not None  # noqa: S101, PT018
    settings = shell.load(settings_file)
    refuse_existing(output, force=force)
    chosen = settings.host(host)
    with shell.open_program(settings, chosen.id, "statement") as program:
        made = _made(program, patient, (days[0], days[1]), settings_file, chosen.zone)
    write_page(output, page(made))
    click.echo(f"Wrote {output}: print it from a browser, on Letter paper.")
    click.echo(f"{shell.dollars(made.charge)} billed, {shell.dollars(made.owed)} owed as far as that is known.")


def _made(
    program: Program, patient: str, days: tuple[Date, Date], settings_file: Path | None, zone: str | None
) -> Statement:
    from massage_billing.cli.status import _today
    from massage_billing.errors import HostNotFound
    from massage_billing.statement import entries_of, statement_of
    from massage_billing.superbill import load_labels

    clinic = shell.load(settings_file).clinic
    rows = of_days(program, patient, *days)
    if not rows:
        what = f"No run has seen a visit of {patient} from {days[0]} to {days[1]}."
        raise HostNotFound(what, "Check the patient's id and the days; `run` first.")
    labels = load_labels(clinic.labels)
    payers = {one.key: one.claims.name or one.key for one in program.setup.clinic.payers}
    entries: list[Entry] = []
    for seen in _seen(program, rows):
        entries += entries_of(seen, labels, payers)
    resource = program.record(rows[-1].encounter).resources.get(patient, {})
    return statement_of(resource, clinic, days, _today(zone), entries)


def _seen(program: Program, rows: Sequence[VisitRow]) -> Iterator[Seen]:
    from massage_billing.statement import Seen

    sent = _sent(program, [row.encounter for row in rows])
    for row in rows:
        _, decision = program.visit_and_decision(row.encounter)
        assert row.date is not None  # noqa: S101
        yield Seen(row.encounter, row.date, decision, tuple(sent.get(row.encounter, ())))


def _sent(program: Program, encounters: Sequence[str]) -> Mapping[str, list[Sent]]:
    """Claims of these visits with what was answered, the first payer's first, of one payer the newest last."""
    from massage_billing.remittance.adjudication import adjudications
    from massage_billing.statement import Sent

    ledger = program.setup.ledger
    found: dict[str, list[Sent]] = {}
    if ledger is None:
        return found
    claims = ledger.of_encounters(program.setup.host.id, encounters)
    keys = [one.key for one in claims]
    answers = adjudications(ledger.paid_lines(keys), ledger.adjustments_of(keys))
    for one in sorted(claims, key=lambda one: ("PST".find(one.rank), one.batch, one.key)):
        told = [said.paid for said in ledger.life(one.key) if said.paid is not None]
        sent = Sent(one, answers.get(one.key, ()), told[-1] if told else None)
        found.setdefault(one.encounter, []).append(sent)
    return found
