"""A run that the processes of the service share: one leads, all decide pieces; what is left goes on whoever dies.

The cursor moves only when every piece is written or safely in the outbox (DESIGN 16): they are counted first.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from massage_billing import wiring
from massage_billing.errors import StoreError
from massage_billing.ports import ListsVisits
from massage_billing.ports.jobs import Job, JobQueue, JobState, Outcome, Piece, PieceDone, PieceState, Split
from massage_billing.program import Program
from massage_billing.run.report import NoProgress
from massage_billing.serve.telling import Teller
from massage_billing.serve.work import Load, billed, counts_of, guarded, why
from massage_billing.side_by_side import SideBySide, split

_FAILED: Final = 3
"""Pieces that fail before the others are not tried any more: the host is away, or the settings are wrong."""
_LOOK: Final = 0.05
"""Seconds between two looks at whether the others are done."""


@dataclass(slots=True)
class Shares:
    """What a process needs to share runs; its threads share one."""

    queue: JobQueue
    """The jobs."""
    owner: str
    """This process."""
    load: Load
    """Reads the settings."""
    processes: int
    """How many there are; one shares nothing."""
    stopping: threading.Event
    """Nothing new begins any more."""
    _held: set[tuple[str, int]] = field(default_factory=set)
    """(job, number) of the pieces that its threads are at."""
    _taking: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def piece(self, job: str | None = None) -> Iterator[Piece | None]:
        """The next piece, of one job or of any, held while this is open; None: nothing. Raises StoreError."""
        with self._taking:
            piece = self.queue.take_piece(self.owner, job, frozenset(self._held))
            if piece is not None:
                self._held.add((piece.job, piece.number))
        try:
            yield piece
        finally:
            if piece is not None:
                self._held.discard((piece.job, piece.number))


def run(job: Job, shares: Shares) -> Outcome | None:
    """Do a run, shared where the host can be; None where another process has taken it, or it was given up.

    Raises StoreError; it may be called again then, and goes on where it was.
    """
    given_up: list[bool] = []

    def work() -> Outcome:
        progress = Teller(shares.queue, job.id) if shares.processes < 2 else NoProgress()
        with wiring.open_program(shares.load(), host=job.host, progress=progress) as program:
            if shares.processes < 2 or not isinstance(program.setup.host, ListsVisits):
                return billed(program.run())
            outcome = _Led(job, shares, program).run()
            given_up.append(outcome is None)
            return outcome or Outcome(JobState.ABANDONED)

    outcome = guarded(work)
    return None if any(given_up) else outcome


class _Led:
    """A run that this process leads."""

    def __init__(self, job: Job, shares: Shares, program: Program) -> None:
        self._job, self._shares, self._program = job, shares, program
        self._queue, self._owner = shares.queue, shares.owner

    def run(self) -> Outcome | None:
        """All of it."""
        id = self._job.id
        with self._program.shared(alone=True) as side:
            known = self._queue.was_split(id)
            made = known or self._split(side)
            if made is None:
                return None
            pieces = sum(self._queue.pieces(id).values())
            self._decide(side, made)
            counts = self._queue.pieces(id)
            if sum(counts.values()) != pieces or not self._queue.holds(id, self._owner):
                return None  # taken by another, or given up: whoever has it now says how it ends
            if counts[PieceState.DONE] != pieces:
                return _failed(pieces - counts[PieceState.DONE], pieces)
            report = side.settle(self._queue.encounters(id))
            if not self._queue.holds(id, self._owner):
                return None
            side.finish(made.cursor, news=known is None)
        self._program.after_run()
        return billed(self._program.telling(report))

    def _split(self, side: SideBySide) -> Split | None:
        found, first = side.find()
        made = Split(found.cursor, found.visits, found.whole)
        if not self._queue.split(self._job.id, self._owner, made, split(found.groups, self._shares.processes)):
            return None
        self._queue.tell(self._job.id, {}, first.problems)
        return made

    def _decide(self, side: SideBySide, made: Split) -> None:
        """Decide pieces until all are over, with the others."""
        while True:
            counts = self._queue.pieces(self._job.id)
            if counts[PieceState.FAILED] >= _FAILED or not (counts[PieceState.TAKEN] or counts[PieceState.WAITING]):
                return
            with self._shares.piece(self._job.id) as piece:
                if piece is not None:
                    decide(piece, side, self._shares, whole=made.whole)
            if piece is None:
                time.sleep(_LOOK)


def help_out(shares: Shares) -> bool:
    """Decide pieces of a run that another process leads, until there is none or the service is stopped; whether there
    was any. Raises StoreError."""
    with shares.piece() as piece:
        if piece is None:
            return False
        try:
            _help(piece, shares)
        except StoreError:
            raise
        except Exception as error:  # the settings, or the host before a visit was read
            shares.queue.piece_done(piece, shares.owner, PieceDone(problems=(why(error),), failed=True))
        return True


def _help(piece: Piece, shares: Shares) -> None:
    with wiring.open_program(shares.load(), host=piece.host) as program, program.shared(alone=False) as side:
        made = shares.queue.was_split(piece.job)
        if made is None:
            return
        decide(piece, side, shares, whole=made.whole)
        while not shares.stopping.is_set():
            with shares.piece(piece.job) as another:
                if another is None:
                    return
                decide(another, side, shares, whole=made.whole)


def decide(piece: Piece, side: SideBySide, shares: Shares, *, whole: bool) -> None:
    """Decide a piece and say what became of it. Raises StoreError only."""
    try:
        report = side.piece(piece.encounters, whole=whole)
        done = PieceDone(counts_of(report), report.problems)
    except StoreError:
        raise
    except Exception as error:
        done = PieceDone(problems=(why(error),), failed=True)
    shares.queue.piece_done(piece, shares.owner, done)


def _failed(left: int, pieces: int) -> Outcome:
    what = f"{left} of {pieces} pieces of the run could not be done; the next run looks at all of it again."
    return Outcome(JobState.FAILED, problems=(what,))
