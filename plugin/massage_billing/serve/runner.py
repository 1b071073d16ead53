"""Begins jobs, each in a thread of its own, when they are asked for and when they are due."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog

from massage_billing.serve.jobs import Job, JobBook, Kind, Outcome, State
from massage_billing.serve.schedule import Plan, due, next_look

_log = structlog.get_logger(__name__)

Work = Callable[[Kind, str], Outcome]
"""Does a job for a host."""
_LONGEST: Final = 60.0
"""Seconds after which the schedule looks again in any case: clocks are set, machines sleep."""


class Runner:
    """Jobs in threads. They are daemons: a process that ends does not wait for them, for the program may be killed at
    any point without harm."""

    def __init__(self, book: JobBook, work: Work) -> None:
        self.book = book
        self._work = work

    def start(self, kind: Kind, host: str, by: str) -> tuple[Job, bool]:
        """Begin a job: it and True; where one of the host is running, that one and False."""
        job, new = self.book.begin(kind, host, by)
        if new:
            _log.info("job.begun", job=kind.value, host=host, by=by, id=job.id)
            threading.Thread(target=self._do, args=(job,), name=f"job-{kind}", daemon=True).start()
        return job, new

    def _do(self, job: Job) -> None:
        outcome = Outcome(State.FAILED, problems=("It ended without saying why.",))
        try:
            outcome = self._work(job.kind, job.host)
        except Exception as error:
            _log.error("job.broken", job=job.kind.value, host=job.host, error=type(error).__name__, id=job.id)
        finally:
            ended = self.book.end(job.id, outcome)
            took = round((ended.ended - job.begun).total_seconds(), 1) if ended.ended else None
            state = ended.state.value
            _log.info("job.ended", job=job.kind.value, host=job.host, state=state, seconds=took, id=job.id)


class Scheduler:
    """Begins what is due, until it is closed."""

    def __init__(
        self, runner: Runner, plans: Sequence[Plan], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._runner, self._plans, self._clock = runner, plans, clock
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name="schedule", daemon=True)

    def open(self) -> None:
        """Look from now on."""
        self._thread.start()

    def look(self) -> None:
        """Look now."""
        with self._wake:
            self._wake.notify_all()

    def close(self) -> None:
        """Begin nothing any more."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join(5)

    def begin_due(self) -> float:
        """Begin what is due; seconds until something may be due next."""
        now, begun = self._clock(), self._runner.book.last_begun()
        waits = [_LONGEST]
        for plan in self._plans:
            for kind in due(plan, now, begun):
                _, new = self._runner.start(kind, plan.host, "schedule")
                waits.append(_LONGEST if new else 5.0)  # the host is busy: look again soon
            upcoming = next_look(plan, now, self._runner.book.last_begun())
            if upcoming is not None:
                waits.append(max((upcoming - now).total_seconds(), 1.0))
        return min(waits)

    def _loop(self) -> None:
        with self._wake:
            while not self._closed:
                self._wake.wait(self.begin_due())
