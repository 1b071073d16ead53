"""What the service does and did: one job a host at a time, and what became of the last ones. Never patient data.

The last job of each kind and host is kept in the state folder too, so that a service that starts again knows when it
worked. Losing that file costs a job done twice, which writes nothing twice.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import structlog

_log = structlog.get_logger(__name__)

FILE: Final = "serve.json"
KEPT: Final = 200
"""Jobs that are remembered by id."""
PROBLEMS: Final = 20
"""Problems of a job that are told."""


class Kind(StrEnum):
    """What can be asked for, and nothing else."""

    RUN = "run"
    """Bill: ``massage-billing run``."""
    ELIGIBILITY = "eligibility"
    """Ask payers: ``massage-billing eligibility run``."""


class State(StrEnum):
    """How far a job is."""

    RUNNING = "running"
    DONE = "done"
    PROBLEMS = "problems"
    """Done, but something waits or went wrong: ``problems`` say what."""
    FAILED = "failed"
    """It could not be done."""
    ABANDONED = "abandoned"
    """The service ended meanwhile: nothing is lost, and the next one goes on."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job."""

    state: State
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
    kind: Kind
    """What it does."""
    host: str
    """Configured host id."""
    by: str
    """Who asked: "request" or "schedule"."""
    begun: datetime
    """UTC."""
    ended: datetime | None = None
    """UTC; None while it runs."""
    state: State = State.RUNNING
    """How far it is."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """See ``Outcome``."""
    problems: tuple[str, ...] = ()
    """See ``Outcome``; the first twenty."""

    def shown(self) -> dict[str, object]:
        """As JSON tells it."""
        return {
            "id": self.id,
            "job": self.kind.value,
            "host": self.host,
            "by": self.by,
            "state": self.state.value,
            "begun": self.begun.isoformat(timespec="seconds"),
            "ended": None if self.ended is None else self.ended.isoformat(timespec="seconds"),
            "counts": dict(self.counts),
            "problems": list(self.problems),
        }


class JobBook:
    """Who works on what; several threads use it. ``clock`` is UTC."""

    def __init__(self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file = folder / FILE
        self._clock = clock
        self._changed = threading.Condition()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._running: dict[str, str] = {}
        self._last: dict[tuple[Kind, str], Job] = {}
        for job in _read(self._file):
            self._keep(job)

    def begin(self, kind: Kind, host: str, by: str) -> tuple[Job, bool]:
        """A new job and True; while one of this host is running, that one and False."""
        with self._changed:
            if (busy := self._running.get(host)) is not None:
                return self._jobs[busy], False
            job = Job(secrets.token_hex(16), kind, host, by, self._clock())
            self._running[host] = job.id
            self._keep(job)
            self._save()
            return job, True

    def end(self, id: str, outcome: Outcome) -> Job:
        """What became of a job."""
        with self._changed:
            job = replace(
                self._jobs[id],
                ended=self._clock(),
                state=outcome.state,
                counts=outcome.counts,
                problems=outcome.problems[:PROBLEMS],
            )
            self._running.pop(job.host, None)
            self._keep(job)
            self._save()
            self._changed.notify_all()
            return job

    def get(self, id: str) -> Job | None:
        """A job by its id; None where there is none, or it is forgotten."""
        with self._changed:
            return self._jobs.get(id)

    def running(self) -> list[Job]:
        """What is done just now."""
        with self._changed:
            return [self._jobs[id] for id in self._running.values()]

    def last(self) -> list[Job]:
        """The last job of each kind and host, the newest first."""
        with self._changed:
            return sorted(self._last.values(), key=lambda job: job.begun, reverse=True)

    def last_begun(self) -> dict[tuple[Kind, str], datetime]:
        """When a job of each kind and host last began."""
        with self._changed:
            return {key: job.begun for key, job in self._last.items()}

    def wait(self, seconds: float) -> bool:
        """Whether nothing is running any more, after so long at most."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, seconds)

    def _keep(self, job: Job) -> None:
        self._jobs[job.id] = job
        self._last[job.kind, job.host] = job
        while len(self._jobs) > KEPT:
            oldest = next(id for id in self._jobs if id not in self._running.values())
            del self._jobs[oldest]

    def _save(self) -> None:
        """Whole or not at all; a folder that cannot be written is told and does no harm."""
        text = json.dumps([job.shown() for job in self._last.values()])
        new = self._file.with_suffix(".new")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
            new.replace(self._file)
        except OSError as error:
            _log.warning("serve.not_kept", file=str(self._file), why=error.strerror)


def _read(file: Path) -> Sequence[Job]:
    """What an earlier service left; nothing where that cannot be read. What was running then is abandoned."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return [_job(one) for one in found]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def _job(shown: Mapping[str, object]) -> Job:
    counts, problems, ended = shown["counts"], shown["problems"], shown["ended"]
    if not isinstance(counts, dict) or not isinstance(problems, list):
        raise ValueError("no job")
    state = State(str(shown["state"]))
    return Job(
        id=str(shown["id"]),
        kind=Kind(str(shown["job"])),
        host=str(shown["host"]),
        by=str(shown["by"]),
        begun=datetime.fromisoformat(str(shown["begun"])),
        ended=None if ended is None else datetime.fromisoformat(str(ended)),
        state=State.ABANDONED if state is State.RUNNING else state,
        counts={str(name): int(count) for name, count in counts.items()},
        problems=tuple(str(one) for one in problems),
    )
