"""The list of claims in the database. Its places, sums and days are read from indexes alone (tables.visits_listed);
only the rows of a page are read themselves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date as Date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, tuple_, union_all
from sqlalchemy import Date as DateType

from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.desk import ClaimDays, ClaimFilter, ClaimRow, StandingSum
from massage_billing.store.desk_pages import Place, told
from massage_billing.store.desk_rules import NO_DATE
from massage_billing.store.desk_sums import by_week, standing, standings
from massage_billing.store.desk_where import begins, has, same
from massage_billing.store.tables import LISTED, visits
from massage_billing.store.values import ROW_FIELDS, row_from

_ROW = [visits.c[name] for name in ROW_FIELDS]
_WIDTH = len(_ROW)
_CLAIM = "Claim/"


# --- pages ----------------------------------------------------------------------------------------------------------


def page(host: str, which: ClaimFilter, after: Place | None, limit: int) -> Select[Any]:
    """Rows after a place: VisitRow, claimed, standing, since; the newest date of service first."""
    made = select(*_ROW, visits.c.claimed, visits.c.standing, visits.c.stood, visits.c.listed)
    made = made.where(visits.c.host == host, LISTED, *_narrowed(host, which))
    if which.payer:
        made = made.where(visits.c.payer == told(which.payer))
    if which.unsent or which.standing is not None:
        made = made.where(visits.c.standing == _standing(which))
    if which.unsent and which.standing not in (None, ClaimStanding.NOT_SENT):
        made = made.where(visits.c.standing == which.standing)
    if after is not None:
        place = tuple_(literal(Date.fromisoformat(str(after.value)), DateType), literal(after.encounter))
        made = made.where(tuple_(visits.c.listed, visits.c.encounter) < place)
    return made.order_by(visits.c.listed.desc(), visits.c.encounter.desc()).limit(limit)


def _standing(which: ClaimFilter) -> str:
    return "" if which.unsent or which.standing in (None, ClaimStanding.NOT_SENT) else str(which.standing)


def _narrowed(host: str, which: ClaimFilter) -> list[ColumnElement[bool]]:
    """What the filter asks for, but payer and standing."""
    these: list[ColumnElement[bool]] = []
    if which.draft:
        these.append(visits.c.draft.is_(True))
    if which.first is not None or which.last is not None:
        these.append(visits.c.listed > NO_DATE)
    if which.first is not None:
        these.append(visits.c.listed >= which.first)
    if which.last is not None:
        these.append(visits.c.listed <= which.last)
    if which.therapist is not None:
        these.append(has(visits.c.therapists, told(which.therapist)))
    if name := which.search.strip():
        these.append(visits.c.encounter.in_(_named(host, told(name))))
    return these


def _named(host: str, name: str) -> Any:
    """Encounter ids of claims with a name that begins so."""
    claim = name if name.startswith(_CLAIM) else _CLAIM + name
    found = (begins(visits.c.encounter, name), begins(visits.c.claim, claim), begins(visits.c.claim_key, name))
    return union_all(*(select(visits.c.encounter).where(one, visits.c.host == host, LISTED) for one in found))


def row_of(values: Iterable[Any]) -> ClaimRow:
    """One row of ``page``."""
    some = list(values)
    claimed, stands, since, _ = some[_WIDTH:]
    return ClaimRow(row_from(some[:_WIDTH]), claimed, standing(stands), since)


# --- sums -----------------------------------------------------------------------------------------------------------


def sums(connection: Connection, host: str, which: ClaimFilter) -> list[StandingSum]:
    """Claims and dollars by standing, in the order in which claims come to stand so."""
    made = select(visits.c.standing, func.count(), func.coalesce(func.sum(visits.c.cents), 0))
    made = made.where(visits.c.host == host, LISTED, *_narrowed(host, which))
    if which.payer:
        made = made.where(same(visits.c.payer, told(which.payer)))
    found = {
        standing: (number, int(cents)) for standing, number, cents in connection.execute(made.group_by("standing"))
    }
    return standings(found)


def days(connection: Connection, host: str, first: Date, last: Date, therapist: str | None) -> list[ClaimDays]:
    """How long the visits of each week took to become claims."""
    made = select(visits.c.listed, visits.c.days, func.count()).where(
        visits.c.host == host, LISTED, visits.c.listed.between(first, last), visits.c.days.is_not(None)
    )
    if therapist is not None:
        made = made.where(has(visits.c.therapists, told(therapist)))
    found = connection.execute(made.group_by(visits.c.listed, visits.c.days))
    return by_week((date, took, number) for date, took, number in found)


def payers(connection: Connection, host: str) -> list[str]:
    """Payer keys, each found by one step in the index: there are few, and visits are many."""
    found: list[str] = []
    while True:
        after = found[-1] if found else ""
        next_ = select(func.min(visits.c.payer)).where(visits.c.host == host, visits.c.payer > after)
        if (payer := connection.scalar(next_)) is None:
            return found
        found.append(payer)
