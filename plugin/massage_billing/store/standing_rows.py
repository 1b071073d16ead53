"""How far a visit's claim has come, kept beside the visit: lists and sums of a hundred thousand claims then read one
index. In the transaction that changes the ledger."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Text, and_, bindparam, case, cast, func, literal_column, null, or_, select, update
from sqlalchemy.sql import ClauseElement

from massage_billing.ports import VisitState
from massage_billing.ports.ledger import Submission
from massage_billing.store.desk_rules import NO_DATE, sent
from massage_billing.store.ledger_tables import submissions
from massage_billing.store.statements import Statements
from massage_billing.store.tables import instant, visits
from massage_billing.store.values import Scalar

_CLAIMED = literal_column(f"'{VisitState.CLAIMED.value}'", Text)


def follow(connection: Connection, run: Statements, changed: Iterable[Submission]) -> None:
    """These claims stand as they say: so do the visits whose rows name them."""
    rows: list[tuple[Scalar, ...]] = []
    for one in changed:
        standing, since = sent(one.standing.value, one.since)
        stood = instant(since) if since else None
        rows.append((standing, stood, standing, one.encounter, one.host, one.key))
    run.many(connection, "standing of visits", rows, _statement)


def forget(connection: Connection, host: str, patient: str) -> None:
    """The claims of a patient are about to be forgotten: nobody was sent what their visits name."""
    theirs = select(submissions.c.encounter, submissions.c.key).where(
        submissions.c.patient == patient, submissions.c.host == host
    )
    stays = case((visits.c.state == _CLAIMED, visits.c.listed), else_=null())
    for encounter, key in connection.execute(theirs).all():
        these = (visits.c.encounter == encounter, visits.c.host == host, visits.c.claim_key == key)
        connection.execute(update(visits).where(*these).values(standing="", stood=None, listed=stays))


def _statement() -> ClauseElement:
    # No parameters but those of the rows: they are handed over in order.
    stays = or_(visits.c.state == _CLAIMED, cast(bindparam("of"), Text) != literal_column("''"))
    place = case((stays, func.coalesce(visits.c.date, literal_column(f"'{NO_DATE.isoformat()}'"))), else_=null())
    these = and_(
        visits.c.encounter == bindparam("its"), visits.c.host == bindparam("at"), visits.c.claim_key == bindparam("key")
    )
    return update(visits).where(these).values(standing=bindparam("now"), stood=bindparam("since"), listed=place)
