"""``massage-billing claims mark``: what a person knows of a claim and no file told."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from massage_billing.cli import shell

MARKS = {
    "sent": "exported",
    "accepted": "accepted",
    "rejected": "rejected",
    "paid": "adjudicated",
    "denied": "adjudicated",
}


@click.command(name="mark")
@click.argument("claim", metavar="CLAIM")
@click.argument("state", type=click.Choice(list(MARKS)))
@click.option("--by", "who", required=True, metavar="NAME", help="Who says so; no patient's name.")
@click.option("--reason", required=True, metavar="TEXT", help="From where it is known; no patient data.")
@click.option("--payer-number", default="", metavar="NUMBER", help="The payer's number of the claim.")
@click.option("--paid", metavar="DOLLARS", help="What the payer paid.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
def command(
    claim: str,
    state: str,
    who: str,
    reason: str,
    payer_number: str,
    paid: str | None,
    settings_file: Path | None,
    host: str | None,
) -> None:
    """Say what you know of a claim that no file told: sent, accepted, rejected, paid, denied.

    It counts as evidence: a claim that is marked as sent is neither exported nor changed until it is answered; with the
    payer's number a paid one can be corrected. CLAIM is a claim key, a Claim or a visit.
    """
    from datetime import UTC, datetime

    from massage_billing.model.remittance import ClaimStanding
    from massage_billing.ports.ledger import Said

    said = Said("", datetime.now(UTC), ClaimStanding(MARKS[state]), f"marked by {who}", f"{state}: {reason}",
                payer_number, _dollars(paid) if state != "denied" else Decimal(0))  # fmt: skip
    with shell.open_book(settings_file, host) as book:
        one = book.mark(claim, said)
    click.echo(f"{one.key} of Encounter/{one.encounter} stands as {one.standing}.")


def _dollars(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return Decimal(text.lstrip("$"))
    except InvalidOperation:
        raise click.BadParameter(f"{text!r} is no amount; write 80.00.", param_hint="--paid") from None
