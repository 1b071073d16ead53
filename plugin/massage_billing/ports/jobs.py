"""The port to the service's jobs: asked for by people, the schedule and hosts; done by any process of the service.

Pages and receivers see ``Jobs``. The processes that do the work share ``JobQueue``: what one of them holds, it holds
for a while (a lease) and says again and again that it lives; what a dead one held is taken by another. Ids and counts
only, never patient data.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

KEPT: Final = 200
"""Jobs that are remembered beside the last of each kind and host."""
PROBLEMS: Final = 20
"""Problems of a job that are told."""
NOTHING_SEEN: Final[Mapping[str, str]] = MappingProxyType({})
"""Nobody says what was shown."""


class JobKind(StrEnum):
    """What can be asked for, and nothing else."""

    RUN = "run"
    """Bill: ``massage-billing run``."""
    ELIGIBILITY = "eligibility"
    """Ask payers: ``massage-billing eligibility run``."""
    VISIT = "visit"
    """Read and decide some Encounters again now."""
    APPROVE = "approve"
    """Let the draft claims of some Encounters go: ``massage-billing approve``."""


class JobState(StrEnum):
    """How far a job is."""

    WAITING = "waiting"
    """Asked for; begins when its host is free."""
    RUNNING = "running"
    DONE = "done"
    PROBLEMS = "problems"
    """Done, but something waits or went wrong: ``problems`` say what."""
    FAILED = "failed"
    """It could not be done."""
    ABANDONED = "abandoned"
    """The service ended meanwhile: nothing is lost, and the next one goes on."""


OF_VISITS: Final = frozenset({JobKind.VISIT, JobKind.APPROVE})
"""Kinds that name Encounters, and that wait for their turn; of the others a host has one at a time, and none waits."""
OPEN: Final = frozenset({JobState.WAITING, JobState.RUNNING})
"""States of a job that is not over."""


class Progress(NamedTuple):
    """How far one sort of thing is."""

    done: int
    """So many are done."""
    total: int | None
    """Of so many; None where nobody knows yet."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job."""

    state: JobState
    """done, problems or failed."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What it did, as the command line's report counts it."""
    problems: tuple[str, ...] = ()
    """What went wrong; ids only."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work."""

    id: str
    """Random; names it in /jobs/{id}."""
    kind: JobKind
    """What it does."""
    host: str
    """Configured host id."""
    by: str
    """Who asked: "request", "schedule", "subscription", or ``Viewer.who``."""
    begun: datetime
    """When it began, or was asked for while it waits; UTC."""
    ended: datetime | None = None
    """UTC; None while it is not over."""
    state: JobState = JobState.RUNNING
    """How far it is."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What it did so far, as the command line's report counts it."""
    problems: tuple[str, ...] = ()
    """What went wrong so far, ids only; the first twenty."""
    progress: Mapping[str, Progress] = field(default_factory=dict)
    """How far it is, by what is counted: "visits", "questions", "appointments"."""
    encounters: tuple[str, ...] = ()
    """Encounter ids, where it is about some visits only."""
    seen: Mapping[str, str] = field(default_factory=dict)
    """Of drafts to be let go, the decision digest that was shown, by Encounter id: another one is not let go."""

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state not in OPEN


class Begun(NamedTuple):
    """What became of asking."""

    job: Job
    """The job; where the host is busy, the one it is busy with."""
    new: bool
    """It is the one that was asked for."""


class Jobs(Protocol):
    """What pages and receivers ask. Raises StoreError."""

    def ask(
        self,
        kind: JobKind,
        host: str,
        by: str,
        encounters: Sequence[str] = (),
        seen: Mapping[str, str] = NOTHING_SEEN,
    ) -> Begun:
        """Have something done, as soon as a process is free: within a second where none is busy.

        A run or sweep of a host that is busy is not begun: what it is busy with is given back, and not ``new``. What is
        about some visits waits for its turn; where the same asker's job of the kind still waits, the visits join it.
        ``seen``: as in ``Job``.
        """
        ...

    def get(self, id: str) -> Job | None:
        """A job by its id; None where there is none, or it is forgotten."""
        ...

    def running(self) -> list[Job]:
        """What is not over, the oldest first: running, then waiting."""
        ...

    def recent(self, host: str, limit: int = 20) -> list[Job]:
        """The newest jobs of a host, the newest first, those that are not over among them."""
        ...

    def last(self) -> list[Job]:
        """The last job of each kind and host that began, the newest first."""
        ...

    def pieces(self, id: str) -> Mapping[PieceState, int]:
        """How many pieces of a running job wait, are taken, are done: for the health page."""
        ...


