"""The queue of holds in the database. A thousand of a hundred thousand visits are held: an index of the held ones alone
(visits_held) finds them, and sorting them costs less than an index for each order would in every run."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date as Date
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Text,
    and_,
    func,
    literal,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy import Date as DateType

from massage_billing.model.desk import Work
from massage_billing.ports import VisitState
from massage_billing.ports.desk import HeldDay, HoldFilter, HoldOrder, HoldRow, HoldSums
from massage_billing.store import work_rows
from massage_billing.store.desk_pages import Place, told
from massage_billing.store.desk_rules import dollars
from massage_billing.store.desk_sums import ALWAYS, NEVER, UNPRICED, Sum, on_day, summed
from massage_billing.store.desk_tables import held_days, work
from massage_billing.store.desk_where import either, has, same
from massage_billing.store.statements import Statements
from massage_billing.store.tables import Instant, visits
from massage_billing.store.values import ROW_FIELDS, row_from

_ROW = [visits.c[name] for name in ROW_FIELDS]
_WIDTH = len(_ROW)
_WITH_WORK = visits.outerjoin(work, and_(work.c.encounter == visits.c.encounter, work.c.host == visits.c.host))


_OTHER = visits.alias("other")
_HELD = literal_column(f"'{VisitState.HELD.value}'", Text)
"""As the index's condition has it: a parameter would not be seen to match."""


def query(host: str, which: HoldFilter) -> Select[Any]:
    """Rows of the holds asked for: VisitRow, since, Work."""
    return select(*_ROW, visits.c.since, *work_rows.COLUMNS).select_from(_WITH_WORK).where(*_these(host, which))


def _these(host: str, which: HoldFilter) -> list[ColumnElement[bool]]:
    # Without statistics SQLite takes any index that begins with the host for as good; only that of the held ones has
    # all that the inner question asks for.
    ids = select(_OTHER.c.encounter).where(_OTHER.c.host == host, _OTHER.c.state == _HELD)
    held = either(sqlite=visits.c.encounter.in_(ids), postgresql=visits.c.state == _HELD)
    these: list[ColumnElement[bool]] = [visits.c.host == host, held]
    if which.rule:
        these.append(has(visits.c.rules, told(which.rule)))
    if which.payer:
        these.append(same(visits.c.payer, told(which.payer)))
    if which.assignee is not None:
        these.append(same(work.c.assignee, told(which.assignee)))
    if which.therapist is not None:
        these.append(has(visits.c.therapists, told(which.therapist)))
    return these


def row_of(values: Iterable[Any]) -> HoldRow:
    """One row of ``query``."""
    some = list(values)
    visit, since, of_work = row_from(some[:_WIDTH]), some[_WIDTH], some[_WIDTH + 1 :]
    return HoldRow(visit, since, Work(visit.encounter) if of_work[0] is None else Work(*of_work))


def one(host: str, encounter: str) -> Select[Any]:
    """The row of one visit, held or not."""
    made = select(*_ROW, visits.c.since, *work_rows.COLUMNS).select_from(_WITH_WORK)
    return made.where(visits.c.host == host, visits.c.encounter == encounter)


# --- pages ----------------------------------------------------------------------------------------------------------


def page(host: str, which: HoldFilter, order: HoldOrder, after: Place | None, limit: int) -> Select[Any]:
    """Rows after a place, in order; all orders go up."""
    by = _by(order)
    made = query(host, which)
    if after is not None:
        made = made.where(tuple_(by, visits.c.encounter) > tuple_(_value(order, after.value), literal(after.encounter)))
    return made.order_by(by, visits.c.encounter).limit(limit)


def _by(order: HoldOrder) -> ColumnElement[Any]:
    if order is HoldOrder.FILING:
        return func.coalesce(visits.c.filing_limit, literal(NEVER, DateType))
    if order is HoldOrder.AGE:
        return func.coalesce(visits.c.since, literal(ALWAYS, Instant))
    return func.coalesce(-visits.c.cents, literal(UNPRICED, Integer))


def _value(order: HoldOrder, value: str | int) -> ColumnElement[Any]:
    if order is HoldOrder.FILING:
        return literal(Date.fromisoformat(str(value)), DateType)
    if order is HoldOrder.AGE:
        return literal(datetime.fromisoformat(str(value)), Instant)
    return literal(int(value), visits.c.cents.type)


# --- sums -----------------------------------------------------------------------------------------------------------


def sums(connection: Connection, host: str, which: HoldFilter) -> HoldSums:
    """The queue by reason: the database sums by the rules that hold visits together, of which there are few."""
    made = select(
        visits.c.rules,
        func.count(),
        func.coalesce(func.sum(visits.c.cents), 0),
        func.count() - func.count(visits.c.cents),
        func.min(visits.c.filing_limit),
    ).where(*_these(host, which))
    if which.assignee is not None:
        made = made.select_from(_WITH_WORK)
    found = connection.execute(made.group_by(visits.c.rules))
    return summed(
        Sum(tuple(orjson.loads(rules)) if rules else (), number, int(of), unpriced, soonest)
        for rules, number, of, unpriced, soonest in found
    )


# --- days -----------------------------------------------------------------------------------------------------------


def note(connection: Connection, run: Statements, host: str, day: Date) -> None:
    """Keep how the queue stands on a day, in place of what was kept of it."""
    run.delete(connection, held_days, [(host, day.isoformat())], "host", "day")
    rows = [
        (one_.day.isoformat(), one_.rule, host, one_.visits, int(one_.dollars.scaleb(2)))
        for one_ in on_day(day, sums(connection, host, HoldFilter()))
    ]
    run.insert(connection, held_days, rows)


def days(connection: Connection, host: str, first: Date, last: Date) -> list[HeldDay]:
    """What was kept of these days, by day and rule."""
    made = select(held_days.c.day, held_days.c.rule, held_days.c.visits, held_days.c.cents).where(
        held_days.c.host == host, held_days.c.day.between(first, last)
    )
    found = connection.execute(made.order_by(held_days.c.day, held_days.c.rule))
    return [HeldDay(day, rule, number, dollars(of)) for day, rule, number, of in found]
