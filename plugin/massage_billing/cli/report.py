"""What ``run``, ``approve`` and ``demo`` say at the end: a table of visits, the sums, the problems, the outputs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date as Date
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from massage_billing.cli.shell import counted, dollars
from massage_billing.cli.tables import print_table

if TYPE_CHECKING:
    from massage_billing.ports import VisitRow
    from massage_billing.run.report import RunReport


def show_report(report: RunReport) -> None:
    """Print a run's report for a person."""
    if report.per_visit:
        _show_visits(report)
    if report.visits or report.before_start:
        _show_sums(report)
        click.echo()
    if report.hold_reasons:
        click.echo("Held because of (a visit can have several reasons):")
        reasons = [(rule, f"{count:,}") for rule, count in report.hold_reasons.items()]
        print_table(("rule", "visits"), reasons, right=("visits",))
        click.echo()
    if report.unknown_payers:
        click.echo("Payers that payers.yaml does not know; add, with your own key and the policy that applies:")
        for payor in report.unknown_payers:
            click.echo(line_to_add(payor))
        click.echo()
    for problem in report.problems:
        click.secho("Problem: ", fg="red", nl=False)
        click.echo(problem)
    _show_end(report)
    if report.outputs:
        click.echo("Written to:" if not report.dry_run else "Would be written to:")
        for output in report.outputs:
            click.echo(f"  {output}")


def line_to_add(payor: str) -> str:
    """The entry that payers.yaml lacks, for a person to complete."""
    return f"  - {{key: NAME, kind: health, policy: POLICY, match: {{references: [{payor}]}}}}"


def show_totals(rows: Iterable[VisitRow]) -> None:
    """Print where all visits stand that were ever decided, as ``demo`` does when there is nothing new."""
    count: Counter[str] = Counter()
    money: defaultdict[str, Decimal] = defaultdict(Decimal)
    units = 0
    for row in rows:
        kind = row.outcome or str(row.state)
        count[kind] += 1
        money[kind] += Decimal(row.amount or 0)
        units += row.units if kind == "claim" else 0
    table = [("visits", f"{count.total():,}", "", "")]
    for kind, title in (("claim", "claims"), ("self-pay", "self-pay"), ("hold", "held"), ("no-charge", "no charge")):
        note = counted(units, "unit") if kind == "claim" else ""
        table.append((title, f"{count[kind]:,}", dollars(money[kind]) if kind != "no-charge" else "", note))
    table += [("not ready", f"{count['waiting']:,}", "", "")] if count["waiting"] else []
    print_table(("so far", "visits", "dollars", ""), table, right=("visits", "dollars"))


def wrote(report: RunReport) -> int:
    """How many Claims and Tasks this run wrote or left in the outbox."""
    claims = report.claims_created + report.claims_updated + report.claims_cancelled
    return claims + report.holds_opened + report.holds_closed


def _show_visits(report: RunReport) -> None:
    # That CMS's tables are older than the visit is a warning on nearly every one; `explain` shows it.
    rows = [
        (
            row.encounter,
            row.date.isoformat() if row.date else "no date",
            row.outcome,
            row.payer or "",
            ", ".join(row.codes),
            dollars(row.amount) if row.codes else "",
            ", ".join(rule for rule in row.why.split(", ") if rule != "release-age"),
        )
        for row in sorted(report.per_visit, key=lambda row: (row.date or Date.max, row.encounter))
    ]
    columns = ("Encounter", "date", "outcome", "payer", "lines", "charge", "why")
    print_table(columns, rows, right=("charge",), wrap=("lines", "why"))
    hidden = report.visits - len(report.per_visit)
    if hidden > 0:
        click.echo(f"… and {hidden:,} more visits; `massage-billing status` lists what is held.")
    click.echo()


def _show_sums(report: RunReport) -> None:
    claims = f"{report.claims_created:,} new, {report.claims_updated:,} updated, {report.claims_cancelled:,} cancelled"
    tasks = f"{counted(report.holds_opened, 'Task')} opened, {report.holds_closed:,} closed"
    rows = [
        ("visits", f"{report.visits:,}", "", f"{report.unchanged:,} decided as before"),
        ("claims", f"{report.claims:,}", dollars(report.dollars), f"{counted(report.units, 'unit')}; {claims}"),
        ("self-pay", f"{report.self_pay:,}", dollars(report.self_pay_dollars), "the patient is billed"),
        ("held", f"{report.holds:,}", dollars(report.held_dollars), tasks),
        ("no charge", f"{report.no_charge:,}", "", "nothing billable"),
    ]
    if report.waiting:
        rows.append(("not ready", f"{report.waiting:,}", "", "still changing; looked at again"))
    if report.before_start:
        rows.append(("before start", f"{report.before_start:,}", "", "left alone"))
    if report.drafts:
        rows.append(("drafts", f"{report.drafts:,}", "", "wait for `massage-billing approve`"))
    print_table(("this run", "visits", "dollars", ""), rows, right=("visits", "dollars"))


def _show_end(report: RunReport) -> None:
    if report.dry_run:
        click.secho("Dry run: nothing was written or remembered.", bold=True)
    elif report.pending_writes:
        click.echo(f"Waiting in the outbox: {counted(report.pending_writes, 'write')}. The next run tries them again.")
    elif not wrote(report):
        click.secho("Nothing new: nothing was written.", bold=True)
    if not report.complete:
        click.echo("The run did not get through everything; the next one starts from the same place.")
