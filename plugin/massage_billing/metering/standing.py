"""Numbers that stand in the store: read when somebody asks, and not oftener than every few seconds.

They are the same in every process of the service, and no total of them would mean anything.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from massage_billing.errors import MassageBillingError
from massage_billing.ports.jobs import JobKind, Jobs, JobState

KEPT: Final = 10.0
"""Seconds for which what was read is told again."""
_NAME: Final = "massage_billing"


@dataclass(frozen=True, slots=True)
class Stand:
    """How one host's visits and questions stand."""

    claims: Mapping[str, int]
    """Claims by how far they have come; "unsent" are those that nobody was sent."""
    held: int
    """Visits held, each once."""
    holds: Mapping[str, int]
    """Held visits by rule; a visit held by two counts under both."""
    outbox: int
    """Groups of writes that the host has not taken yet."""
    unwritten: int
    """Questions and answers that the host has not taken yet."""
    questions: Mapping[tuple[str, str], int]
    """Questions to payers of the last day, by (payer key, state)."""


class Stands(Protocol):
    """Where they are read. Raises MassageBillingError."""

    hosts: tuple[str, ...]
    """Configured host ids."""

    def stand(self, host: str) -> Stand:
        """How a host stands now."""
        ...


class Standing(Collector):
    """Tells Prometheus what the store says. A store that is away is told as one number, and is no error."""

    def __init__(self, stands: Stands, jobs: Jobs, version: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._stands, self._jobs, self._version, self._clock = stands, jobs, version, clock
        self._lock = threading.Lock()
        self._read: tuple[float, list[GaugeMetricFamily]] | None = None

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing is read when this is registered."""
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every number; the newest ten seconds old at most."""
        with self._lock:
            if self._read is None or self._clock() - self._read[0] >= KEPT:
                self._read = (self._clock(), list(self._families()))
            yield from self._read[1]

    def _families(self) -> Iterator[GaugeMetricFamily]:
        yield _gauge("build_info", "The version that runs.", ("version",), [((self._version,), 1)])
        try:
            stands = {host: self._stands.stand(host) for host in self._stands.hosts}
            jobs = list(self._of_jobs())
        except MassageBillingError:
            yield _gauge("store_up", "Whether the store could be asked.", (), [((), 0)])
            return
        yield _gauge("store_up", "Whether the store could be asked.", (), [((), 1)])
        yield from jobs
        yield from _of_stands(stands)

    def _of_jobs(self) -> Iterator[GaugeMetricFamily]:
        last, running = self._jobs.last(), self._jobs.running()
        ended = [((one.host, one.kind.value), one.ended.timestamp()) for one in last if one.ended]
        took = [((one.host, one.kind.value), (one.ended - one.begun).total_seconds()) for one in last if one.ended]
        bad = (JobState.FAILED, JobState.PROBLEMS, JobState.ABANDONED)
        states = [((one.host, one.kind.value), float(one.state in bad)) for one in last if one.over]
        counted: dict[tuple[str, ...], float] = {}
        for kind in JobKind:
            for host in self._stands.hosts:
                counted[host, kind.value] = sum(one.host == host and one.kind is kind for one in running)
        labels = ("host", "job")
        yield _gauge("jobs_open", "Jobs that run or wait.", labels, list(counted.items()))
        yield _gauge("job_last_end_timestamp_seconds", "When the last job of a kind ended.", labels, ended)
        yield _gauge("job_last_seconds", "How long the last job of a kind took.", labels, took)
        counts = [
            ((one.host, one.kind.value, name), float(n)) for one in last if one.over for name, n in one.counts.items()
        ]
        yield _gauge("job_last_count", "What the last job of a kind did.", (*labels, "what"), counts)
        yield _gauge("job_last_problems", "1 where the last job of a kind failed or left problems.", labels, states)


def _of_stands(stands: Mapping[str, Stand]) -> Iterator[GaugeMetricFamily]:
    def each(of: Callable[[Stand], Mapping[str, int]]) -> list[tuple[tuple[str, ...], float]]:
        return [((host, name), number) for host, stand in stands.items() for name, number in of(stand).items()]

    questions = [((host, *key), float(n)) for host, stand in stands.items() for key, n in stand.questions.items()]
    yield _gauge("claims", "Claims by how far they have come.", ("host", "standing"), each(lambda one: one.claims))
    held = [((host,), float(stand.held)) for host, stand in stands.items()]
    yield _gauge("held", "Visits held.", ("host",), held)
    yield _gauge("holds", "Visits held, by rule.", ("host", "rule"), each(lambda one: one.holds))
    outbox = [((host,), float(stand.outbox)) for host, stand in stands.items()]
    yield _gauge("outbox", "Writes that the host has not taken yet.", ("host",), outbox)
    unwritten = [((host,), float(stand.unwritten)) for host, stand in stands.items()]
    yield _gauge("answers_unwritten", "Answers that the host has not taken yet.", ("host",), unwritten)
    yield _gauge("questions", "Questions to payers of the last day.", ("host", "payer", "state"), questions)


def _gauge(
    name: str, text: str, labels: tuple[str, ...], samples: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"{_NAME}_{name}", text, labels=labels)
    for values, number in samples:
        family.add_metric(values, number)
    return family
