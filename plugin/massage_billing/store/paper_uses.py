"""Uses of papers in the database: counted again in the transaction that commits a decision (DESIGN 16: no double use).

The counting itself is model.paper_use, the same for the run, the store and its fake.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time

from sqlalchemy import Connection, and_, delete, select, true, update

from massage_billing.model import PaperCount, UseState
from massage_billing.ports import Entry
from massage_billing.store.common import Recount, recount
from massage_billing.store.statements import Statements, chunks
from massage_billing.store.tables import AGAIN, paper_uses

_COLUMNS = tuple(paper_uses.c[name] for name in PaperCount.__dataclass_fields__)


def of_patients(connection: Connection, host: str, patients: Iterable[str]) -> list[PaperCount]:
    """What visits use of the papers of these patients."""
    found = []
    for some in chunks(patients):
        query = select(*_COLUMNS).where(paper_uses.c.host == host, paper_uses.c.patient.in_(some))
        for patient, paper, encounter, day, visits, units, state in connection.execute(query):
            found.append(PaperCount(patient, paper, encounter, day, visits, units, UseState(state)))
    return found


def put(connection: Connection, run: Statements, entries: Sequence[Entry]) -> set[tuple[str, str]]:
    """Remember what these visits use; (host, Encounter id) of those that were decided on another count."""
    counted = [entry for entry in entries if entry.uses is not None]
    refused: set[tuple[str, str]] = set()
    for host in dict.fromkeys(entry.row.host for entry in counted):
        mine = [entry for entry in counted if entry.row.host == host]
        made = recount(_known(connection, host, mine), mine)
        refused |= {(host, encounter) for encounter in made.refused}
        _replace(connection, run, host, [entry for entry in mine if entry.row.encounter not in made.refused], made)
    return refused


def _known(connection: Connection, host: str, entries: Sequence[Entry]) -> list[PaperCount]:
    """Every use of the patients that these visits are, or were, of."""
    patients = {entry.row.patient for entry in entries} - {None}
    for some in chunks(entry.row.encounter for entry in entries):
        query = select(paper_uses.c.patient).where(paper_uses.c.host == host, paper_uses.c.encounter.in_(some))
        patients.update(connection.scalars(query))
    return of_patients(connection, host, sorted(patient for patient in patients if patient is not None))


def _replace(connection: Connection, run: Statements, host: str, entries: Sequence[Entry], made: Recount) -> None:
    run.delete(connection, paper_uses, [(host, entry.row.encounter) for entry in entries], "host", "encounter")
    uses = [use for entry in entries for use in entry.uses or ()]
    run.upsert(
        connection,
        paper_uses,
        [
            (host, u.patient, u.paper, u.encounter, u.date.isoformat(), u.visits, u.units, u.state.value, False)
            for u in uses
        ],
    )
    for some in chunks(sorted(made.woken)):
        these = and_(paper_uses.c.host == host, paper_uses.c.encounter.in_(some))
        connection.execute(update(paper_uses).where(these).values(again=true()))


def due(connection: Connection, host: str) -> list[tuple[datetime, str]]:
    """(midnight of its date of service, Encounter id) of visits whose count has changed."""
    query = select(paper_uses.c.date, paper_uses.c.encounter).where(paper_uses.c.host == host, AGAIN).distinct()
    return [(datetime.combine(day, time.min, UTC), encounter) for day, encounter in connection.execute(query)]


def mark_sent(connection: Connection, host: str, encounters: Iterable[str]) -> None:
    """These visits' claims were sent."""
    for some in chunks(encounters):
        these = and_(paper_uses.c.host == host, paper_uses.c.encounter.in_(some))
        connection.execute(update(paper_uses).where(these).values(state=UseState.SENT.value))


def forget(connection: Connection, host: str, patient: str) -> None:
    """Forget a patient's."""
    connection.execute(delete(paper_uses).where(paper_uses.c.host == host, paper_uses.c.patient == patient))