# --- those who do the work ------------------------------------------------------------------------------------------


class PieceState(StrEnum):
    """How far a piece of a job is."""

    WAITING = "waiting"
    TAKEN = "taken"
    """A process is at it."""
    DONE = "done"
    """Everything of it is written, or safely in the outbox."""
    FAILED = "failed"
    """It could not be done: ``problems`` say why, and so fails the job."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some visits of a run, decided by one process."""

    job: str
    """Id of its job."""
    number: int
    """Counts from 1 in its job."""
    host: str
    """Configured host id."""
    encounters: tuple[str, ...]
    """Encounter ids; all those of a patient are in one piece."""
    state: PieceState = PieceState.WAITING
    """How far it is."""
    tries: int = 0
    """How often it was taken."""


@dataclass(frozen=True, slots=True)
class PieceDone:
    """What became of a piece."""

    counts: Mapping[str, int] = field(default_factory=dict)
    """What it did, as the report of a run counts it."""
    problems: tuple[str, ...] = ()
    """What went wrong; ids only."""
    failed: bool = False
    """It could not be done."""


@dataclass(frozen=True, slots=True)
class Split:
    """How a run was split: kept with the job, so that another process can go on with it."""

    cursor: str | None
    """Where the next run may start, once every piece is done."""
    visits: int
    """Visits in all pieces."""
    whole: bool
    """Every visit of the host is in some piece."""


class JobQueue(Jobs, Protocol):
    """What the processes of the service share. ``owner`` is one process (store.askers). Raises StoreError."""

    def begin(self, kind: JobKind, host: str, by: str, owner: str, encounters: Sequence[str] = ()) -> Begun:
        """As ``ask``, and the asker does it itself: it is running at once, unless its host is busy; what is about some
        visits then waits."""
        ...

    def take(self, owner: str, held: Collection[str] = ()) -> Job | None:
        """The next job to do: one that waits and whose host is free, or one whose process is dead. None: nothing.

        ``held``: ids of the jobs that this process is at; any other that is said to be its own was given to it by a
        commit whose answer was lost.
        """
        ...

    def beat(self, owner: str) -> None:
        """This process lives: what it holds stays its own for another while."""
        ...

    def holds(self, id: str, owner: str) -> bool:
        """Whether this process still is the one that does the job."""
        ...

    def tell(self, id: str, progress: Mapping[str, Progress], problems: Sequence[str] = ()) -> None:
        """How far a running job is; problems are added to those told before."""
        ...

    def end(self, id: str, owner: str, outcome: Outcome) -> Job | None:
        """What became of a job; its pieces are forgotten. None where another process has taken it."""
        ...

    def leave(self, owner: str) -> None:
        """This process ends in order: its jobs are abandoned, its pieces wait for others, it leads the schedule no
        more."""
        ...

    def split(self, id: str, owner: str, split: Split, pieces: Sequence[Sequence[str]]) -> bool:
        """The pieces of a run, in place of any there were. False where another process has taken the job."""
        ...

    def was_split(self, id: str) -> Split | None:
        """How a run was split; None where it was not yet."""
        ...

    def encounters(self, id: str) -> list[str]:
        """The visits of all pieces of a job, in order."""
        ...

    def take_piece(self, owner: str, job: str | None = None, held: Collection[tuple[str, int]] = ()) -> Piece | None:
        """The next piece to do, of one job or of any: one that waits, or one whose process is dead (told as a problem
        of the job). None: nothing. ``held``: (job, number) of those that this process is at, as in ``take``."""
        ...

    def piece_done(self, piece: Piece, owner: str, done: PieceDone) -> bool:
        """What became of a piece: its counts and problems are added to the job's. False where another process has taken
        it, or the job is over: nothing is added."""
        ...

    def lead(self, owner: str) -> bool:
        """Whether this process keeps the schedule: one at a time does, the next one when it is dead."""
        ...

    def migrated(self) -> bool:
        """Whether the store is as this version of the program wants it."""
        ...

    def leading(self) -> datetime | None:
        """Until when somebody keeps the schedule; None where nobody ever did."""
        ...

    def last_begun(self) -> Mapping[tuple[JobKind, str], datetime]:
        """When a job of each kind and host last began."""
        ...
