"""What the service says of its jobs: as the store has it or, while that is away, as it was known last."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from massage_billing.errors import StoreError
from massage_billing.ports.jobs import Job, JobQueue


@dataclass(frozen=True, slots=True)
class Seen:
    """How the jobs stand."""

    running: Sequence[Job] = ()
    """Not over."""
    last: Sequence[Job] = ()
    """The last of each kind and host."""
    problems: tuple[str, ...] = ()
    """Why this is not known, but as it was known last."""


class Watch:
    """Looks at the jobs; several threads use it. Until there is a queue, it says why."""

    def __init__(self) -> None:
        self.queue: JobQueue | None = None
        """Set once the store could be opened."""
        self.problem = "The service has not opened its store yet."
        """Why it could not."""
        self._known = Seen()
        self._lock = threading.Lock()

    def seen(self) -> Seen:
        """How the jobs stand now."""
        with self._lock:
            known, queue = self._known, self.queue
        if queue is None:
            return Seen(problems=(self.problem,))
        try:
            known = Seen(tuple(queue.running()), tuple(queue.last()))
        except StoreError as error:
            return Seen(known.running, known.last, (f"{error.what} {error.fix}".strip(),))
        with self._lock:
            self._known = known
        return known

    def unready(self) -> list[str]:
        """What keeps the service from doing its work; nothing where it can."""
        if self.queue is None:
            return [self.problem]
        try:
            if not self.queue.migrated():
                return ["The store is of another version of massage-billing; start this version anew to migrate it."]
            until = self.queue.leading()
        except StoreError as error:
            return [f"{error.what} {error.fix}".strip()]
        return [] if until is not None and until > datetime.now(UTC) else ["No process keeps the schedule."]


def shown(job: Job) -> dict[str, object]:
    """A job as JSON tells it."""
    return {
        "id": job.id,
        "job": job.kind.value,
        "host": job.host,
        "by": job.by,
        "state": job.state.value,
        "begun": job.begun.isoformat(timespec="seconds"),
        "ended": None if job.ended is None else job.ended.isoformat(timespec="seconds"),
        "counts": dict(job.counts),
        "problems": list(job.problems),
        "progress": {what: {"done": one.done, "total": one.total} for what, one in job.progress.items()},
    }
