"""``massage-billing eligibility status``: where questions stand."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from massage_billing.cli import shell


@click.command(name="status")
@click.option("--days", default=1, show_default=True, type=click.IntRange(1, 400), help="Questions of so many days.")
@click.option("--open", "only_open", is_flag=True, help="Only those without an answer.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(days: int, only_open: bool, settings_file: Path | None, host: str | None, as_json: bool) -> None:
    """List questions: answered, waiting, to be tried again.

    Asks nobody. It names patients by reference and shows no answer: `eligibility show` does.
    """
    settings = shell.load(settings_file)
    with shell.open_sweep(settings, settings.host(host).id, "eligibility status") as sweep:
        since = sweep.today() - timedelta(days=days - 1)
        rows = [row for row in sweep.questions(since) if not only_open or row.state != "answered"]
    if as_json:
        shell.print_json(rows)
        return
    from massage_billing.cli.tables import print_table

    if not rows:
        click.echo(f"No questions since {since.isoformat()}.")
        return
    told = [
        (row.day.isoformat(), row.coverage, row.payer, row.serviced.isoformat(), row.state.value, f"{row.tries}",
         row.trace, row.problem)
        for row in rows
    ]  # fmt: skip
    columns = ("asked", "coverage", "payer", "for", "state", "tries", "trace number", "problem")
    print_table(columns, told, right=("tries",), wrap=("coverage", "problem"))
