"""Rows of visits as they are written, with what the pages ask by (desk_rules.py). In the writer's transaction, so that
what is read before still holds when it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, delete, select

from massage_billing.ports import Entry, VisitRow, VisitState
from massage_billing.store import desk_rules, neighbours, tally, work_rows
from massage_billing.store.common import overtaken
from massage_billing.store.desk_rules import Kept
from massage_billing.store.ledger_tables import submissions
from massage_billing.store.statements import Statements, chunks
from massage_billing.store.tables import instant, used, visits
from massage_billing.store.tally import FACT, Fact
from massage_billing.store.values import ROW_FIELDS, Scalar, pack_used, row_from, row_values, unpack_used

_Visit = tuple[str, str]
"""(host, Encounter id)."""

KEPT = ("rules", "cents", "since", "claimed", "days", "standing", "stood", "listed")
"""Columns beside the row's own, in order."""


class _Before(NamedTuple):
    """What stood of a visit."""

    state: VisitState
    claim_key: str
    rules: tuple[str, ...]
    used: dict[str, str]
    kept: Kept
    fact: Fact


_ROW = [visits.c[name] for name in ROW_FIELDS]
_OWN = ("encounter", "state", "claim_key", "rules", "used")
_BEFORE = [visits.c[name] for name in (*_OWN, *Kept._fields, *FACT)]
_KEPT, _FACT = len(_OWN), len(_OWN) + len(Kept._fields)


def put(connection: Connection, run: Statements, entries: Sequence[Entry], now: datetime) -> None:
    """Rows of decided visits, and the index of what they rest on: only what changed since each was last decided."""
    before = _before(connection, [entry.row for entry in entries])
    fresh: list[tuple[str, str, str, str]] = []
    stale: list[tuple[str, str, str]] = []
    packed: dict[_Visit, bytes] = {}
    for entry in entries:
        host, encounter = entry.row.host, entry.row.encounter
        known = before.get((host, encounter))
        new, old = dict(entry.used), known.used if known else {}
        fresh += [(host, ref, encounter, version) for ref, version in new.items() if old.get(ref) != version]
        stale += [(host, ref, encounter) for ref in old.keys() - new.keys()]
        packed[host, encounter] = pack_used(new)
    made = _made(connection, run, [(entry.row, entry.at or now) for entry in entries], before)
    rows = [
        (*row_values(row)[:-1], packed[row.host, row.encounter], row_values(row)[-1], *beside) for row, beside in made
    ]
    run.upsert(connection, visits, rows)
    run.delete(connection, used, stale, "host", "reference", "encounter")
    run.upsert(connection, used, fresh)
    neighbours.put_worked(connection, run, entries, before)


def overtaken_of(connection: Connection, entries: Sequence[Entry]) -> set[_Visit]:
    """Visits of which the store says otherwise by now than when they were read to be decided."""
    by_host: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        if entry.compared:
            by_host.setdefault(entry.row.host, {})[entry.row.encounter] = entry
    found: set[_Visit] = set()
    for host, some in by_host.items():
        now: dict[str, VisitRow] = {}
        for ids in chunks(some):
            query = select(*_ROW).where(visits.c.host == host, visits.c.encounter.in_(ids))
            now.update((row.encounter, row) for row in map(row_from, connection.execute(query)))
        found |= {(host, id) for id, entry in some.items() if overtaken(entry, now.get(id))}
    return found


def replace(connection: Connection, run: Statements, rows: Sequence[VisitRow], now: datetime) -> None:
    """Rows of visits whose claim or Task was written; what they rest on stays."""
    last = {(row.host, row.encounter): (row, now) for row in rows}
    made = _made(connection, run, list(last.values()), _before(connection, rows))
    run.upsert(connection, visits, [(*row_values(row), *beside) for row, beside in made], *ROW_FIELDS, *KEPT)


def forget(connection: Connection, run: Statements, host: str, encounters: Sequence[str]) -> None:
    """Forget what these visits rest on, and themselves."""
    for some in chunks(encounters):
        these = (visits.c.host == host, visits.c.encounter.in_(some))
        query = select(visits.c.encounter, visits.c.used, *(visits.c[name] for name in FACT)).where(*these)
        known = connection.execute(query).all()
        rests = [(host, reference, encounter) for encounter, of, *_ in known for reference in unpack_used(of)]
        run.delete(connection, used, rests, "host", "reference", "encounter")
        tally.change(connection, run, [(Fact(*values[2:]), None) for values in known])
        connection.execute(delete(visits).where(*these))


