"""``massage-billing huddle``: the appointments of a day with what must be settled before each."""

from __future__ import annotations

import shutil
import sys
import textwrap
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.sweep.huddle import Page

_INDENT: Final = 10
_COLOURS: Final = {"blocked": "red", "act": "yellow", "unknown": "yellow", "ready": "green"}
"""By ``Readiness``; the words beside them say the same."""


@click.command(name="huddle")
@click.option("--date", "on", metavar="DATE", callback=shell.as_date, help="Which day; else tomorrow at the clinic.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the list as an HTML page to print."
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(
    on: Date | None, output: Path | None, force: bool, settings_file: Path | None, host: str | None, as_json: bool
) -> None:
    """List the appointments of a day with what must be settled before each.

    Asks no payer: it shows what `eligibility run` brought. On the terminal and in the page patients stand by name: that
    is patient data. --json names them by reference, with what payers said in their own words.
    """
    from massage_billing.cli.page_file import refuse_existing, write_page

    settings = shell.load(settings_file)
    refuse_existing(output, force=force)
    with shell.open_sweep(settings, settings.host(host).id, "huddle") as sweep:
        day = on or sweep.tomorrow()
        judged = sweep.huddle(day)
        made = sweep.local_now()
    from massage_billing.sweep.huddle import as_json as listed
    from massage_billing.sweep.huddle import huddle_page, render

    page = huddle_page(settings.clinic.name, day, made, judged)
    if output is not None:
        write_page(output, render(page))
        click.echo(f"Wrote {output}: print it from a browser, on Letter paper.", err=as_json)
    if as_json:
        shell.print_json({"date": day, "made": made.isoformat(timespec="seconds"), "appointments": listed(judged)})
    elif output is None:
        _show(page)


def _show(page: Page) -> None:
    """One block an appointment: who and how it stands, the figures, then a line for each thing to settle."""
    if not page.rows:
        click.echo(f"No appointments on {page.date.isoformat()}.")
        return
    width = min(shutil.get_terminal_size((100, 24)).columns, 120) if sys.stdout.isatty() else 120
    for row in page.rows:
        click.echo(f"{row.time:>8}  ", nl=False)
        click.secho(f"{row.title:<9}", fg=_COLOURS[row.readiness], bold=True, nl=False)
        click.echo("  " + " · ".join(part for part in (row.patient, row.therapists, row.payer) if part))
        pays = f"patient pays {row.cost}" if row.cost else ""
        facts = "; ".join(part for part in (row.answered, row.visits, pays, *row.clocks) if part)
        for line in textwrap.wrap(facts, width - _INDENT):
            click.echo(" " * _INDENT + line)
        for reason in row.to_settle:
            who = f" [{reason.who.value}]" if reason.who else ""
            for place, line in enumerate(textwrap.wrap(f"{reason.message} {reason.fix}{who}", width - _INDENT - 2)):
                click.echo(" " * _INDENT + ("  " if place else "- ") + line)
    click.echo("\n" + ", ".join(f"{count:,} {title.lower()}" for _, title, count in page.counts))
