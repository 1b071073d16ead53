"""Which visits a change on the host may concern (DESIGN 4). Too many costs time, too few costs money."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, and_, select, tuple_

from massage_billing.ports import Touched, VisitState
from massage_billing.store.common import latest, wakes
from massage_billing.store.statements import chunks
from massage_billing.store.tables import used, visits


def wake(connection: Connection, host: str, touched: Sequence[Touched]) -> set[str]:
    """Encounter ids of visits that

    - used a touched resource in another version (an empty version is never the same),
    - are named by one that they have not used in this version,
    - belong to the patient named by one that they have not used in this version, and are held or waiting (or claimed,
      where it may change who is billed). One that its own Encounter has already used in this version is no news.
    """
    found: set[str] = set()
    for some in chunks(latest(touched)):
        found.update(_used_otherwise(connection, host, some))
        news = list(_named(connection, host, some))
        found.update(change.encounter for change in news if change.encounter)
        found.update(_of_patients(connection, host, [change for change in news if change.patient]))
    return found


def _pairs(touched: Iterable[Touched]) -> list[tuple[str, str]]:
    return [(change.reference, change.version) for change in touched if change.version]


def _used_by(host: str, touched: Sequence[Touched]) -> ColumnElement[bool]:
    return and_(used.c.host == host, used.c.reference.in_([change.reference for change in touched]))


def _used_otherwise(connection: Connection, host: str, touched: Sequence[Touched]) -> Iterator[str]:
    query = select(used.c.encounter).distinct().where(_used_by(host, touched))
    if pairs := _pairs(touched):
        query = query.where(tuple_(used.c.reference, used.c.version).not_in(pairs))
    yield from connection.scalars(query)


def _named(connection: Connection, host: str, touched: Sequence[Touched]) -> Iterator[Touched]:
    """Those that name an Encounter or a patient, but for those their Encounter has used in this version."""
    naming = [change for change in touched if change.encounter]
    pairs = [(change.reference, str(change.encounter)) for change in naming]
    current: set[tuple[str, str, str]] = set()
    if pairs:
        query = select(used.c.reference, used.c.encounter, used.c.version).where(
            _used_by(host, naming), tuple_(used.c.reference, used.c.encounter).in_(pairs), used.c.version != ""
        )
        current = {(ref, encounter, version) for ref, encounter, version in connection.execute(query)}
    for change in touched:
        if change.encounter or change.patient:
            if (change.reference, change.encounter, change.version) not in current:
                yield change


def _of_patients(connection: Connection, host: str, touched: Sequence[Touched]) -> Iterator[str]:
    if not touched:
        return
    states = [state.value for state in VisitState if any(wakes(change, state) for change in touched)]
    query = select(visits.c.patient, visits.c.encounter, visits.c.state).where(
        visits.c.host == host,
        visits.c.patient.in_({change.patient for change in touched}),
        visits.c.state.in_(states),
    )
    by_patient: dict[str, list[tuple[str, VisitState]]] = {}
    for patient, encounter, state in connection.execute(query):
        by_patient.setdefault(patient, []).append((encounter, VisitState(state)))
    if not by_patient:
        return
    current = _current(connection, host, touched)
    for change in touched:
        for encounter, state in by_patient.get(change.patient or "", ()):
            if wakes(change, state) and (change.reference, encounter) not in current:
                yield encounter


def _current(connection: Connection, host: str, touched: Sequence[Touched]) -> set[tuple[str, str]]:
    """(reference, Encounter id) where the visit has used the resource in the version it now has."""
    if not (pairs := _pairs(touched)):
        return set()
    query = select(used.c.reference, used.c.encounter).where(
        _used_by(host, touched), tuple_(used.c.reference, used.c.version).in_(pairs)
    )
    return {(ref, encounter) for ref, encounter in connection.execute(query)}
