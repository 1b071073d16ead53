"""``massage-billing denials report``: what was denied, by the rule that should have stopped it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.remittance.denials import DenialReport, Share

_FIRST = 15
"""Rows of a table that are shown; the page and ``--json`` have all."""


@click.command(name="report")
@click.option("--since", metavar="DATE", callback=shell.as_date, help="From this day on.")
@click.option("--until", metavar="DATE", callback=shell.as_date, help="Until this day.")
@click.option("--payer", metavar="KEY", help="Only of this payer of payers.yaml.")
@click.option(
    "--page", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Write it as an HTML page too."
)
@click.option("--force", is_flag=True, help="Overwrite the page.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(
    since: Date | None,
    until: Date | None,
    payer: str | None,
    page: Path | None,
    force: bool,
    settings_file: Path | None,
    host: str | None,
    as_json: bool,
) -> None:
    """Show what was denied: by rule, reason, payer, code, therapist and week.

    A denial counts on the day on which its file was applied (`receive`), a hold on the day on which a rule first held
    the visit. Asks no host and no payer.
    """
    from massage_billing.cli.page_file import refuse_existing, write_page
    from massage_billing.remittance.denials import Period
    from massage_billing.remittance.learned import Denials

    refuse_existing(page, force=force)
    period = Period(since, until, payer)
    with shell.open_book(settings_file, host) as book:
        report = Denials(book.store, book.ledger, book.host).report(period)
    if page is not None:
        from massage_billing.remittance.denial_page import denial_page

        write_page(page, denial_page(report, period, shell.load(settings_file).clinic.name))
        click.echo(f"Wrote {page}.", err=as_json)
    if as_json:
        shell.print_json({"schema": "denials/1", "since": since, "until": until, "payer": payer, **_document(report)})
    else:
        _show(report)


def _document(report: DenialReport) -> dict[str, object]:
    found = shell.plain(report)
    assert isinstance(found, dict)  # noqa: S101
    return found


def _show(report: DenialReport) -> None:
    if not report.claims:
        click.echo("Nothing was denied.")
    else:
        patient = f"; {shell.dollars(report.of_patient)} of it left to the patient" if report.of_patient else ""
        click.echo(f"{shell.counted(report.claims, 'claim')} with {shell.dollars(report.dollars)} denied{patient}.")
        _table("rule that should have stopped it", report.by_rule)
        _reasons(report.by_reason)
        for what, shares in (
            ("payer", report.by_payer), ("code", report.by_code), ("therapist (NPI)", report.by_therapist),
            ("week of applying", report.by_week),
        ):  # fmt: skip
            _table(what, shares)
    if report.lost_claims:
        lost = shell.counted(report.lost_claims, "claim")
        click.secho(f"{lost} of these files were not found and are counted nowhere; `claims status` lists them.",
                    fg="yellow")  # fmt: skip
    _lessons(report)


def _table(what: str, shares: Sequence[Share]) -> None:
    from massage_billing.cli.tables import print_table

    named = "no rule knew" if what.startswith("rule") else "not told"
    click.echo()
    rows = [(one.name or named, f"{one.claims:,}", shell.dollars(one.dollars)) for one in shares[:_FIRST]]
    print_table((what, "claims", "denied"), rows, right=("claims", "denied"))
    _more(len(shares))


def _reasons(shares: Sequence[Share]) -> None:
    from massage_billing.cli.tables import print_table

    click.echo()
    rows = [(one.name, one.plain, f"{one.claims:,}", shell.dollars(one.dollars)) for one in shares[:_FIRST]]
    print_table(("reason", "in our words", "claims", "denied"), rows, right=("claims", "denied"),
                wrap=("in our words",))  # fmt: skip
    _more(len(shares))


def _lessons(report: DenialReport) -> None:
    if not report.lessons:
        return
    from massage_billing.cli.tables import print_table

    click.echo("\nWhat rules prevented and missed (a visit counts for each rule that held it):")
    rows = [
        (one.rule, f"{one.held:,}", shell.dollars(one.held_dollars), f"{one.cleared:,}",
         shell.dollars(one.cleared_dollars), f"{one.missed:,}", shell.dollars(one.missed_dollars))
        for one in report.lessons[:_FIRST]
    ]  # fmt: skip
    columns = ("rule", "held now", "charges", "cleared since", "charged", "denied claims", "denied")
    print_table(columns, rows, right=columns[1:])
    _more(len(report.lessons))


def _more(count: int) -> None:
    if count > _FIRST:
        click.echo(f"and {count - _FIRST} more; --json and --page have all.")
