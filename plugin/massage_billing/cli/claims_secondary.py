"""``massage-billing claims secondary``: claims to second payers, from what the first answered."""

from __future__ import annotations

from pathlib import Path

import click

from massage_billing.cli import shell
from massage_billing.cli.export_837 import LEFT_EXIT


@click.command(name="secondary")
@click.argument("claims", metavar="[CLAIM...]", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every claim whose first payer has answered.")
@click.option("--again", is_flag=True, help="Rejected ones too that would say the same as before.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent; write and remember nothing.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(
    claims: tuple[str, ...],
    every: bool,
    again: bool,
    dry_run: bool,
    settings_file: Path | None,
    host: str | None,
    as_json: bool,
) -> int:
    """Put claims to second payers into files, with what the first payer paid and why not more.

    CLAIM is a claim key, a Claim or a visit. Only where the first payer's remittance was applied whole, it leaves
    something to the patient, and it did not send the claim on itself. Each goes once, under a number of its own.
    """
    if bool(claims) == every:
        raise click.UsageError("Name claims, or --all.")
    from massage_billing.cli.export_837 import _show
    from massage_billing.remittance.book import ClaimBook
    from massage_billing.sending.again import ALL, Again
    from massage_billing.sending.secondary import SecondaryExporter
    from massage_billing.wiring.sending import open_exporter

    settings = shell.load(settings_file)
    with (
        shell.progress("claims secondary") as reporter,
        open_exporter(settings, host=settings.host(host).id, progress=reporter) as exporter,
    ):
        setup = exporter.setup
        book = ClaimBook(setup.store, setup.ledger, setup.host.id)
        wanted = None if every else {life.submission.encounter for one in claims for life in book.life(one)}
        lets = Again(frozenset({ALL}) if again else frozenset())
        report = SecondaryExporter(setup).run_secondary(wanted, again=lets, dry_run=dry_run)
    if as_json:
        shell.print_json(report)
    else:
        _show(report)
    return LEFT_EXIT if any(one.lacks for one in report.left) else 0
