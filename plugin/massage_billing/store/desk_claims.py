"""The list of claims in the database. The places of a page's claims are found in an index alone, and only their rows
are read; sums come from what is counted already (tally.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date as Date
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    and_,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    union,
)
from sqlalchemy import Date as DateType

from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.desk import ClaimDays, ClaimFilter, ClaimRow, StandingSum
from massage_billing.store.desk_pages import Place, told
from massage_billing.store.desk_rules import NO_DATE
from massage_billing.store.desk_sums import CLAIMS, NAMED_FROM, Span, by_week, named_alike, span, standing, standings
from massage_billing.store.desk_tables import claim_pace, claim_tally
from massage_billing.store.desk_where import begins, either, has, same
from massage_billing.store.tables import DRAFT, visits
from massage_billing.store.tally import month_of, week_of
from massage_billing.store.values import ROW_FIELDS, row_from

_ROW = [visits.c[name] for name in ROW_FIELDS]
_WIDTH = len(_ROW)
_DRAFT = literal_column(DRAFT.text, Boolean)
_LISTED = visits.c.listed.is_not(None)
_MONTH, _WEEK = timedelta(days=31), timedelta(days=7)


# --- pages ------------------------------------------------------------------------------------------------------------


def page(connection: Connection, host: str, which: ClaimFilter, after: Place | None, limit: int) -> list[Place]:
    """Places of the claims after one, the newest date of service first."""
    of = _named(host, told(which.search.strip()), few=False) if which.search.strip() else None
    found: FromClause = visits if of is None else of
    these = _these(host, which) if of is None else []
    made = select(found.c.listed, found.c.encounter)
    if of is not None and which != ClaimFilter(search=which.search):
        made = made.join(visits, _joined(host, of))
        these = _these(host, which)
    if after is not None:
        place = tuple_(literal(Date.fromisoformat(str(after.value)), DateType), literal(after.encounter))
        these.append(tuple_(found.c.listed, found.c.encounter) < place)
    made = made.where(*these).order_by(found.c.listed.desc(), found.c.encounter.desc()).limit(limit)
    return [Place(CLAIMS, listed.isoformat(), encounter) for listed, encounter in connection.execute(made)]


def rows(connection: Connection, host: str, places: Sequence[Place]) -> list[ClaimRow]:
    """The claims at these places, in their order."""
    made = select(*_ROW, visits.c.claimed, visits.c.standing, visits.c.stood)
    made = made.where(visits.c.host == host, visits.c.encounter.in_([one.encounter for one in places]))
    found = {row.visit.encounter: row for row in map(_row_of, connection.execute(made))}
    return [found[one.encounter] for one in places]


def _row_of(values: Iterable[Any]) -> ClaimRow:
    some = list(values)
    claimed, stands, since = some[_WIDTH:]
    return ClaimRow(row_from(some[:_WIDTH]), claimed, standing(stands), since)


def _these(host: str, which: ClaimFilter) -> list[ColumnElement[bool]]:
    these: list[ColumnElement[bool]] = [visits.c.host == host, _LISTED]
    these += _dated(visits.c.listed, which)
    if which.unsent or which.standing is not None:
        stands = "" if which.unsent or which.standing is ClaimStanding.NOT_SENT else str(which.standing)
        these.append(visits.c.standing == stands)
    if which.unsent and which.standing not in (None, ClaimStanding.NOT_SENT):
        these.append(visits.c.standing == str(which.standing))
    if which.payer:
        # With a further question the payer is asked of the index that has both.
        alone = which == ClaimFilter(payer=which.payer, first=which.first, last=which.last)
        payer = told(which.payer)
        these.append(visits.c.payer == payer if alone else same(visits.c.payer, payer))
    return these + _kind(visits, which)


def _dated(column: ColumnElement[Date], which: ClaimFilter) -> list[ColumnElement[bool]]:
    these: list[ColumnElement[bool]] = []
    if which.first is not None or which.last is not None:
        these.append(column > NO_DATE)
    if which.first is not None:
        these.append(column >= which.first)
    if which.last is not None:
        these.append(column <= which.last)
    return these


def _kind(table: Table, which: ClaimFilter) -> list[ColumnElement[bool]]:
    these: list[ColumnElement[bool]] = []
    if which.draft:
        these.append(_DRAFT)
    if which.therapist is not None:
        these.append(has(table.c.therapists, told(which.therapist)))
    return these


def _named(host: str, name: str, *, few: bool) -> Any:
    """Places of claims with a name that begins so, each once. ``few``: PostgreSQL is to take them for few, and so to
    look each up in an index; it would read the whole table, which has everything that sums do not ask for."""
    found = [(visits.c.encounter, name), (visits.c.claim, named_alike(name))]
    if len(name) >= NAMED_FROM:
        found.append((visits.c.claim_key, name))
    # Of SQLite only the index of the name is to find it.
    alone = same(visits.c.host, host)
    here = either(sqlite=alone, postgresql=alone if few else visits.c.host == host)
    place, of = (visits.c.listed, visits.c.encounter), (here, _LISTED)
    return union(*(select(*place).where(begins(column, one), *of) for column, one in found if one)).subquery("named")


def _joined(host: str, of: FromClause) -> ColumnElement[bool]:
    """By the whole place, so that the index which has it has the rest as well."""
    return and_(visits.c.host == host, visits.c.listed == of.c.listed, visits.c.encounter == of.c.encounter)


# --- sums -------------------------------------------------------------------------------------------------------------


def sums(connection: Connection, host: str, which: ClaimFilter) -> list[StandingSum]:
    """Claims and dollars by standing, in the order in which claims come to stand so."""
    claims: Counter[str] = Counter()
    cents: Counter[str] = Counter()
    for made in _summed(host, which):
        for stands, number, of in connection.execute(made):
            claims[stands] += int(number or 0)
            cents[stands] += int(of or 0)
    return standings({stands: (number, cents[stands]) for stands, number in claims.items() if number})


def _summed(host: str, which: ClaimFilter) -> list[Select[Any]]:
    payer = told(which.payer)
    own = select(visits.c.standing, func.count(), func.sum(visits.c.cents)).group_by(visits.c.standing)
    own = own.where(visits.c.host == host, _LISTED, *_kind(visits, which))
    own = own.where(same(visits.c.payer, payer)) if payer else own
    if name := which.search.strip():
        of = _named(host, told(name), few=True)
        place = tuple_(visits.c.listed, visits.c.encounter).in_(select(of.c.listed, of.c.encounter))
        named = either(sqlite=visits.c.encounter.in_(select(of.c.encounter)), postgresql=place)
        return [own.where(named, *_dated(visits.c.listed, which))]
    tallied = select(claim_tally.c.standing, func.sum(claim_tally.c.claims), func.sum(claim_tally.c.cents))
    tallied = tallied.where(claim_tally.c.host == host, *_kind(claim_tally, which)).group_by(claim_tally.c.standing)
    tallied = tallied.where(claim_tally.c.payer == payer) if payer else tallied
    of_months = span(which.first, which.last, month_of, _MONTH)
    return _spanned(of_months, tallied, claim_tally.c.month, own)


def _spanned(of: Span, tallied: Select[Any], column: ColumnElement[Date], own: Select[Any]) -> list[Select[Any]]:
    """Whole months or weeks from what is counted, and the days before and after from the visits."""
    made = [own.where(visits.c.listed.between(first, last)) for first, last in of.edges]
    if not of.empty:
        whole = tallied if of.first is None and of.end is None else tallied.where(column > NO_DATE)
        whole = whole if of.first is None else whole.where(column >= of.first)
        made.append(whole if of.end is None else whole.where(column < of.end))
    return made


def days(connection: Connection, host: str, first: Date, last: Date, therapist: str | None) -> list[ClaimDays]:
    """How long the visits of each week took to become claims."""
    which = ClaimFilter(therapist=therapist)
    own = select(visits.c.listed, visits.c.days, func.count()).group_by(visits.c.listed, visits.c.days)
    own = own.where(visits.c.host == host, _LISTED, visits.c.days.is_not(None), *_kind(visits, which))
    paced = select(claim_pace.c.week, claim_pace.c.days, func.sum(claim_pace.c.claims))
    paced = paced.where(claim_pace.c.host == host, *_kind(claim_pace, which))
    paced = paced.group_by(claim_pace.c.week, claim_pace.c.days)
    found: list[tuple[Date, int, int]] = []
    for made in _spanned(span(first, last, week_of, _WEEK), paced, claim_pace.c.week, own):
        found += [(date, took, int(number)) for date, took, number in connection.execute(made)]
    return by_week(found)


def payers(connection: Connection, host: str) -> list[str]:
    """Payer keys, each found by one step in the index: there are few, and visits are many."""
    found: list[str] = []
    while True:
        after = found[-1] if found else ""
        next_ = select(func.min(visits.c.payer)).where(visits.c.host == host, visits.c.payer > after)
        if (payer := connection.scalar(next_)) is None:
            return found
        found.append(payer)
