"""``massage-billing claims show``: the life of one claim on one page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.remittance.book import Life


@click.command(name="show")
@click.argument("claim", metavar="CLAIM")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(claim: str, settings_file: Path | None, host: str | None, as_json: bool) -> None:
    """Show the life of one claim: who decided what, when, from which evidence.

    CLAIM is a claim key (the patient control number of the file), a Claim (Claim/12) or a visit (Encounter/12).
    """
    with shell.open_book(settings_file, host) as book:
        found = book.life(claim)
    if as_json:
        shell.print_json(found)
        return
    for life in found:
        for line in _page(life):
            click.echo(line)


def _page(life: Life) -> Iterator[str]:
    one = life.submission
    yield click.style(f"{one.key}  {one.claim}  Encounter/{one.encounter}", bold=True)
    number = f", payer's number {one.payer_claim_number}" if one.payer_claim_number else ""
    yield f"  {one.date}  {one.payer}  {shell.dollars(one.total)}  {one.standing}{number}"
    for line in one.lines:
        code = "-".join((line.code, *line.modifiers))
        yield f"    {code:<14} {line.units:>3} units  {shell.dollars(line.charge):>10}  {line.therapist}"
    yield "  What happened:"
    events = [(at, f"decided: {what}") for at, what in life.decided]
    if life.batch is not None:
        events.append((life.batch.at, f"put into {life.batch.file}, transaction {one.transaction}"))
    events += [(said.at, f"{said.source}: {said.words} [{said.standing}]") for said in life.said]
    for at, what in sorted(events, key=lambda event: event[0]):
        yield f"    {at:%Y-%m-%d %H:%M}  {what}"
    yield ""
