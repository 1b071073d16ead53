"""``massage-billing status``: what is held, why, how many dollars, how long it can wait."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date as Date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell
from massage_billing.cli.report import line_to_add

if TYPE_CHECKING:
    from massage_billing.ports import VisitRow

_SHOWN = 20
_PAYOR = re.compile(r"\bOrganization/[A-Za-z0-9.-]*[A-Za-z0-9-]")
_PAYER_RULE = "payer-known"


@dataclass
class Reason:
    """What one rule holds."""

    visits: int = 0
    dollars: Decimal = Decimal("0.00")
    soonest: Date | None = None


@dataclass
class Status:
    """The sums of ``status``; a visit held for two reasons counts under both, and once in the totals."""

    counts: dict[str, int] = field(default_factory=dict)
    billed: Decimal = Decimal("0.00")
    held: Decimal = Decimal("0.00")
    unpriced: int = 0
    drafts: int = 0
    reasons: dict[str, Reason] = field(default_factory=dict)
    urgent: list[tuple[Date, str, str]] = field(default_factory=list)
    payers: dict[str, int] = field(default_factory=dict)


@click.command(name="status")
@shell.settings_option
@shell.host_option("Which host; only needed where several are configured.")
@shell.json_option
def command(settings_file: Path | None, host: str | None, as_json: bool) -> None:
    """Show what is held, why, and how long it can wait.

    Held dollars by reason, the visits whose filing limit comes first, and the lines that payers.yaml lacks. Reads only
    what was remembered by the last run; asks the host nothing.
    """
    settings = shell.load(settings_file)
    chosen = settings.host(host)
    with shell.open_program(settings, chosen.id, "status") as program:
        status = add_up(program.rows())
    today = _today(chosen.zone)
    if as_json:
        shell.print_json(_as_json(status, today))
    else:
        _show(status, today)


def add_up(rows: Iterable[VisitRow]) -> Status:
    """Sum the rows of the store."""
    status = Status()
    for row in rows:
        kind = str(row.outcome) or str(row.state)
        status.counts[kind] = status.counts.get(kind, 0) + 1
        status.drafts += row.draft
        amount = Decimal(row.amount) if row.amount is not None else None
        if kind == "hold":
            _add_hold(status, row, amount)
        elif kind == "claim":
            status.billed += amount or 0
    status.urgent.sort()
    return status


def _add_hold(status: Status, row: VisitRow, amount: Decimal | None) -> None:
    status.held += amount or 0
    status.unpriced += amount is None
    if row.filing_limit is not None:
        status.urgent.append((row.filing_limit, row.encounter, row.holds[0][0] if row.holds else ""))
    for rule in dict.fromkeys(rule for rule, _ in row.holds):
        reason = status.reasons.setdefault(rule, Reason())
        reason.visits += 1
        reason.dollars += amount or 0
        limits = [limit for limit in (reason.soonest, row.filing_limit) if limit is not None]
        reason.soonest = min(limits, default=None)
    unknown = {payor for rule, message in row.holds if rule == _PAYER_RULE for payor in _PAYOR.findall(message)}
    for payor in unknown:
        status.payers[payor] = status.payers.get(payor, 0) + 1


def _today(zone: str | None) -> Date:
    """Today at the clinic: days to a filing limit are counted there."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    return datetime.now(ZoneInfo(zone) if zone else UTC).date()


def _as_json(status: Status, today: Date) -> dict[str, object]:
    return {
        "schema": "status/1",
        "visits": status.counts,
        "drafts": status.drafts,
        "billed_dollars": status.billed,
        "held_dollars": status.held,
        "held_without_price": status.unpriced,
        "holds": [
            {
                "rule": rule,
                "visits": reason.visits,
                "dollars": reason.dollars,
                "filing_limit": reason.soonest,
                "days_left": (reason.soonest - today).days if reason.soonest else None,
            }
            for rule, reason in _by_dollars(status)
        ],
        "filing": [
            {"visit": f"Encounter/{visit}", "rule": rule, "filing_limit": limit, "days_left": (limit - today).days}
            for limit, visit, rule in status.urgent
        ],
        "unknown_payers": [
            {"payor": payor, "visits": count, "line_to_add": line_to_add(payor).strip()}
            for payor, count in sorted(status.payers.items())
        ],
    }


def _by_dollars(status: Status) -> list[tuple[str, Reason]]:
    return sorted(status.reasons.items(), key=lambda pair: (-pair[1].dollars, -pair[1].visits, pair[0]))


def _show(status: Status, today: Date) -> None:
    from massage_billing.cli.tables import print_table

    if not status.counts:
        click.echo("No visits yet: `massage-billing run` reads them.")
        return
    said = ", ".join(f"{count:,} {kind}" for kind, count in sorted(status.counts.items()))
    visits = shell.counted(sum(status.counts.values()), "visit")
    click.echo(f"{visits}: {said}. {shell.dollars(status.billed)} billed.")
    if status.drafts:
        click.echo(f"Waiting for `massage-billing approve`: {shell.counted(status.drafts, 'draft')}.")
    if not status.reasons:
        click.echo("Nothing is held.")
        return
    without = f" and {shell.counted(status.unpriced, 'visit')} without a price" if status.unpriced else ""
    click.echo(f"\nHeld: {shell.dollars(status.held)}{without}, by reason (a visit can have several):")
    rows = [
        (rule, f"{reason.visits:,}", shell.dollars(reason.dollars), _days(reason.soonest, today))
        for rule, reason in _by_dollars(status)
    ]
    print_table(("rule", "visits", "dollars", "first filing limit"), rows, right=("visits", "dollars"))
    if status.urgent:
        click.echo("\nFiling limits, the nearest first:")
        print_table(
            ("visit", "held by", "filing limit"),
            [(f"Encounter/{visit}", rule, _days(limit, today)) for limit, visit, rule in status.urgent[:_SHOWN]],
        )
    if status.payers:
        click.echo("\nPayers that payers.yaml does not know; add, with your own key and the policy that applies:")
        for payor in sorted(status.payers):
            click.echo(line_to_add(payor))


def _days(limit: Date | None, today: Date) -> str:
    if limit is None:
        return "not known"
    left = (limit - today).days
    days = shell.counted(abs(left), "day")
    said = "today" if left == 0 else f"{days} left" if left > 0 else f"passed {days} ago"
    return f"{limit.isoformat()} ({said})"
