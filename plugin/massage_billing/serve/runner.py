"""Does jobs, each in a thread of its own: those asked for here, and those that wait in the store for any process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import structlog

from massage_billing.errors import StoreError
from massage_billing.ports.jobs import Begun, Job, JobKind, JobQueue, JobState, Outcome

_log = structlog.get_logger(__name__)

_LOOK: Final = 1.0
"""Seconds between two looks for work."""
_HELP: Final = 0.25
"""Seconds between two looks whether another process wants help: a run may be short."""
_BEAT: Final = 5.0
"""Seconds between two signs of life; far less than store.jobs_rules.LEASE."""
_HELPING: Final = "helping"
_FAULTS: Final = 3
"""Errors of a store that is there, after which a job is given up."""

Work = Callable[[Job], Outcome | None]
"""Does a job; None where another process has it. Raises StoreError, and goes on when it is called again."""


Help = Callable[[], bool]
"""Decides pieces of runs that other processes lead; whether there were any. Raises StoreError."""


class Runner:
    """Jobs in threads. They are daemons: a process that ends does not wait for them, for the program may be killed at
    any point without harm."""

    def __init__(
        self,
        queue: JobQueue,
        owner: str,
        work: Work,
        help_out: Help | None = None,
        stopping: threading.Event | None = None,
    ) -> None:
        self.queue, self.owner = queue, owner
        self._work, self._help_out = work, help_out
        self.stopping = stopping or threading.Event()
        """Nothing new begins any more."""
        self._ended = threading.Event()
        self._changed = threading.Condition()
        self._busy: set[str] = set()
        """Ids of the jobs of this process, and ``_HELPING`` while it helps with another's."""
        self._taking = threading.Lock()
        """What is taken from the store is known here before anybody asks again what is."""

    def open(self) -> None:
        """Look for work from now on."""
        for name, loop in (("work", self._look), ("help", self._help), ("beat", self._beat)):
            threading.Thread(target=loop, name=name, daemon=True).start()

    def start(self, kind: JobKind, host: str, by: str) -> Begun:
        """Begin a job here: it, and new; where its host is busy, what that is busy with. Raises StoreError."""
        with self._taking:
            begun = self.queue.begin(kind, host, by, self.owner)
            if begun.new and begun.job.state is JobState.RUNNING:
                self._thread(begun.job)
        return begun

    def close(self, seconds: float) -> None:
        """Begin nothing any more; what is running may go on so long, and is left then."""
        self.stopping.set()
        with self._changed:
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._busy, seconds)
        self._ended.set()
        try:
            self.queue.leave(self.owner)
        except StoreError as error:
            _log.warning("serve.not_left", why=error.what)

    # --- looking for work -------------------------------------------------------------------------------------------

    def _look(self) -> None:
        while not self.stopping.is_set():
            try:
                while not self.stopping.is_set() and self._take():
                    pass
            except StoreError as error:
                _log.warning("store.away", why=error.what)
            self.stopping.wait(_LOOK)

    def _take(self) -> bool:
        """Begin the next job that waits; whether there was one."""
        with self._taking:
            job = self.queue.take(self.owner, frozenset(self._busy))
            if job is not None:
                self._thread(job)
        return job is not None

    def _help(self) -> None:
        """Help others while there is nothing to do here."""
        while self._help_out is not None and not self.stopping.is_set():
            helped = False
            if not self._busy:
                self._enter(_HELPING)
                try:
                    helped = self._help_out()
                except StoreError as error:
                    _log.warning("store.away", why=error.what)
                finally:
                    self._leave(_HELPING)
            if not helped:
                self.stopping.wait(_HELP)

    def _beat(self) -> None:
        while not self._ended.wait(_BEAT):
            try:
                self.queue.beat(self.owner)
            except StoreError as error:
                _log.warning("store.away", why=error.what)

    # --- in threads -------------------------------------------------------------------------------------------------

    def _thread(self, job: Job) -> None:
        _log.info("job.begun", job=job.kind.value, host=job.host, by=job.by, id=job.id)
        self._in_thread(job.id, lambda: self._done(job))

    def _in_thread(self, id: str, work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                work()
            finally:
                self._leave(id)

        self._enter(id)
        threading.Thread(target=run, name=f"job-{id[:8]}", daemon=True).start()

    def _enter(self, id: str) -> None:
        with self._changed:
            self._busy.add(id)

    def _leave(self, id: str) -> None:
        with self._changed:
            self._busy.discard(id)
            self._changed.notify_all()

    def _done(self, job: Job) -> None:
        outcome: Outcome | None = Outcome(JobState.FAILED, problems=("It ended without saying why.",))
        try:
            outcome = self._persistent(job)
        except Exception as error:
            _log.error("job.broken", job=job.kind.value, host=job.host, error=type(error).__name__, id=job.id)
        if outcome is None:
            _log.info("job.left", job=job.kind.value, host=job.host, id=job.id)
            return
        final, ended = outcome, None
        while not self._ended.is_set():
            try:
                ended = self.queue.end(job.id, self.owner, final)
                break
            except StoreError:
                self._wait_for_store()
        if ended is not None:
            took = round((ended.ended - job.begun).total_seconds(), 1) if ended.ended else None
            _log.info("job.ended", job=job.kind.value, host=job.host, state=ended.state.value, seconds=took, id=job.id)

    def _persistent(self, job: Job) -> Outcome | None:
        """Do a job to its end, over times in which the store is away."""
        faults = 0
        while True:
            try:
                return self._work(job)
            except StoreError as error:
                _log.warning("job.interrupted", job=job.kind.value, host=job.host, why=error.what, id=job.id)
                was_away = self._wait_for_store()
                faults += not was_away
                if self._ended.is_set():
                    return None
                if faults == _FAULTS:
                    return Outcome(JobState.FAILED, problems=(f"{error.what} {error.fix}".strip(),))
                self._tell(job, f"{error.what} The work went on when that was over.")

    def _tell(self, job: Job, problem: str) -> None:
        try:
            self.queue.tell(job.id, {}, [problem])
        except StoreError:
            return  # away again: the next step finds out

    def _wait_for_store(self) -> bool:
        """Wait until the store answers, or the service ends; whether it was away."""
        away = False
        while not self._ended.is_set():
            try:
                self.queue.running()
                return away
            except StoreError:
                away = True
                self._ended.wait(_LOOK)
        return away
