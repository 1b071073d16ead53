"""People's work on held visits in the database. In the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select

from massage_billing.model.desk import Work
from massage_billing.store import desk_rules
from massage_billing.store.desk_tables import work
from massage_billing.store.statements import Statements, chunks
from massage_billing.store.tables import instant
from massage_billing.store.values import Scalar

_Visit = tuple[str, str]
"""(host, Encounter id)."""

FIELDS = tuple(Work.__dataclass_fields__)
COLUMNS = [work.c[name] for name in FIELDS]
"""Columns of the table in the order of Work's fields."""


def known(connection: Connection, host: str, encounters: Iterable[str]) -> dict[str, Work]:
    """Work on these visits, by Encounter id; none on one that nobody has touched."""
    found: dict[str, Work] = {}
    for some in chunks(encounters):
        query = select(*COLUMNS).where(work.c.host == host, work.c.encounter.in_(some))
        for values in connection.execute(query):
            one = Work(*values)
            found[one.encounter] = one
    return found


def put(connection: Connection, run: Statements, host: str, some: Sequence[Work]) -> None:
    """Remember work."""
    run.upsert(connection, work, [_values(host, one) for one in some])


def overtake(connection: Connection, run: Statements, changed: Sequence[tuple[_Visit, str, datetime]]) -> None:
    """Runs have changed these holds: visit, what happened, when."""
    by_host: dict[str, list[tuple[str, str, datetime]]] = {}
    for (host, encounter), what, at in changed:
        by_host.setdefault(host, []).append((encounter, what, at))
    for host, some in by_host.items():
        before = known(connection, host, [encounter for encounter, _, _ in some])
        after = [desk_rules.overtaken(before.get(one, Work(one)), what, at) for one, what, at in some]
        put(connection, run, host, after)


def forget(connection: Connection, host: str, encounters: Iterable[str]) -> None:
    """Forget the work on these visits."""
    for some in chunks(encounters):
        connection.execute(delete(work).where(work.c.host == host, work.c.encounter.in_(some)))


def _values(host: str, one: Work) -> tuple[Scalar, ...]:
    at = instant(one.at) if one.at else None
    return (host, one.encounter, one.version, one.assignee, one.assignee_name, one.note, one.by, at, one.what)
