"""Jobs on SQLite or PostgreSQL: ports.JobQueue. Writers take turns (opening.py): what is read in a turn still holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, and_, delete, func, select, text, update

from massage_billing.ports.jobs import (
    KEPT,
    Job,
    JobKind,
    JobState,
    Piece,
    PieceState,
    Progress,
    Split,
)
from massage_billing.store.asking_rules import Alive, Clock, cannot_tell, utc_now
from massage_billing.store.database import Database
from massage_billing.store.jobs_rows import JobRow, PieceRow, Rows
from massage_billing.store.jobs_rules import JobLogic, counted
from massage_billing.store.jobs_tables import jobs, leases, pieces
from massage_billing.store.statements import Statements, chunks
from massage_billing.store.tables import HEAD, VERSION_TABLE, instant
from massage_billing.store.values import Scalar

_OVER = jobs.c.ended.is_not(None)


class SqlJobs(Database, JobLogic):
    """ports.JobQueue on the store's database (``SqlStore.jobs``). Threads may share one."""

    def __init__(self, engine: Engine, name: str, alive: Alive = cannot_tell, clock: Clock = utc_now) -> None:
        Database.__init__(self, engine, name)
        JobLogic.__init__(self, alive, clock)

    @contextmanager
    def _turn(self) -> Iterator[Rows]:
        with self._writing() as connection:
            yield _SqlRows(connection, self._run)

    @contextmanager
    def _look(self) -> Iterator[Rows]:
        with self._reading() as connection:
            yield _SqlRows(connection, self._run)

    def migrated(self) -> bool:
        """See ports.JobQueue."""
        with self._reading() as connection:
            version: object = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
            return version == HEAD


class _SqlRows:
    """Rows within one transaction."""

    def __init__(self, connection: Connection, run: Statements) -> None:
        self._connection, self._run = connection, run

    def open(self) -> list[JobRow]:
        """See Rows."""
        found = self._connection.execute(select(jobs).where(jobs.c.ended.is_(None)).order_by(jobs.c.asked, jobs.c.id))
        return [_job(row) for row in found]

    def job(self, id: str) -> JobRow | None:
        """See Rows."""
        row = self._connection.execute(select(jobs).where(jobs.c.id == id)).first()
        return None if row is None else _job(row)

    def recent(self, host: str, limit: int) -> list[JobRow]:
        """See Rows."""
        query = select(jobs).where(jobs.c.host == host).order_by(jobs.c.asked.desc(), jobs.c.id).limit(limit)
        return [_job(row) for row in self._connection.execute(query)]

    def last(self) -> list[JobRow]:
        """See Rows."""
        begun = jobs.c.state != JobState.WAITING.value
        newest = (
            select(jobs.c.kind, jobs.c.host, func.max(jobs.c.begun).label("begun"))
            .where(begun)
            .group_by(jobs.c.kind, jobs.c.host)
            .subquery()
        )
        same = and_(*(jobs.c[name] == newest.c[name] for name in ("kind", "host", "begun")), begun)
        query = select(jobs).join(newest, same).order_by(jobs.c.begun.desc(), jobs.c.asked.desc(), jobs.c.id)
        found: dict[tuple[JobKind, str], JobRow] = {}
        for row in map(_job, self._connection.execute(query)):
            found.setdefault((row.job.kind, row.job.host), row)
        return list(found.values())

    def put(self, row: JobRow) -> None:
        """See Rows."""
        self._run.upsert(self._connection, jobs, [_job_values(row)])

    def prune(self) -> None:
        """See Rows."""
        newest = select(jobs.c.id).order_by(jobs.c.asked.desc(), jobs.c.id).limit(KEPT)
        kept = {*self._connection.scalars(newest), *(row.job.id for row in self.last())}
        old = set(self._connection.scalars(select(jobs.c.id).where(_OVER))) - kept
        for some in chunks(sorted(old)):
            self._connection.execute(delete(jobs).where(jobs.c.id.in_(some)))

    def extend(self, owner: str, until: datetime) -> None:
        """See Rows."""
        self._connection.execute(update(jobs).where(jobs.c.ended.is_(None), jobs.c.owner == owner).values(lease=until))
        taken = and_(pieces.c.state == PieceState.TAKEN.value, pieces.c.owner == owner)
        self._connection.execute(update(pieces).where(taken).values(lease=until))
        self._connection.execute(update(leases).where(leases.c.owner == owner).values(until=until))

    def taken(self) -> list[PieceRow]:
        """See Rows."""
        query = select(pieces).where(pieces.c.state == PieceState.TAKEN.value).order_by(pieces.c.job, pieces.c.number)
        return [_piece(row) for row in self._connection.execute(query)]

    def next_waiting(self, job: str | None) -> PieceRow | None:
        """See Rows."""
        query = select(pieces).where(pieces.c.state == PieceState.WAITING.value)
        if job is not None:
            query = query.where(pieces.c.job == job)
        row = self._connection.execute(query.order_by(pieces.c.job, pieces.c.number).limit(1)).first()
        return None if row is None else _piece(row)

    def piece(self, job: str, number: int) -> PieceRow | None:
        """See Rows."""
        row = self._connection.execute(select(pieces).where(pieces.c.job == job, pieces.c.number == number)).first()
        return None if row is None else _piece(row)

    def put_pieces(self, rows: Sequence[PieceRow]) -> None:
        """See Rows."""
        self._run.upsert(self._connection, pieces, [_piece_values(row) for row in rows])

    def drop_pieces(self, job: str) -> None:
        """See Rows."""
        self._connection.execute(delete(pieces).where(pieces.c.job == job))

    def count_pieces(self, job: str) -> Mapping[PieceState, int]:
        """See Rows."""
        query = select(pieces.c.state, func.count()).where(pieces.c.job == job).group_by(pieces.c.state)
        return counted({PieceState(state): count for state, count in self._connection.execute(query)})

    def encounters(self, job: str) -> list[str]:
        """See Rows."""
        query = select(pieces.c.encounters).where(pieces.c.job == job).order_by(pieces.c.number)
        return [one for some in self._connection.scalars(query) for one in orjson.loads(some)]

    def lease(self, name: str) -> tuple[str, datetime] | None:
        """See Rows."""
        row = self._connection.execute(select(leases.c.owner, leases.c.until).where(leases.c.name == name)).first()
        return None if row is None else (row[0], row[1])

    def put_lease(self, name: str, owner: str, until: datetime) -> None:
        """See Rows."""
        self._run.upsert(self._connection, leases, [(name, owner, instant(until))])


