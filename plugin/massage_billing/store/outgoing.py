"""The outbox: groups wait in it until the host has them. All in the caller's transaction.

A group that replaces another gets a new id and goes to the end of the queue. Ids say what was written: a confirmation
of the group that was replaced leaves the new one waiting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Select, delete, func, select, update

from massage_billing.ports import Entry, OutboxRow, WriteGroup
from massage_billing.store.common import MESSAGE_LENGTH
from massage_billing.store.statements import Statements, chunks
from massage_billing.store.tables import outbox, payload
from massage_billing.store.values import pack_group, unpack_group


def put(connection: Connection, run: Statements, entries: Sequence[Entry]) -> None:
    """Queue the entries' groups, in order; each replaces the one with its key, waiting or written."""
    groups: dict[tuple[str, str], WriteGroup] = {}
    for entry in entries:
        if entry.group is not None:
            name = (entry.row.host, entry.group.key)
            groups.pop(name, None)
            groups[name] = entry.group
    if not groups:
        return
    number = _next(connection, {host for host, _ in groups})
    run.delete(connection, outbox, list(groups), "host", "key")
    rows = [
        (number + i, host, group.key, group.encounter, number + i, 0, "", None)
        for i, ((host, _), group) in enumerate(groups.items())
    ]
    run.insert(connection, outbox, rows)
    run.insert(connection, payload, [(number + i, pack_group(group)) for i, group in enumerate(groups.values())])


def _next(connection: Connection, hosts: Iterable[str]) -> int:
    """A number past every id and every place. Taken before anything is deleted, so that none comes back."""
    top = connection.scalar(select(func.max(outbox.c.id))) or 0
    for host in hosts:
        last = select(func.max(outbox.c.place)).where(outbox.c.host == host, outbox.c.confirmed_at.is_(None))
        top = max(top, connection.scalar(last) or 0)
    return top + 1


def waiting(connection: Connection, host: str, limit: int) -> list[tuple[int, OutboxRow]]:
    """The first groups of the queue, with their ids."""
    query = (
        select(outbox.c.id, outbox.c.key, outbox.c.encounter, outbox.c.attempts, outbox.c.last_error, payload.c.body)
        .join(payload, payload.c.id == outbox.c.id)
        .where(outbox.c.host == host, outbox.c.confirmed_at.is_(None))
        .order_by(outbox.c.place)
        .limit(limit)
    )
    return [
        (id_, OutboxRow(unpack_group(key, encounter, body), attempts, error))
        for id_, key, encounter, attempts, error, body in connection.execute(query)
    ]


def confirm(connection: Connection, host: str, handed: Mapping[str, int | None], now: datetime) -> set[str]:
    """Mark groups as written; the Encounter ids of visits that have something newer to write.

    ``handed``: by key, the id under which the group was given out; None confirms whatever waits under the key.
    """
    written: dict[int, str] = {}
    encounters: dict[str, int] = {}
    for some in chunks(handed):
        query = select(outbox.c.id, outbox.c.key, outbox.c.encounter)
        for id_, key, encounter in connection.execute(query.where(outbox.c.host == host, outbox.c.key.in_(some))):
            given = handed[key] or id_
            encounters[encounter] = max(given, encounters.get(encounter, 0))
            if given == id_:
                written[id_] = encounter
    for ids in chunks(written):
        connection.execute(
            update(outbox).where(outbox.c.id.in_(ids), outbox.c.confirmed_at.is_(None)).values(confirmed_at=now)
        )
    return {
        encounter
        for some in chunks(encounters)
        for encounter, id_ in connection.execute(_waiting_for(host, some, outbox.c.encounter, outbox.c.id))
        if id_ > encounters[encounter]
    }


def _waiting_for(host: str, encounters: Sequence[str], *columns: Column[Any]) -> Select[Any]:
    return select(*columns).where(
        outbox.c.host == host, outbox.c.encounter.in_(encounters), outbox.c.confirmed_at.is_(None)
    )


def fail(connection: Connection, host: str, key: str, problem: str) -> None:
    """Count a try that failed and send the visit's groups to the end of the queue, in their order.

    So a group the host never takes does not keep the others from being tried.
    """
    of_key = (outbox.c.host == host, outbox.c.key == key, outbox.c.confirmed_at.is_(None))
    encounter = connection.scalar(select(outbox.c.encounter).where(*of_key))
    if encounter is None:
        return
    connection.execute(
        update(outbox).where(*of_key).values(attempts=outbox.c.attempts + 1, last_error=problem[:MESSAGE_LENGTH])
    )
    place = _next(connection, [host])
    ids = connection.scalars(_waiting_for(host, [encounter], outbox.c.id).order_by(outbox.c.place)).all()
    for i, id_ in enumerate(ids):
        connection.execute(update(outbox).where(outbox.c.id == id_).values(place=place + i))


def purge(connection: Connection, before: datetime) -> int:
    """Forget groups confirmed before a time; how many."""
    return connection.execute(delete(outbox).where(outbox.c.confirmed_at < before)).rowcount
