"""Numbers that a process counts itself: requests, answers to EHRs, notices of hosts.

Every label is one of a few words: a route by its template, a method of HTTP, a host of the settings. Where several
processes serve one socket, their numbers lie in files of one folder (PROMETHEUS_MULTIPROC_DIR) and are told together.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, multiprocess

from massage_billing.hooks.services import SERVICES

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable that names the folder of several processes' numbers."""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ELSE: Final = "other"
"""What is none of the words that a label may have."""
_REQUESTS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ANSWERS: Final = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 1.0)
_HOW: Final = frozenset({"cards", "none", "late", "refused", "busy", "failed", "not for them"})


class Meters:
    """Implements ``hooks.feedback.Counts`` and counts requests."""

    def __init__(self, hosts: frozenset[str] = frozenset()) -> None:
        self._hosts = hosts
        self.registry = CollectorRegistry()
        name = "massage_billing"
        self._requests = Histogram(
            f"{name}_http_request_seconds", "Requests by route template, and how long they took.",
            ("method", "route", "status"), buckets=_REQUESTS, registry=self.registry,
        )  # fmt: skip
        self._answers = Histogram(
            f"{name}_cds_answer_seconds", "Calls of CDS services, and how long they took.",
            ("service", "how"), buckets=_ANSWERS, registry=self.registry,
        )  # fmt: skip
        self._feedback = Counter(
            f"{name}_cds_feedback", "What became of cards.", ("service", "outcome", "reason"), registry=self.registry
        )
        self._notices = Counter(
            f"{name}_notices", "Notices of hosts that something has happened.", ("host", "how"), registry=self.registry
        )
        self._heard = Gauge(
            f"{name}_notice_last_timestamp_seconds", "When a host last sent a notice or a sign of life.",
            ("host",), registry=self.registry, multiprocess_mode="max",
        )  # fmt: skip

    def requested(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """A request was answered; ``route`` is the template that it fitted, None where it fitted none."""
        word = method if method in METHODS else ELSE
        self._requests.labels(word, route or ELSE, f"{status // 100}xx").observe(seconds)

    def answered(self, service: str, how: str, seconds: float) -> None:
        """See ``Counts``."""
        known = service if service in SERVICES else ELSE
        self._answers.labels(known, how.replace(" ", "-") if how in _HOW else ELSE).observe(seconds)

    def judged(self, service: str, outcome: str, reason: str) -> None:
        """See ``Counts``."""
        self._feedback.labels(service, outcome, reason or "none").inc()

    def noticed(self, host: str, how: str) -> None:
        """See ``Counts``."""
        self._notices.labels(host if host in self._hosts else ELSE, how).inc()
        if host in self._hosts:
            self._heard.labels(host).set_to_current_time()

    def shared(self) -> CollectorRegistry:
        """Where the numbers are read: of all processes, or of this one where it is alone."""
        if FOLDER not in os.environ:
            return self.registry
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return together


@cache
def meters(hosts: frozenset[str]) -> Meters:
    """The meters of this process for these hosts: one set, whoever asks."""
    return Meters(hosts)
