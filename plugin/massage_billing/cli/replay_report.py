"""What ``rules replay`` says at the end: totals, by payer, by rule, and deletions made after the fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from massage_billing.cli.shell import counted
from massage_billing.cli.tables import print_table

if TYPE_CHECKING:
    from massage_billing.replay.compare import Deletion, Dollars, Replay, Sum, Tally

_COLUMNS = ("visits", "claimed", "held", "patient")


def as_document(replay: Replay, deletions: Iterable[Deletion]) -> dict[str, object]:
    """The totals as JSON; money as strings."""
    tally = replay.tally
    return {
        "visits": tally.visits,
        "undated": tally.undated,
        "changed": tally.changed,
        "only_findings_changed": tally.only_told,
        "unpriced": tally.unpriced,
        "rulebooks": [{"version": m.book.version, "digest": m.book.digest} for m in (replay.before, replay.after)],
        "dollars_before": tally.before._asdict(),
        "dollars_after": tally.after._asdict(),
        "outcomes": [
            {"before": before, "after": after, "visits": visits}
            for (before, after), visits in sorted(tally.outcomes.items())
        ],
        "by_payer": [{"payer": payer, **_sum(one)} for payer, one in sorted(tally.by_payer.items())],
        "by_payer_and_rule": [
            {"payer": payer, "rule": rule, **_sum(one)} for (payer, rule), one in sorted(tally.by_rule.items())
        ],
        "deleted_after_the_fact": [
            {"pair": one.pair, "deleted": one.deleted, **_sum(tally.pairs_gone[one.pair])}
            if one.pair in tally.pairs_gone
            else {"pair": one.pair, "deleted": one.deleted, "visits": 0}
            for one in deletions
        ],
        "as_billed": dict(sorted(tally.as_billed.items())),
    }


def _sum(one: Sum) -> Mapping[str, object]:
    return {"visits": one.visits, "difference": one.difference._asdict()}


def show(replay: Replay, deletions: Iterable[Deletion], rules: tuple[str, ...]) -> None:
    """Print the totals for a person."""
    tally = replay.tally
    click.secho(f"{counted(tally.visits, 'visit')} by {rules[0]}, then by {rules[1]}:", bold=True)
    rows = [("before", *_money(tally.before)), ("after", *_money(tally.after))]
    rows.append(("difference", *_signed(tally.after.minus(tally.before))))
    print_table(("dollars", "claimed", "held", "patient"), rows, right=("claimed", "held", "patient"))
    click.echo()
    _show_changes(tally)
    gone = [
        (one.pair, one.deleted.isoformat(), *_row(tally.pairs_gone[one.pair]))
        for one in deletions
        if one.pair in tally.pairs_gone
    ]
    if gone:
        click.echo("Deleted after the fact: these pairs took something off then, and no longer do. File again in time:")
        print_table(("pair", "from", *_COLUMNS), gone, right=_COLUMNS)
        click.echo()
    _show_rest(tally)


def _show_changes(tally: Tally) -> None:
    if not tally.changed:
        click.echo("No claim changes.")
        return
    click.echo(f"{counted(tally.changed, 'visit')} would change:")
    moved = sorted(((b, a, n) for (b, a), n in tally.outcomes.items() if b != a), key=lambda row: -row[2])
    if moved:
        print_table(("before", "after", "visits"), [(b, a, f"{n:,}") for b, a, n in moved], right=("visits",))
        click.echo()
    payers = [(payer, *_row(one)) for payer, one in sorted(tally.by_payer.items())]
    print_table(("payer", *_COLUMNS), payers, right=_COLUMNS)
    click.echo()
    ruled = sorted(tally.by_rule.items(), key=lambda item: (item[0][0], -item[1].visits, item[0][1]))
    click.echo("By the rules that make the difference (a visit can have several):")
    rows = [(payer, rule, *_row(one)) for (payer, rule), one in ruled]
    print_table(("payer", "rule", *_COLUMNS), rows, right=_COLUMNS)
    click.echo()


def _show_rest(tally: Tally) -> None:
    if tally.only_told:
        click.echo(f"{counted(tally.only_told, 'visit')} would be billed alike, with other warnings.")
    if tally.unpriced:
        click.echo(f"{counted(tally.unpriced, 'visit')} with a line without a price count as no dollars.")
    if tally.undated:
        click.echo(f"{counted(tally.undated, 'visit')} without a date of service were left out.")
    if tally.as_billed:
        same, other = tally.as_billed["same"], tally.as_billed["otherwise"]
        click.echo(f"As they were billed: {same:,} visits like the first rulebook decides today, {other:,} otherwise.")
    click.echo("Each visit was looked at alone: what its day, its therapist's day and its papers were used for before,")
    click.echo("neither rulebook was told. Nothing was written.")


def _money(of: Dollars) -> tuple[str, ...]:
    return tuple(f"${each:,.2f}" for each in of)


def _signed(of: Dollars) -> tuple[str, ...]:
    return tuple(_plus(each) for each in of)


def _plus(amount: Decimal) -> str:
    return f"{'+' if amount > 0 else '-' if amount < 0 else ''}${abs(amount):,.2f}"


def _row(one: Sum) -> tuple[str, ...]:
    return (f"{one.visits:,}", *_signed(one.difference))