def _before(connection: Connection, rows: Iterable[VisitRow]) -> dict[_Visit, _Before]:
    by_host: dict[str, list[str]] = {}
    for row in rows:
        by_host.setdefault(row.host, []).append(row.encounter)
    found: dict[_Visit, _Before] = {}
    for host, encounters in by_host.items():
        for some in chunks(encounters):
            query = select(*_BEFORE).where(visits.c.host == host, visits.c.encounter.in_(some))
            for values in connection.execute(query):
                encounter, state, key, rules, packed = values[:_KEPT]
                names = tuple(orjson.loads(rules)) if rules else ()
                kept, fact = Kept(*values[_KEPT:_FACT]), Fact(*values[_FACT:])
                found[host, encounter] = _Before(VisitState(state), key, names, unpack_used(packed), kept, fact)
    return found


def _made(
    connection: Connection,
    run: Statements,
    rows: Sequence[tuple[VisitRow, datetime]],
    before: Mapping[_Visit, _Before],
) -> list[tuple[VisitRow, tuple[Scalar, ...]]]:
    """Each row with what is kept beside it. Work on holds that a run changes is overtaken; claims are counted."""
    renamed = [row for row, _ in rows if _claim_of(before.get((row.host, row.encounter))) != row.claim_key]
    sent = _sent(connection, renamed)
    changed: list[tuple[_Visit, str, datetime]] = []
    made: list[tuple[VisitRow, tuple[Scalar, ...]]] = []
    counted: list[tuple[Fact | None, Fact]] = []
    for row, at in rows:
        visit = (row.host, row.encounter)
        was = before.get(visit)
        kept = desk_rules.moved(row, was.state if was else None, was.kept if was else Kept(), at)
        if _claim_of(was) != row.claim_key:
            standing, stood = desk_rules.sent(*sent.get((*visit, row.claim_key), ("", None)))
            kept = kept._replace(standing=standing, stood=stood)
        if was and (what := desk_rules.by_a_run(was.state, was.rules, row)):
            changed.append((visit, what, at))
        made.append((row, _beside(row, kept)))
        counted.append((was.fact if was else None, _fact(row, kept)))
    work_rows.overtake(connection, run, changed)
    tally.change(connection, run, counted)
    return made


def _claim_of(before: _Before | None) -> str | None:
    return before.claim_key if before else None


def _sent(connection: Connection, rows: Sequence[VisitRow]) -> dict[tuple[str, str, str], tuple[str, datetime | None]]:
    """How far the claims have come that these rows name, by host, Encounter id and claim key."""
    columns = [submissions.c[name] for name in ("host", "encounter", "key", "standing", "since")]
    found: dict[tuple[str, str, str], tuple[str, datetime | None]] = {}
    for some in chunks({row.claim_key for row in rows if row.claim_key}):
        for host, encounter, key, standing, since in connection.execute(
            select(*columns).where(submissions.c.key.in_(some))
        ):
            found[host, encounter, key] = (standing, since)
    return found


def _fact(row: VisitRow, kept: Kept) -> Fact:
    place = desk_rules.listed(row.state, row.date, kept.standing)
    who = orjson.dumps(row.therapists).decode() if row.therapists else ""
    return Fact(row.host, row.payer, row.draft, who, desk_rules.cents(row.amount), kept.days, kept.standing, place)


def _beside(row: VisitRow, kept: Kept) -> tuple[Scalar, ...]:
    """In the order of KEPT."""
    rules = desk_rules.rules_of(row)
    listed = desk_rules.listed(row.state, row.date, kept.standing)
    return (
        orjson.dumps(rules).decode() if rules else "",
        desk_rules.cents(row.amount),
        instant(kept.since) if kept.since else None,
        instant(kept.claimed) if kept.claimed else None,
        kept.days,
        kept.standing,
        instant(kept.stood) if kept.stood else None,
        listed.isoformat() if listed else None,
    )
