"""``massage-billing purge``: forget a patient, or payloads older than the retention."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.settings import Settings


@click.command(name="purge")
@click.argument("patient", metavar="[Patient/ID]", required=False)
@click.option("--older-than", metavar="DAYS", type=click.IntRange(0, 36500), help="Payloads confirmed so long ago.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(
    patient: str | None,
    older_than: int | None,
    yes: bool,
    settings_file: Path | None,
    host: str | None,
    as_json: bool,
) -> None:
    """Forget a patient, or old payloads.

    Only what this program remembers is forgotten; nothing on the host changes. If the host still has the patient's
    visits, the next run that reads them learns of them again.
    """
    if (patient is None) == (older_than is None):
        raise click.UsageError("Name a patient, like Patient/3, or give --older-than.")
    if patient is not None and not patient.startswith("Patient/"):
        raise click.UsageError("Write the patient like Patient/3.")
    settings = shell.load(settings_file)
    chosen = settings.host(host)
    subject = f"everything of {patient}" if patient else f"payloads confirmed more than {older_than} days ago"
    if not yes:
        click.confirm(f"Forget {subject}?", abort=True, err=True)
    with shell.open_program(settings, chosen.id, "purge") as program:
        if patient is not None:
            gone = program.forget(patient)
            counts = {"forgotten": gone.visits, "questions": gone.questions}
            told = f"{shell.counted(gone.visits, 'visit')} and {shell.counted(gone.questions, 'question')} to payers"
        else:
            counts = {"forgotten": program.purge(datetime.now(UTC) - timedelta(days=older_than or 0))}
            told = shell.counted(counts["forgotten"], "payload")
    if as_json:
        shell.print_json(counts)
    else:
        click.echo(f"Forgot {told}.")
    if patient and settings.clinic.papers and _listed(patient, settings.clinic.papers):
        click.echo(f"{settings.clinic.papers} still lists {patient}: take those lines out yourself.", err=True)
    for folder in _batch_folders(settings) if patient else ():
        click.echo(
            f"{folder} holds files with answers about several patients; they go after state.retention_days.", err=True
        )


def _batch_folders(settings: Settings) -> Iterator[Path]:
    """Where batch channels keep what they have read: files of many patients, from which one cannot be taken out."""
    for name, channel in settings.eligibility.channels.items():
        folder = settings.state_folder() / "x12" / name
        if channel.kind == "x12-folder" and folder.is_dir():
            yield folder


def _listed(patient: str, papers: Path) -> bool:
    """Whether papers.csv, which is the clinic's own and never written here, names the patient."""
    from massage_billing.clinic_papers import load_papers

    return any(paper.patient == patient for paper in load_papers(papers))
