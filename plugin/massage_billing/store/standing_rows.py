"""How far a visit's claim has come, kept beside the visit, so that the list of claims is read from one index. In the
transaction that changes the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select

from massage_billing.ports import VisitState
from massage_billing.ports.ledger import Submission
from massage_billing.store import tally
from massage_billing.store.desk_rules import listed, sent
from massage_billing.store.ledger_tables import submissions
from massage_billing.store.statements import Statements, chunks
from massage_billing.store.tables import instant, visits
from massage_billing.store.tally import FACT, Fact
from massage_billing.store.values import Scalar

_Stands = tuple[str, datetime | None]
"""How far, and since when."""

_NAMES = ("encounter", "claim_key", "state", "date", "stood")
_COLUMNS = [visits.c[name] for name in (*_NAMES, *FACT)]


def follow(connection: Connection, run: Statements, changed: Iterable[Submission]) -> None:
    """These claims stand as they say: so do the visits whose rows name them."""
    by_host: dict[str, dict[tuple[str, str], _Stands]] = {}
    for one in changed:
        by_host.setdefault(one.host, {})[one.encounter, one.key] = sent(one.standing.value, one.since)
    for host, stands in by_host.items():
        for some in chunks(stands.items()):
            _put(connection, run, host, dict(some))


def forget(connection: Connection, run: Statements, host: str, patient: str) -> None:
    """The claims of a patient are about to be forgotten: nobody was sent what their visits name."""
    theirs = select(submissions.c.encounter, submissions.c.key).where(
        submissions.c.patient == patient, submissions.c.host == host
    )
    for some in chunks(connection.execute(theirs).all()):
        _put(connection, run, host, {(encounter, key): ("", None) for encounter, key in some})


def _put(connection: Connection, run: Statements, host: str, stands: dict[tuple[str, str], _Stands]) -> None:
    query = select(*_COLUMNS).where(visits.c.host == host, visits.c.encounter.in_([one for one, _ in stands]))
    rows: list[tuple[Scalar, ...]] = []
    counted: list[tuple[Fact, Fact]] = []
    for encounter, key, state, date, stood, *facts in connection.execute(query):
        now = stands.get((encounter, key))
        before = Fact(*facts)
        if now is None or now == (before.standing, stood):
            continue
        after = before._replace(standing=now[0], listed=listed(VisitState(state), date, now[0]))
        since = instant(now[1]) if now[1] else None
        rows.append((now[0], since, after.listed.isoformat() if after.listed else None, encounter, host))
        counted.append((before, after))
    run.update(connection, visits, rows, "standing", "stood", "listed")
    tally.change(connection, run, counted)
