"""``massage-billing eligibility run``: the sweep."""

from __future__ import annotations

from dataclasses import replace
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell
from massage_billing.errors import SettingsError

if TYPE_CHECKING:
    from massage_billing.sweep.report import SweepReport
    from massage_billing.sweep.setup import SweepSetup

UNWRITTEN_EXIT = 5
PAYER_EXIT = 10


@click.command(name="run")
@click.option("--days", type=click.IntRange(0, 60), help="Today and so many days ahead; else as the settings say.")
@click.option("--from", "first", metavar="DATE", callback=shell.as_date, help="First day; else today at the clinic.")
@click.option("--collect", is_flag=True, help="Only look for answers to questions that were sent earlier.")
@click.option("--dry-run", is_flag=True, help="Say who would be asked; ask nobody, write nothing.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(
    days: int | None,
    first: Date | None,
    collect: bool,
    dry_run: bool,
    settings_file: Path | None,
    host: str | None,
    as_json: bool,
) -> int:
    """Ask payers about the coverage of coming appointments.

    Reads the appointments, decides for each coverage whether its payer has to be asked, asks, writes question and
    answer to the EHR, and opens a Task for what somebody must settle before a visit. However often it runs, a question
    is answered once a day; a payer that fails holds up no other.
    """
    if collect and (dry_run or first is not None or days is not None):
        raise click.UsageError(
            "--collect looks for every answer, and writes it: no --days, --from or --dry-run with it."
        )
    settings = shell.load(settings_file)
    with shell.open_sweep(settings, settings.host(host).id, "eligibility") as sweep:
        unknown = _check_payers(sweep.setup)
        report = sweep.collect() if collect else sweep.run(first, days, dry_run=dry_run)
        refused = _not_taken(sweep.setup.host.capabilities().writable)
    report = replace(report, problems=(*unknown, *report.problems))
    if as_json:
        shell.print_json(report)
    else:
        show_report(report, refused)
    if report.unwritten and not dry_run:
        return UNWRITTEN_EXIT
    return PAYER_EXIT if report.payers and not report.answered else 0


def _check_payers(setup: SweepSetup) -> tuple[str, ...]:
    """What keeps some payers from being asked; SettingsError where something keeps all of them."""
    from massage_billing.cli.doctor_asking import asked_payers

    wanted = asked_payers(setup.clinic.payers)
    if wanted and setup.asker is None:
        what = "clinic.npi or clinic.name is missing, so nobody can be asked: a payer has to be told who asks."
        raise SettingsError(what, "Give both in the settings; `massage-billing doctor` checks them.")
    channels = {payer.key: payer.asking.channel for payer in wanted if payer.asking is not None}
    return tuple(
        f"Payer {payer} is not asked: its channel {channel} is not in the settings."
        for payer, channel in channels.items()
        if channel not in setup.channels
    )


def _not_taken(writable: frozenset[str]) -> tuple[str, ...]:
    """What of a sweep this host cannot be given, in words."""
    kinds = {"answers about coverage": {"CoverageEligibilityRequest", "CoverageEligibilityResponse"}, "Tasks": {"Task"}}
    return tuple(word for word, needed in kinds.items() if not needed <= writable)


def show_report(report: SweepReport, refused: tuple[str, ...] = ()) -> None:
    """Print a sweep's report for a person; ``refused``: what the host takes none of, in words."""
    from massage_billing.cli.tables import print_table

    days = report.first.isoformat() + (f" to {report.last.isoformat()}" if report.last != report.first else "")
    rows = [
        ("appointments", f"{report.appointments:,}", days),
        *_asked(report),
        ("not asked", f"{sum(report.not_asked.values()):,}", _why(report.not_asked)),
    ]
    if report.waiting:
        rows.append(("waiting", f"{report.waiting:,}", "the payer answers later; looked for by the next sweep"))
    if report.later:
        rows.append(("later", f"{report.later:,}", "tried again by the next sweep, under the same trace number"))
    if report.given_up:
        rows.append(("given up", f"{report.given_up:,}", "their tries of the day are used up"))
    print_table(("this sweep", "how many", "why"), rows, right=("how many",), wrap=("why",))
    click.echo()
    if report.readiness:
        from massage_billing.sweep.huddle import ORDER, TITLES

        stands = [(TITLES[each].lower(), f"{report.readiness[each]:,}") for each in ORDER if each in report.readiness]
        print_table(("appointments", "how many"), stands, right=("how many",))
        click.echo()
    if report.reasons:
        click.echo("To settle (an appointment can have several reasons):")
        reasons = [(reason, f"{count:,}") for reason, count in report.reasons.items()]
        print_table(("reason", "appointments"), reasons, right=("appointments",))
        click.echo()
    for payer, why in report.payers.items():
        click.secho(f"Payer {payer}: ", fg="red", nl=False)
        click.echo(why)
    for problem in report.problems:
        click.secho("Problem: ", fg="red", nl=False)
        click.echo(problem)
    _show_end(report, refused)


def _asked(report: SweepReport) -> list[tuple[str, str, str]]:
    why = _why(report.asked_because)
    if report.dry_run:
        return [("would ask", f"{report.would_ask:,}", why)]
    refused = f"{report.refused:,} of them refused" if report.refused else ""
    return [("asked", f"{report.asked:,}", why), ("answered", f"{report.answered:,}", refused)]


def _why(counted: object) -> str:
    pairs = counted.items() if isinstance(counted, dict) else ()
    return "; ".join(f"{why} ({count:,})" for why, count in pairs)


def _show_end(report: SweepReport, refused: tuple[str, ...]) -> None:
    if report.dry_run:
        click.secho("Dry run: nobody was asked, nothing was written.", bold=True)
        return
    written = shell.counted(report.written, "answer")
    tasks = f"{shell.counted(report.tasks_opened, 'Task')} opened or changed, {report.tasks_closed:,} closed"
    outlooks = f"; {shell.counted(report.outlooks, 'outlook')} for its screens" if report.outlooks else ""
    click.echo(f"Written to the EHR: {written}; {tasks}{outlooks}.")
    if refused:
        click.echo(f"This EHR takes no {' and no '.join(refused)}: they are kept here; `huddle` shows them.")
    if report.unwritten:
        click.echo(f"Waiting for the EHR: {shell.counted(report.unwritten, 'answer')}. The next sweep writes them.")
    if not (report.asked or report.answered or report.written or report.tasks_opened or report.tasks_closed):
        click.secho("Nothing new: nobody had to be asked.", bold=True)
