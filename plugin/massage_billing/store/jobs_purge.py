"""Forgetting visits in jobs. In the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection

import orjson
from sqlalchemy import Connection, select, update

from massage_billing.store.jobs_tables import jobs


def forget(connection: Connection, host: str, encounters: Collection[str]) -> None:
    """Take these visits out of what jobs are or were about: a few hundred rows at most."""
    query = select(jobs.c.id, jobs.c.encounters, jobs.c.seen).where(jobs.c.host == host, jobs.c.encounters != "[]")
    for id, written, shown in connection.execute(query).all():
        named = orjson.loads(written)
        kept = [one for one in named if one not in encounters]
        seen = {one: digest for one, digest in orjson.loads(shown).items() if one not in encounters}
        if kept != named:
            values = {"encounters": orjson.dumps(kept).decode(), "seen": orjson.dumps(seen).decode()}
            connection.execute(update(jobs).where(jobs.c.id == id).values(values))
