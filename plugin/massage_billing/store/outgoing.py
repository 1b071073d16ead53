"""The outbox: groups wait in it until the host has them. All in the caller's transaction.

A group that replaces another gets a new id and goes to the end of the queue. Ids say what was written: when another
process has replaced a group meanwhile, confirming the old one leaves the new one waiting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from massage_billing.ports import Entry, OutboxRow
from massage_billing.store.common import MESSAGE_LENGTH
from massage_billing.store.statements import Statements, chunks
from massage_billing.store.tables import PENDING, outbox, payload
from massage_billing.store.values import pack_group, unpack_group

Handed = tuple[int, str]
"""What this process was given of the outbox: id of the group, Encounter id."""


def put(connection: Connection, run: Statements, entries: Sequence[Entry]) -> dict[tuple[str, str], Handed]:
    """Queue the groups of the entries (one a visit), in order; what was queued, by (host, key).

    What waits for these visits goes, for the newest decision alone counts; so does what was written under the key.
    """
    groups = {(entry.row.host, entry.group.key): entry.group for entry in entries if entry.group is not None}
    number = _next(connection, {host for host, _ in groups})
    queued = [(entry.row.host, entry.row.encounter) for entry in entries]
    run.delete(connection, outbox, queued, "host", "encounter", where=PENDING)
    run.delete(connection, outbox, list(groups), "host", "key")
    rows = [
        (number + i, host, group.key, group.encounter, number + i, 0, "", None)
        for i, ((host, _), group) in enumerate(groups.items())
    ]
    run.insert(connection, outbox, rows)
    run.insert(connection, payload, [(number + i, pack_group(group)) for i, group in enumerate(groups.values())])
    return {name: (number + i, group.encounter) for i, (name, group) in enumerate(groups.items())}


def _next(connection: Connection, hosts: Iterable[str]) -> int:
    """A number past every id and every place. Taken before anything is deleted, so that none comes back."""
    top = connection.scalar(select(func.max(outbox.c.id))) or 0
    for host in hosts:
        last = select(func.max(outbox.c.place)).where(outbox.c.host == host, PENDING)
        top = max(top, connection.scalar(last) or 0)
    return top + 1


def waiting(connection: Connection, host: str, limit: int) -> list[tuple[int, OutboxRow]]:
    """The first groups of the queue, with their ids."""
    query = (
        select(outbox.c.id, outbox.c.key, outbox.c.encounter, outbox.c.attempts, outbox.c.last_error, payload.c.body)
        .join(payload, payload.c.id == outbox.c.id)
        .where(outbox.c.host == host, PENDING)
        .order_by(outbox.c.place)
        .limit(limit)
    )
    return [
        (id_, OutboxRow(unpack_group(key, encounter, body), attempts, error))
        for id_, key, encounter, attempts, error, body in connection.execute(query)
    ]


def confirm(connection: Connection, host: str, handed: Mapping[str, Handed | None], now: datetime) -> set[str]:
    """Mark groups as written; the Encounter ids of visits that were decided anew since these groups were given out.

    ``handed``: by key, what was given out; None confirms whatever waits under the key.
    """
    waiting: dict[str, int] = {}
    for some in chunks(handed):
        query = select(outbox.c.key, outbox.c.id).where(outbox.c.host == host, outbox.c.key.in_(some))
        waiting.update((key, id_) for key, id_ in connection.execute(query))
    written, newer = [], set()
    for key, given in handed.items():
        if given is not None and waiting.get(key) != given[0]:
            newer.add(given[1])
        elif key in waiting:
            written.append(waiting[key])
    for ids in chunks(written):
        connection.execute(update(outbox).where(outbox.c.id.in_(ids), PENDING).values(confirmed_at=now))
    return newer


def fail(connection: Connection, host: str, key: str, problem: str) -> None:
    """Count a try that failed and send the group to the end of the queue.

    So a group the host never takes does not keep the others from being tried.
    """
    connection.execute(
        update(outbox)
        .where(outbox.c.host == host, outbox.c.key == key, PENDING)
        .values(attempts=outbox.c.attempts + 1, last_error=problem[:MESSAGE_LENGTH], place=_next(connection, [host]))
    )


def count(connection: Connection, host: str) -> int:
    """How many groups wait."""
    return connection.scalar(select(func.count()).select_from(outbox).where(outbox.c.host == host, PENDING)) or 0


def purge(connection: Connection, before: datetime) -> int:
    """Forget groups confirmed before a time; how many."""
    return connection.execute(delete(outbox).where(outbox.c.confirmed_at < before)).rowcount
