"""Visits that have to do with each other: of one patient and day, and of one therapist's day. In the caller's
transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date as Date

from sqlalchemy import Connection, select, tuple_

from massage_billing.model import Worked
from massage_billing.ports import Entry
from massage_billing.store.statements import Statements, chunks
from massage_billing.store.tables import visits, worked
from massage_billing.store.values import therapist_day, worked_from, worked_values

_WORKED = [column for column in worked.c if column.name != "host"]


def same_day(connection: Connection, host: str, days: Collection[tuple[str, Date]]) -> list[str]:
    """Encounter ids of the visits of these patients on these dates of service."""
    found: list[str] = []
    for some in chunks(days):
        query = select(visits.c.encounter).where(
            visits.c.host == host, tuple_(visits.c.patient, visits.c.date).in_(some)
        )
        found.extend(connection.scalars(query))
    return sorted(found)


def read_worked(
    connection: Connection, host: str, days: Collection[tuple[str, Date]], encounters: Collection[str]
) -> list[Worked]:
    """What visits take of these therapists' days, and all that these visits take of any day."""
    found: set[Worked] = set()
    for some in chunks(days):
        named = [therapist_day(therapist, date) for therapist, date in some]
        query = select(*_WORKED).where(worked.c.host == host, worked.c.day.in_(named))
        found.update(worked_from(values) for values in connection.execute(query))
    for ids in chunks(encounters):
        query = select(*_WORKED).where(worked.c.host == host, worked.c.encounter.in_(ids))
        found.update(worked_from(values) for values in connection.execute(query))
    return sorted(found, key=lambda one: one[:3])


def put_worked(
    connection: Connection, run: Statements, entries: Sequence[Entry], before: Collection[tuple[str, str]]
) -> None:
    """Replace what these visits take of their therapists' days; ``before``: (host, Encounter id) of those known."""
    known = [(entry.row.host, entry.row.encounter) for entry in entries]
    run.delete(connection, worked, [visit for visit in known if visit in before], "host", "encounter")
    run.upsert(connection, worked, [worked_values(entry.row.host, one) for entry in entries for one in entry.worked])