def _job_values(row: JobRow) -> tuple[Scalar, ...]:
    """A job, in the order of the table."""
    job, split = row.job, row.split
    return (
        job.id, job.kind.value, job.host, job.by, job.state.value, row.owner,
        instant(row.asked), instant(job.begun), _instant(job.ended), _instant(row.lease), row.tries,
        _text(dict(job.counts)), _text(job.problems), _text({name: tuple(one) for name, one in job.progress.items()}),
        _text(job.encounters), split.cursor if split else None, split.visits if split else None,
        split is not None and split.whole, _text(dict(job.seen)),
    )  # fmt: skip


def _job(row: Any) -> JobRow:
    progress = orjson.loads(row.progress)
    job = Job(
        id=row.id,
        kind=JobKind(row.kind),
        host=row.host,
        by=row.asked_by,
        begun=row.begun,
        ended=row.ended,
        state=JobState(row.state),
        counts=orjson.loads(row.counts),
        problems=tuple(orjson.loads(row.problems)),
        progress={name: Progress(*one) for name, one in progress.items()},
        encounters=tuple(orjson.loads(row.encounters)),
        seen=orjson.loads(row.seen),
    )
    split = None if row.split_visits is None else Split(row.split_cursor, row.split_visits, row.split_whole)
    return JobRow(job, row.asked, row.owner, row.lease, row.tries, split)


def _piece_values(row: PieceRow) -> tuple[Scalar, ...]:
    """A piece, in the order of the table."""
    piece = row.piece
    ids = _text(piece.encounters)
    return (piece.job, piece.number, piece.host, ids, piece.state.value, row.owner, _instant(row.lease), piece.tries)


def _piece(row: Any) -> PieceRow:
    ids = tuple(orjson.loads(row.encounters))
    return PieceRow(Piece(row.job, row.number, row.host, ids, PieceState(row.state), row.tries), row.owner, row.lease)


def _text(value: object) -> str:
    return orjson.dumps(value).decode()


def _instant(value: datetime | None) -> Scalar:
    return None if value is None else instant(value)
