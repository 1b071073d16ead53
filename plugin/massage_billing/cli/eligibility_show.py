"""``massage-billing eligibility show``: what payers said of a patient's coverage, with the evidence."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell
from massage_billing.errors import MassageBillingError

if TYPE_CHECKING:
    from massage_billing.model import Benefit, Count, Known


@click.command(name="show")
@click.argument("coverage", metavar="COVERAGE")
@click.option("--all", "every", is_flag=True, help="Every answer that is kept, not only the newest.")
@click.option("--evidence", is_flag=True, help="Print what the payer sent, byte for byte, and nothing else.")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(
    coverage: str, every: bool, evidence: bool, settings_file: Path | None, host: str | None, as_json: bool
) -> None:
    """Show what payers said of a patient's coverage, with the evidence.

    COVERAGE is a coverage on the EHR, like Coverage/5. What is printed is patient data.
    """
    reference = _reference(coverage)
    settings = shell.load(settings_file)
    with shell.open_sweep(settings, settings.host(host).id, "eligibility show") as sweep:
        found = sweep.answers(reference)
        received = sweep.evidence(found[0].question) if found and evidence else None
    if not found:
        raise MassageBillingError(
            f"{reference}: no payer has answered about it.", "Run `massage-billing eligibility run` first."
        )
    if evidence:
        if received is None:
            raise MassageBillingError(
                f"{reference}: what the payer sent is not kept any more.", "state.retention_days says how long it is."
            )
        sys.stdout.buffer.write(received[0])
        return
    shown = found if every else found[:1]
    if as_json:
        shell.print_json(shown)
        return
    for place, known in enumerate(shown):
        if place:
            click.echo()
        for line in lines(known):
            click.echo(line)


def _reference(coverage: str) -> str:
    """A coverage's reference, its type left out or not."""
    kind, _, id = coverage.rpartition("/")
    if kind not in ("", "Coverage") or not id:
        raise click.UsageError("Write the coverage like Coverage/5.")
    return f"Coverage/{id}"


def lines(known: Known) -> Iterator[str]:
    """An answer as it is shown. What payers sent may hold characters that steer a terminal: none of them is printed."""
    for line in _lines(known):
        yield "".join(character if character.isprintable() else "\ufffd" for character in line)


def _lines(known: Known) -> Iterator[str]:
    answer = known.answer
    yield f"{known.coverage}, payer {known.payer}: {answer.kind.value}, asked {known.asked_on} for {answer.asked_for}"
    yield f"  in force: {answer.standing.value}{_dates(answer.start, answer.end)}"
    for plan in answer.plans:
        named = " ".join(part for part in (plan.name, plan.number) if part) or "a plan without a name"
        yield f"  plan: {named}, {plan.standing.value}{_dates(plan.start, plan.end)}"
    for rejection in answer.rejections:
        yield f"  not answered: reason {rejection.code} {rejection.message}".rstrip()
    for benefit in answer.benefits:
        yield f"  {_benefit(benefit)}"
        yield from (f"    says: {message}" for message in benefit.messages)
    yield from (f"  says: {message}" for message in answer.messages)
    yield from (f"  kept as sent: {kept}" for kept in answer.kept)
    where = f", {known.response} on the EHR" if known.response else ""
    yield f"  question {known.question}{where}; SHA-256 of what was received {known.evidence or 'not kept'}"


def _dates(start: Date | None, end: Date | None) -> str:
    said = [f"from {start}" if start else "", f"to {end}" if end else ""]
    return "".join(f" {one}" for one in said if one)


def _benefit(benefit: Benefit) -> str:
    of = benefit.procedure or ", ".join(benefit.service_types) or "no service named"
    parts = [f"{benefit.kind.value} ({of})"]
    if benefit.amount is not None:
        parts.append(f"${benefit.amount:,.2f}")
    if benefit.share is not None:
        parts.append(f"{(benefit.share * 100).normalize():f} percent")
    if benefit.measure != "plain":
        parts.append(benefit.measure.value)
    parts += [benefit.period, benefit.level, *_counts(benefit.counts)]
    if benefit.network != "no-data":
        parts.append(f"network: {benefit.network.value}")
    if benefit.authorization is not None:
        parts.append("authorization needed" if benefit.authorization else "no authorization needed")
    return ", ".join(part for part in parts if part)


def _counts(counts: Sequence[Count]) -> list[str]:
    return [
        " ".join(
            part for part in (f"{one.quantity.normalize():f}", one.unit.value, one.measure.value, one.period) if part
        )
        for one in counts
    ]
