"""``massage-billing claims changes``: what changed of a claim against what was sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.ports.ledger import Submission
    from massage_billing.program import Program
    from massage_billing.remittance.changes import Changes, Deadline, LineFacts


@click.command(name="changes")
@click.argument("claim", metavar="CLAIM")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(claim: str, settings_file: Path | None, host: str | None, as_json: bool) -> None:
    """Show what changed of a claim against what was sent, and how that goes to the payer.

    CLAIM is a claim key, a Claim or a visit. Its lines stand side by side as they were sent, as the Claim on the host
    has them, and as they would be billed now; then whether the next run updates, replaces or voids it, or why it is
    held, and until when the payer takes corrections where its policy says so. Writes nothing. Claims to second payers
    follow those to the first and are not among them.
    """
    from massage_billing.fhir.keys import is_later_claim
    from massage_billing.remittance.book import ClaimBook

    settings = shell.load(settings_file)
    chosen = settings.host(host)
    with shell.open_program(settings, chosen.id, "claims changes") as program:
        setup = program.setup
        assert setup.ledger is not None  # noqa: S101
        book = ClaimBook(setup.store, setup.ledger, setup.host.id)
        claims = [life.submission for life in book.life(claim)]
        found = [_changes(program, one, chosen.zone) for one in claims if not is_later_claim(one.key)]
    if as_json:
        shell.print_json([_document(one) for one in found])
        return
    for one in found:
        _show(one)


def _changes(program: Program, claim: Submission, zone: str | None) -> Changes:
    from massage_billing.fhir.claim_state import key_of_claim
    from massage_billing.remittance.changes import changes
    from massage_billing.service import Billing

    setup = program.setup
    resources = list(setup.host.find("Claim", [claim.key]))
    on_host = next((one for one in resources if key_of_claim(one) == claim.key), None)
    _, decision = program.visit_and_decision(claim.encounter)
    planned = Billing(setup).would(claim.encounter)
    assert planned is not None  # noqa: S101  (the visit was just read)
    group = planned.entry.group
    limit = _deadline(program, claim, zone)
    return changes(claim, on_host, decision.lines, (planned.entry.row, group.writes if group else ()), limit)


def _deadline(program: Program, claim: Submission, zone: str | None) -> Deadline | None:
    """Until when the claim's payer takes corrections of it, by its policy on the date of service."""
    from datetime import UTC
    from zoneinfo import ZoneInfo

    from massage_billing.cli.status import _today
    from massage_billing.model.remittance import ClaimStanding
    from massage_billing.remittance.changes import answered_on, deadline_of

    setup = program.setup
    name = next((one.policy for one in setup.clinic.payers if one.key == claim.payer), "")
    policy = setup.book.on(claim.date).policies.get(name)
    term = policy.terms.corrections if policy else None
    if policy is None or term is None or claim.standing is not ClaimStanding.ADJUDICATED:
        return None
    assert setup.ledger is not None  # noqa: S101
    paid = answered_on(one.date for one in setup.ledger.paid_lines([claim.key]))
    at_clinic = ZoneInfo(zone) if zone else UTC
    said = answered_on(
        one.at.astimezone(at_clinic).date()
        for one in setup.ledger.life(claim.key)
        if one.standing is ClaimStanding.ADJUDICATED
    )
    answered = paid or said
    return deadline_of(term, policy.sources[term.source], claim.date, answered, _today(zone))


def _document(one: Changes) -> dict[str, object]:
    found = shell.plain(one)
    assert isinstance(found, dict)  # noqa: S101
    return {"schema": "claim-changes/1", **found, "changed": one.changed}


def _show(one: Changes) -> None:
    from massage_billing.cli.tables import print_table

    claim = one.claim
    click.secho(f"{claim.key}  {claim.claim}  Encounter/{claim.encounter}", bold=True)
    click.echo(f"  {claim.date}  {claim.payer}  {claim.standing}; on the host: {one.status or 'not there'}")
    rows = [
        (_cell(line.sent), _cell(line.on_host), (_cell(line.now), "yellow" if line.changed else ""))
        for line in one.lines
    ]
    total = "no price" if one.total_now is None else shell.dollars(one.total_now)
    rows.append((shell.dollars(claim.total), "", (total, "")))
    print_table(("sent", "on the host", "billed now"), rows)
    for sentence in _sentences(one):
        click.echo(f"  {sentence}")
    click.echo()


def _sentences(one: Changes) -> Iterator[str]:
    yield one.words
    for rule, message in one.holds:
        yield f"Held by {rule}: {message}"
    limit = one.deadline
    if limit is not None and limit.late:
        yield click.style(f"Too late: the payer took corrections until {limit.until} ({limit.source}).", fg="red")
    elif limit is not None:
        since = f"{limit.days} days from {limit.counted_from}"
        yield f"The payer takes corrections until {limit.until}, {since} ({limit.source})."
    elif one.claim.standing.value == "adjudicated":
        yield "Until when the payer takes corrections is not known; its policy does not say (`corrections`)."


def _cell(line: LineFacts | None) -> str:
    if line is None:
        return "-"
    charge = "no price" if line.charge is None else shell.dollars(line.charge)
    return f"{'-'.join((line.code, *line.modifiers))} x{line.units:f} {charge}"
