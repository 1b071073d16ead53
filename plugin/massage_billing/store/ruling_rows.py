"""People's decisions on visits in the database. In the caller's transaction."""

from __future__ import annotations

from sqlalchemy import Connection, and_, or_, update

from massage_billing.model import Ruling
from massage_billing.model.desk import Work
from massage_billing.store import desk_rules, work_rows
from massage_billing.store.statements import Statements
from massage_billing.store.tables import instant, rulings, visits


def put(connection: Connection, run: Statements, host: str, encounter: str, ruling: Ruling) -> Work:
    """Remember a decision: the visit is due at ``ruling.at``, and whoever has its hold before them is overtaken. The
    work as it stands now."""
    values = (host, encounter, ruling.kind.value, ruling.reason, ruling.by, instant(ruling.at), False)
    run.upsert(connection, rulings, [values])
    later = and_(
        visits.c.host == host,
        visits.c.encounter == encounter,
        or_(visits.c.due.is_(None), visits.c.due > ruling.at),
    )
    connection.execute(update(visits).where(later).values(due=ruling.at))
    before = work_rows.known(connection, host, [encounter]).get(encounter, Work(encounter))
    work = desk_rules.decided(before, ruling)
    work_rows.put(connection, run, host, [work])
    return work
