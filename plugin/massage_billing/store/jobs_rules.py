"""Who may do which job, and what becomes of it: the same for the database and the fake.

``JobLogic`` decides; where rows are kept, and how a turn is had alone, is its subclasses' knowledge.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from massage_billing.ports.jobs import (
    NOTHING_SEEN,
    OF_VISITS,
    PROBLEMS,
    Begun,
    Job,
    JobKind,
    JobState,
    Outcome,
    Piece,
    PieceDone,
    PieceState,
    Progress,
    Split,
)
from massage_billing.store.asking_rules import Alive, Clock
from massage_billing.store.jobs_rows import JobRow, PieceRow, Rows

LEASE: Final = timedelta(seconds=30)
"""How long what a process holds stays its own without a sign of life, where nobody here can tell whether it lives."""
TRIES: Final = 3
"""How often work that ended its process is begun."""
SCHEDULE: Final = "schedule"
"""The lease of who keeps the schedule."""

TAKEN_OVER: Final = "The process that did this job ended meanwhile; another one went on with it."
GIVEN_UP: Final = f"It was begun {TRIES} times, and its process ended each time. The service's log tells more."


class JobLogic:
    """ports.JobQueue over ``Rows``. ``alive`` tells of processes of this machine (store.askers)."""

    def __init__(self, alive: Alive, clock: Clock) -> None:
        self.alive, self.clock = alive, clock

    def _turn(self) -> AbstractContextManager[Rows]:
        """Rows to read and write, alone; all that is done is kept, or nothing."""
        raise NotImplementedError

    def _look(self) -> AbstractContextManager[Rows]:
        """Rows to read."""
        raise NotImplementedError

    # --- asked ------------------------------------------------------------------------------------------------------

    def ask(
        self,
        kind: JobKind,
        host: str,
        by: str,
        encounters: Sequence[str] = (),
        seen: Mapping[str, str] = NOTHING_SEEN,
    ) -> Begun:
        """See ports.Jobs."""
        with self._turn() as rows:
            return self._asked(rows, kind, host, by, encounters, seen)

    def begin(self, kind: JobKind, host: str, by: str, owner: str, encounters: Sequence[str] = ()) -> Begun:
        """See ports.JobQueue."""
        with self._turn() as rows:
            asked = self._asked(rows, kind, host, by, encounters)
            row = rows.job(asked.job.id)
            busy = any(other.job.host == host for other in rows.open() if other.job.state is JobState.RUNNING)
            if not asked.new or busy or row is None:
                return asked
            return Begun(self._given(rows, row, owner).job, True)

    def _asked(
        self,
        rows: Rows,
        kind: JobKind,
        host: str,
        by: str,
        encounters: Sequence[str],
        seen: Mapping[str, str] = NOTHING_SEEN,
    ) -> Begun:
        now, mine = self.clock(), [row for row in rows.open() if row.job.host == host]
        if kind not in OF_VISITS:
            busy = [row for row in mine if row.job.state is JobState.RUNNING or row.job.kind not in OF_VISITS]
            if busy:
                return Begun(min(busy, key=_running_first).job, False)
        for row in mine if kind in OF_VISITS else ():
            job = row.job
            if job.state is JobState.WAITING and (job.kind, job.by) == (kind, by):
                ids = tuple(dict.fromkeys((*job.encounters, *encounters)))
                joined = replace(job, encounters=ids, seen={**job.seen, **seen})
                rows.put(replace(row, job=joined))
                return Begun(joined, True)
        id = secrets.token_hex(16)
        job = Job(id, kind, host, by, now, state=JobState.WAITING, encounters=tuple(encounters), seen=dict(seen))
        rows.put(JobRow(job, now))
        rows.prune()
        return Begun(job, True)

    # --- shown ------------------------------------------------------------------------------------------------------

    def get(self, id: str) -> Job | None:
        """See ports.Jobs."""
        with self._look() as rows:
            row = rows.job(id)
        return None if row is None else row.job

    def running(self) -> list[Job]:
        """See ports.Jobs."""
        with self._look() as rows:
            return [row.job for row in sorted(rows.open(), key=_running_first)]

    def recent(self, host: str, limit: int = 20) -> list[Job]:
        """See ports.Jobs."""
        with self._look() as rows:
            return [row.job for row in rows.recent(host, limit)]

    def last(self) -> list[Job]:
        """See ports.Jobs."""
        with self._look() as rows:
            return [row.job for row in rows.last()]

    def last_begun(self) -> Mapping[tuple[JobKind, str], datetime]:
        """See ports.JobQueue."""
        return {(job.kind, job.host): job.begun for job in self.last()}

    def pieces(self, id: str) -> Mapping[PieceState, int]:
        """See ports.Jobs."""
        with self._look() as rows:
            return rows.count_pieces(id)

    # --- done -------------------------------------------------------------------------------------------------------

    def take(self, owner: str, held: Collection[str] = ()) -> Job | None:
        """See ports.JobQueue."""
        with self._look() as rows:  # looked at without a turn first: most of the time there is nothing
            if next(self._free(rows, owner, held), None) is None:
                return None
        with self._turn() as rows:
            for row in self._free(rows, owner, held):
                if row.tries >= TRIES and row.owner != owner:
                    self._ended(rows, row, Outcome(JobState.FAILED, problems=(GIVEN_UP,)))
                    continue
                return self._given(rows, row, owner).job
        return None

    def _free(self, rows: Rows, owner: str, held: Collection[str]) -> Iterator[JobRow]:
        """Jobs that nobody does and whose host nobody is at."""
        open_ = rows.open()
        lost = {row.job.id for row in open_ if row.owner == owner and row.job.id not in held}
        running = [row for row in open_ if row.job.state is JobState.RUNNING and row.job.id not in lost]
        busy = {row.job.host for row in running if self._living(row)}
        for row in sorted(open_, key=_running_first):
            if row.job.host not in busy:
                busy.add(row.job.host)
                yield row

    def _living(self, row: JobRow | PieceRow) -> bool:
        """Whether who holds this still does."""
        return bool(row.owner) and self._holds(row.owner, row.lease)

    def _holds(self, owner: str, lease: datetime | None) -> bool:
        living = self.alive(owner)
        return (lease is not None and lease > self.clock()) if living is None else living

    def _given(self, rows: Rows, row: JobRow, owner: str) -> JobRow:
        now, job, tries = self.clock(), row.job, row.tries + 1
        if job.state is JobState.WAITING:
            job = replace(job, begun=now, state=JobState.RUNNING)
        elif row.owner != owner:
            job = _with_problems(job, (TAKEN_OVER,))
        else:
            tries = row.tries
        made = replace(row, job=job, owner=owner, lease=now + LEASE, tries=tries)
        rows.put(made)
        return made

    def beat(self, owner: str) -> None:
        """See ports.JobQueue."""
        with self._turn() as rows:
            rows.extend(owner, self.clock() + LEASE)

    def holds(self, id: str, owner: str) -> bool:
        """See ports.JobQueue."""
        with self._look() as rows:
            return _of(rows, id, owner) is not None

    def tell(self, id: str, progress: Mapping[str, Progress], problems: Sequence[str] = ()) -> None:
        """See ports.JobQueue."""
        with self._turn() as rows:
            row = rows.job(id)
            if row is not None and not row.job.over:
                job = replace(row.job, progress={**row.job.progress, **progress})
                rows.put(replace(row, job=_with_problems(job, problems)))

    def end(self, id: str, owner: str, outcome: Outcome) -> Job | None:
        """See ports.JobQueue."""
        with self._turn() as rows:
            row = _of(rows, id, owner)
            return None if row is None else self._ended(rows, row, outcome)

    def _ended(self, rows: Rows, row: JobRow, outcome: Outcome) -> Job:
        job = _with_problems(_with_counts(row.job, outcome.counts), outcome.problems)
        state = JobState.PROBLEMS if outcome.state is JobState.DONE and job.problems else outcome.state
        job = replace(job, state=state, ended=self.clock())
        rows.drop_pieces(job.id)
        rows.put(replace(row, job=job, owner="", lease=None, split=None))
        return job

    def leave(self, owner: str) -> None:
        """See ports.JobQueue."""
        with self._turn() as rows:
            for row in rows.open():
                if row.owner == owner:
                    self._ended(rows, row, Outcome(JobState.ABANDONED))
            rows.put_pieces([_waiting(row) for row in rows.taken() if row.owner == owner])
            held = rows.lease(SCHEDULE)
            if held is not None and held[0] == owner:
                rows.put_lease(SCHEDULE, "", self.clock())

    # --- pieces -----------------------------------------------------------------------------------------------------

    def split(self, id: str, owner: str, split: Split, pieces: Sequence[Sequence[str]]) -> bool:
        """See ports.JobQueue."""
        with self._turn() as rows:
            row = _of(rows, id, owner)
            if row is None:
                return False
            rows.drop_pieces(id)
            made = [Piece(id, n, row.job.host, tuple(some)) for n, some in enumerate(pieces, 1)]
            rows.put_pieces([PieceRow(piece) for piece in made])
            visits = Progress(0, split.visits)
            rows.put(replace(row, split=split, job=replace(row.job, counts={}, progress={"visits": visits})))
            return True

    def was_split(self, id: str) -> Split | None:
        """See ports.JobQueue."""
        with self._look() as rows:
            row = rows.job(id)
        return None if row is None else row.split

    def encounters(self, id: str) -> list[str]:
        """See ports.JobQueue."""
        with self._look() as rows:
            return rows.encounters(id)

    def take_piece(self, owner: str, job: str | None = None, held: Collection[tuple[str, int]] = ()) -> Piece | None:
        """See ports.JobQueue."""
        with self._look() as rows:
            if rows.next_waiting(job) is None and not self._left(rows, job, owner, held):
                return None
        with self._turn() as rows:
            for left in self._left(rows, job, owner, held):
                if left.owner == owner:
                    rows.put_pieces([_waiting(left, tries=left.piece.tries - 1)])
                else:
                    self._take_again(rows, left)
            waiting = rows.next_waiting(job)
            if waiting is None:
                return None
            piece = replace(waiting.piece, state=PieceState.TAKEN, tries=waiting.piece.tries + 1)
            rows.put_pieces([PieceRow(piece, owner, self.clock() + LEASE)])
            return piece

    def _left(self, rows: Rows, job: str | None, owner: str, held: Collection[tuple[str, int]]) -> list[PieceRow]:
        """Pieces that nobody is at any more."""
        taken = [row for row in rows.taken() if job in (None, row.piece.job)]
        lost = {id for row in taken if row.owner == owner and (id := (row.piece.job, row.piece.number)) not in held}
        return [row for row in taken if (row.piece.job, row.piece.number) in lost or not self._living(row)]

    def _take_again(self, rows: Rows, left: PieceRow) -> None:
        visits, what = len(left.piece.encounters), "another one decides them again."
        if left.piece.tries >= TRIES:
            rows.put_pieces([replace(left, piece=replace(left.piece, state=PieceState.FAILED), owner="", lease=None)])
            what = f"that was the {TRIES}rd time, and they are left for the next run. The service's log tells more."
        else:
            rows.put_pieces([_waiting(left)])
        row = rows.job(left.piece.job)
        if row is not None:
            said = f"A process ended while it billed {visits} visits (piece {left.piece.number}); {what}"
            rows.put(replace(row, job=_with_problems(row.job, (said,))))

    def piece_done(self, piece: Piece, owner: str, done: PieceDone) -> bool:
        """See ports.JobQueue."""
        with self._turn() as rows:
            kept, row = rows.piece(piece.job, piece.number), rows.job(piece.job)
            if kept is None or row is None or kept.owner != owner or kept.piece.state is not PieceState.TAKEN:
                return False
            state = PieceState.FAILED if done.failed else PieceState.DONE
            rows.put_pieces([replace(kept, piece=replace(kept.piece, state=state), owner="", lease=None)])
            job = _with_problems(_with_counts(row.job, done.counts), done.problems)
            before = job.progress.get("visits", Progress(0, None))
            visits = Progress(before.done + len(piece.encounters), before.total)
            rows.put(replace(row, job=replace(job, progress={**job.progress, "visits": visits})))
            return True

    # --- the schedule -----------------------------------------------------------------------------------------------

    def lead(self, owner: str) -> bool:
        """See ports.JobQueue."""
        with self._turn() as rows:
            held = rows.lease(SCHEDULE)
            if held is not None and held[0] not in ("", owner) and self._holds(*held):
                return False
            rows.put_lease(SCHEDULE, owner, self.clock() + LEASE)
            return True

    def leading(self) -> datetime | None:
        """See ports.JobQueue."""
        with self._look() as rows:
            held = rows.lease(SCHEDULE)
        return None if held is None else held[1]


def counted(kept: Mapping[PieceState, int]) -> Mapping[PieceState, int]:
    """How many of each state, none left out."""
    return {state: kept.get(state, 0) for state in PieceState}


def _of(rows: Rows, id: str, owner: str) -> JobRow | None:
    row = rows.job(id)
    return row if row is not None and row.owner == owner and row.job.state is JobState.RUNNING else None


def _running_first(row: JobRow) -> tuple[bool, datetime]:
    return (row.job.state is not JobState.RUNNING, row.asked)


def _waiting(row: PieceRow, tries: int | None = None) -> PieceRow:
    tries = row.piece.tries if tries is None else tries
    return replace(row, piece=replace(row.piece, state=PieceState.WAITING, tries=tries), owner="", lease=None)


def _with_problems(job: Job, problems: Sequence[str]) -> Job:
    return replace(job, problems=tuple(dict.fromkeys((*job.problems, *problems)))[:PROBLEMS])


def _with_counts(job: Job, counts: Mapping[str, int]) -> Job:
    names = dict.fromkeys((*job.counts, *counts))
    return replace(job, counts={name: job.counts.get(name, 0) + counts.get(name, 0) for name in names})
