"""The port to payers: a question goes out, an answer comes back, now or later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from massage_billing.errors import PayerError
from massage_billing.model import Answer, Question


@dataclass(frozen=True, slots=True)
class Replied:
    """A payer's answer with the evidence of it."""

    answer: Answer
    """What it said; TRY_LATER and REFUSED are answers too."""
    evidence: bytes
    """What was received, byte for byte. PHI: kept in the store for ``state.retention_days``, never logged."""
    media_type: str
    """What the evidence is: "application/edi-x12", "application/fhir+json", "application/json"."""
    on_host: str | None = None
    """"CoverageEligibilityResponse/8": it stands on the host already (host-resident asking); not written again."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The payer took the question and will answer later (202, a batch folder, a host that asks by itself)."""

    ticket: str
    """By which the channel finds the answer: a polling URL's path, a file name, a request's id. No patient data."""
    not_before: datetime | None = None
    """When it makes sense to look again, UTC; None: any time."""


Reply = Replied | Waiting
"""What a channel gives back to a question."""


@dataclass(frozen=True, slots=True)
class Failed:
    """What became of a question that waited, where it will not be answered as it was sent: the payer turned it down
    (999, TA1, an OperationOutcome). ``collect`` gives it back instead of raising, for it is about one question only."""

    problem: PayerError
    """Why; ``problem.again`` says whether sending it again may help."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that a channel took earlier and has not answered."""

    question: Question
    """The question as it was asked (made again of the record; key and trace are the same)."""
    ticket: str
    """``Waiting.ticket``."""


class PayerChannel(Protocol):
    """One way to ask payers. Safe to use from several threads. Raises PayerError, each about one question only.

    A channel neither retries nor limits itself: ``payers.guarded`` does both, the same for all.
    """

    name: str
    """Key of ``eligibility.channels`` in the settings."""

    def ask(self, question: Question) -> Reply:
        """Send one question. The same question twice carries the same trace number."""
        ...

    def collect(self, waiting: Sequence[Asked]) -> Iterator[tuple[Asked, Reply | Failed | None]]:
        """Look for answers to questions that wait; None where there is none yet. Raises PayerError for the channel.

        Each is given back once. An answer is given again by a later call for as long as its question is among those
        that wait, so that one that was not recorded is not lost.
        """
        ...

    def close(self) -> None:
        """Let connections go."""
        ...


@runtime_checkable
class KeepsFiles(Protocol):
    """A channel that keeps what it received in files of its own: a batch folder."""

    def purge(self, before: datetime) -> int:
        """Remove what was filed away before a time (``state.retention_days``); how many files."""
        ...
