"""Claims counted as they come and go: sums of a hundred thousand are read from some thousand rows, and cost every page
as little as its list does. Kept in the transaction that changes a visit's row, so that they are never of another state.

A filter by dates of service takes whole months (for days to a claim: weeks) from here, and what lies before and after
from the visits themselves (desk_claims.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date as Date
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Connection, text

from massage_billing.store.desk_tables import claim_pace, claim_tally
from massage_billing.store.statements import Statements
from massage_billing.store.values import Scalar


class Fact(NamedTuple):
    """What of a visit is counted: columns of the table of visits, in order."""

    host: str
    payer: str | None
    draft: bool
    therapists: str
    cents: int | None
    days: int | None
    standing: str
    listed: Date | None


FACT = Fact._fields
"""Their names."""
_TALLIED = tuple(column.name for column in claim_tally.primary_key.columns)
_PACED = tuple(column.name for column in claim_pace.primary_key.columns)
_NONE = text("claims = 0")


def month_of(day: Date) -> Date:
    """Its first day."""
    return day.replace(day=1)


def week_of(day: Date) -> Date:
    """Its Monday."""
    return day - timedelta(days=day.weekday())


def change(connection: Connection, run: Statements, changed: Iterable[tuple[Fact | None, Fact | None]]) -> None:
    """Visits were of one kind and are of another; None: not there."""
    claims: Counter[tuple[Scalar, ...]] = Counter()
    cents: Counter[tuple[Scalar, ...]] = Counter()
    pace: Counter[tuple[Scalar, ...]] = Counter()
    for before, after in changed:
        if before == after:
            continue
        for fact, sign in ((before, -1), (after, 1)):
            if fact is None or fact.listed is None:
                continue
            month = month_of(fact.listed).isoformat()
            kind = (fact.host, month, fact.standing, fact.payer or "", fact.draft, fact.therapists)
            claims[kind] += sign
            cents[kind] += sign * (fact.cents or 0)
            if fact.days is not None:
                pace[fact.host, week_of(fact.listed).isoformat(), fact.days, fact.therapists] += sign
    tallied = [(*kind, claims[kind], cents[kind]) for kind in sorted(claims, key=repr) if claims[kind] or cents[kind]]
    paced = [(*kind, pace[kind]) for kind in sorted(pace, key=repr) if pace[kind]]
    run.add(connection, claim_tally, tallied, "claims", "cents")
    run.add(connection, claim_pace, paced, "claims")
    # A kind of which none is left goes: it may name a payer that only a forgotten patient had.
    fewer = [kind for kind in sorted(claims, key=repr) if claims[kind] < 0]
    run.delete(connection, claim_tally, fewer, *_TALLIED, where=_NONE)
    run.delete(
        connection, claim_pace, [kind for kind in sorted(pace, key=repr) if pace[kind] < 0], *_PACED, where=_NONE
    )
