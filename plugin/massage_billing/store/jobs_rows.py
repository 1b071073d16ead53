"""Jobs and pieces as they are kept, and what whoever keeps them can do within one turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from massage_billing.ports.jobs import Job, Piece, PieceState, Split


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as it is kept."""

    job: Job
    """What is shown of it."""
    asked: datetime
    """When it was asked for, UTC."""
    owner: str = ""
    """The process that does it; "" for none."""
    lease: datetime | None = None
    """Until when it is that process's."""
    tries: int = 0
    """How often it was taken."""
    split: Split | None = None
    """How it was split."""


@dataclass(frozen=True, slots=True)
class PieceRow:
    """A piece as it is kept."""

    piece: Piece
    """What is done."""
    owner: str = ""
    """The process that does it."""
    lease: datetime | None = None
    """Until when it is that process's."""


class Rows(Protocol):
    """What is kept, within one turn."""

    def open(self) -> list[JobRow]:
        """Jobs that are not over, in the order of asking."""
        ...

    def job(self, id: str) -> JobRow | None:
        """One job."""
        ...

    def recent(self, host: str, limit: int) -> list[JobRow]:
        """The jobs of a host that were asked for last, the newest first."""
        ...

    def last(self) -> list[JobRow]:
        """The last of each kind and host that began, the newest first."""
        ...

    def put(self, row: JobRow) -> None:
        """Keep a job, in place of what was kept of it."""
        ...

    def prune(self) -> None:
        """Forget jobs that are over and old (ports.jobs.KEPT)."""
        ...

    def extend(self, owner: str, until: datetime) -> None:
        """Everything of a process is its own until then."""
        ...

    def taken(self) -> list[PieceRow]:
        """Pieces that a process is at."""
        ...

    def next_waiting(self, job: str | None) -> PieceRow | None:
        """The first piece that waits, of a job or of any that is running."""
        ...

    def piece(self, job: str, number: int) -> PieceRow | None:
        """One piece."""
        ...

    def put_pieces(self, rows: Sequence[PieceRow]) -> None:
        """Keep pieces, in place of what was kept of them."""
        ...

    def drop_pieces(self, job: str) -> None:
        """Forget the pieces of a job."""
        ...

    def count_pieces(self, job: str) -> Mapping[PieceState, int]:
        """How many there are of each state."""
        ...

    def encounters(self, job: str) -> list[str]:
        """Those of all pieces of a job, in order."""
        ...

    def lease(self, name: str) -> tuple[str, datetime] | None:
        """Who holds something that one process at a time does, and until when."""
        ...

    def put_lease(self, name: str, owner: str, until: datetime) -> None:
        """Who holds it now."""
        ...
