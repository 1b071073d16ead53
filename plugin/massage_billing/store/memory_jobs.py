"""Jobs in memory: the fake that ships, for tests and for trying pages out. It keeps the contract of the database's."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from massage_billing.ports.jobs import KEPT, JobState, PieceState
from massage_billing.store.asking_rules import Alive, Clock, cannot_tell, utc_now
from massage_billing.store.jobs_rows import JobRow, PieceRow, Rows
from massage_billing.store.jobs_rules import JobLogic, counted


class MemoryJobs(JobLogic):
    """ports.JobQueue in memory. Threads may share one."""

    def __init__(self, alive: Alive = cannot_tell, clock: Clock = utc_now) -> None:
        super().__init__(alive, clock)
        self._rows = _MemoryRows()
        self._lock = threading.RLock()

    @contextmanager
    def _turn(self) -> Iterator[Rows]:
        with self._lock:
            yield self._rows

    _look = _turn

    def migrated(self) -> bool:
        """Always."""
        return True


class _MemoryRows:
    """Rows of the fake."""

    def __init__(self) -> None:
        self._jobs: dict[str, JobRow] = {}
        self._pieces: dict[tuple[str, int], PieceRow] = {}
        self._leases: dict[str, tuple[str, datetime]] = {}

    def open(self) -> list[JobRow]:
        """See Rows."""
        return sorted((row for row in self._jobs.values() if not row.job.over), key=lambda row: row.asked)

    def job(self, id: str) -> JobRow | None:
        """See Rows."""
        return self._jobs.get(id)

    def recent(self, host: str, limit: int) -> list[JobRow]:
        """See Rows."""
        of_host = [row for row in self._newest() if row.job.host == host]
        return of_host[:limit]

    def _newest(self) -> list[JobRow]:
        return sorted(reversed(self._jobs.values()), key=lambda row: row.asked, reverse=True)

    def last(self) -> list[JobRow]:
        """See Rows."""
        found: dict[tuple[str, str], JobRow] = {}
        begun = [row for row in reversed(self._jobs.values()) if row.job.state is not JobState.WAITING]
        for row in sorted(begun, key=lambda row: row.job.begun, reverse=True):
            found.setdefault((row.job.kind.value, row.job.host), row)
        return list(found.values())

    def put(self, row: JobRow) -> None:
        """See Rows."""
        self._jobs[row.job.id] = row

    def prune(self) -> None:
        """See Rows."""
        kept = {row.job.id for row in (*self._newest()[:KEPT], *self.last(), *self.open())}
        self._jobs = {id: row for id, row in self._jobs.items() if id in kept}

    def extend(self, owner: str, until: datetime) -> None:
        """See Rows."""
        for id, job in self._jobs.items():
            if job.owner == owner:
                self._jobs[id] = replace(job, lease=until)
        for place, piece in self._pieces.items():
            if piece.owner == owner:
                self._pieces[place] = replace(piece, lease=until)
        for name, (holder, _) in self._leases.items():
            if holder == owner:
                self._leases[name] = (owner, until)

    def taken(self) -> list[PieceRow]:
        """See Rows."""
        return [row for row in self._pieces.values() if row.piece.state is PieceState.TAKEN]

    def next_waiting(self, job: str | None) -> PieceRow | None:
        """See Rows."""
        waiting = (row for row in self._pieces.values() if row.piece.state is PieceState.WAITING)
        return next((row for row in waiting if job in (None, row.piece.job)), None)

    def piece(self, job: str, number: int) -> PieceRow | None:
        """See Rows."""
        return self._pieces.get((job, number))

    def put_pieces(self, rows: Sequence[PieceRow]) -> None:
        """See Rows."""
        self._pieces.update(((row.piece.job, row.piece.number), row) for row in rows)

    def drop_pieces(self, job: str) -> None:
        """See Rows."""
        self._pieces = {place: row for place, row in self._pieces.items() if place[0] != job}

    def count_pieces(self, job: str) -> Mapping[PieceState, int]:
        """See Rows."""
        return counted(Counter(row.piece.state for row in self._pieces.values() if row.piece.job == job))

    def encounters(self, job: str) -> list[str]:
        """See Rows."""
        return [one for place, row in sorted(self._pieces.items()) if place[0] == job for one in row.piece.encounters]

    def lease(self, name: str) -> tuple[str, datetime] | None:
        """See Rows."""
        return self._leases.get(name)

    def put_lease(self, name: str, owner: str, until: datetime) -> None:
        """See Rows."""
        self._leases[name] = (owner, until)
