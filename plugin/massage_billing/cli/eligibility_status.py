"""``massage-billing eligibility status``: where questions stand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date as Date
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.ports import QuestionRow


@click.command(name="status")
@click.option("--days", default=1, show_default=True, type=click.IntRange(1, 400), help="Questions of so many days.")
@click.option(
    "--open", "only_open", is_flag=True, help="Only those without an answer; of any day where a payer has them still."
)
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
        rows = _still_open(sweep.questions(Date.min), since) if only_open else sweep.questions(since)
    if as_json:
        shell.print_json(rows)
        return
    from massage_billing.cli.tables import print_table

    if not rows:
        click.echo("No questions are open." if only_open else f"No questions since {since.isoformat()}.")
        return
    told = [
        (row.day.isoformat(), row.coverage, row.payer, row.serviced.isoformat(), row.state.value, f"{row.tries}",
         row.trace, row.problem)
        for row in rows
    ]  # fmt: skip
    columns = ("asked", "coverage", "payer", "for", "state", "tries", "trace number", "problem")
    print_table(columns, told, right=("tries",), wrap=("coverage", "problem"))


def _still_open(rows: Iterable[QuestionRow], since: Date) -> list[QuestionRow]:
    """Those without an answer. What a payer took on Friday is still open on Monday: the next sweep looks for it."""
    return [row for row in rows if row.state == "waiting" or (row.state != "answered" and row.day >= since)]
