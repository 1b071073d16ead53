"""The port to what is remembered of questions and answers: who asks what, what was answered, what is written.

One answered question a patient, coverage, payer and day, from however many processes: a question is *claimed* before it
is asked, in one transaction; an answer is recorded before it is written to the host. What makes two questions the same
is their key alone (``fhir.keys.question_key``): a coverage whose member id was corrected has another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from massage_billing.model import Known


class QuestionState(StrEnum):
    """Where a question stands."""

    ASKING = "asking"
    """Claimed by a process that is asking it now."""
    WAITING = "waiting"
    """The payer took it and answers later."""
    LATER = "later"
    """To be tried again at ``due``: the payer said so, or did not answer. Same trace number."""
    ANSWERED = "answered"
    """Answered (or refused for good) on this day: not asked again this day."""
    GIVEN_UP = "given-up"
    """Its budget of tries is used up for this day."""


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """What the store remembers of one question. No names, birth dates or member ids."""

    key: str
    """``Question.key``."""
    host: str
    """Configured host id."""
    patient: str
    """"Patient/3"."""
    coverage: str
    """"Coverage/5"."""
    payer: str
    """Payer key."""
    day: Date
    """The day it is asked, at the clinic."""
    serviced: Date
    """The date of service asked about."""
    state: QuestionState
    """Where it stands."""
    trace: str = ""
    """Trace number, the same for every try."""
    tries: int = 0
    """How often it was sent."""
    due: datetime | None = None
    """When a LATER or WAITING one is looked at again, UTC; until then no other question takes its place."""
    ticket: str = ""
    """``Waiting.ticket``."""
    problem: str = ""
    """Why the last try failed, or of an ANSWERED one why the payer refused; no patient data."""
    owner: str = ""
    """The process that claimed it."""
    holder: str = ""
    """``Holder.version`` it was asked with: a changed coverage is asked again."""
    service_types: tuple[str, ...] = ()
    """Service types it asks."""
    appointment: str = ""
    """Appointment id it was asked for."""
    codes: tuple[str, ...] = ()
    """CPT or HCPCS numbers it asks about."""
    facility: str = ""
    """"Location/2" where the visit is to be; "" where it is not said."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a claimed question: committed together, many at once."""

    row: QuestionRow
    """The row as it is now."""
    known: Known | None = None
    """The answer, where there is one (REFUSED too; TRY_LATER never)."""
    evidence: bytes = b""
    """What was received. PHI."""
    media_type: str = ""
    """What the evidence is."""
    written: bool = False
    """True where the answer stands on the host already, or the host takes none."""


@dataclass(frozen=True, slots=True)
class Unwritten:
    """An answer that is recorded and not on the host yet."""

    row: QuestionRow
    """Its question."""
    known: Known
    """The answer."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What was learnt of a payer: which service type brought limits (or cost) for massage."""

    payer: str
    """Payer key."""
    service_type: str
    """"BE", "PT", "30" …"""
    asked: int
    """How often it was asked."""
    limits: int
    """How often the answer gave a limit of visits for it."""
    benefits: int
    """How often the answer told any copay, share, deductible or limit for it."""


@dataclass(frozen=True, slots=True)
class AheadTask:
    """The Task of one appointment, as it stands on the host."""

    appointment: str
    """Appointment id."""
    key: str
    """Its identifier (``fhir.keys.appointment_key``)."""
    date: Date
    """Day of the appointment."""
    task: str | None
    """"Task/14" once confirmed."""
    version: str | None
    """Its version."""
    digest: str
    """Digest of what it says; "" once it is closed."""
    patient: str | None = None
    """"Patient/3": a purged patient's Task is forgotten too."""


class Asking(Protocol):
    """What is remembered of asking. Raises StoreError. Losing it costs questions, never money."""

    def claim(self, wanted: Sequence[QuestionRow], owner: str, now: datetime, lease: timedelta) -> list[QuestionRow]:
        """Claim these questions for a process, in one durable transaction; those it may ask now, as they then stand.

        Given back are questions never asked this day, those whose ``due`` has come, and those whose owner is gone
        (``alive`` said so, or its lease ran out): with the trace number and tries that they have. ANSWERED, GIVEN_UP,
        not yet due, and asked by a living process now: left out. One with a ticket is with the payer already: to be
        collected, not asked.
        """
        ...

    def settle(self, results: Sequence[Settled]) -> None:
        """Record what became of claimed questions, in one durable transaction. An ANSWERED question stays so."""
        ...

    def questions(self, host: str, coverages: Iterable[str]) -> dict[tuple[str, str], QuestionRow]:
        """The newest question of each (coverage, payer key)."""
        ...

    def waiting(self, host: str, now: datetime) -> list[QuestionRow]:
        """WAITING questions of any day whose ``due`` has come, oldest first."""
        ...

    def answers(self, host: str, coverages: Iterable[str]) -> dict[str, list[Known]]:
        """Answers by coverage ("Coverage/5"), the newest first, one a payer and day."""
        ...

    def answered_since(self, host: str, since: datetime | None) -> list[Known]:
        """Answers recorded after a time, whenever they were given; None: all. Oldest first. By these billing knows
        whose visits to decide again: it takes the time, calls this, and gives that time the next time."""
        ...

    def evidence(self, question: str) -> tuple[bytes, str] | None:
        """What was received for a question, and its media type; None where it is gone. PHI."""
        ...

    def unwritten(self, host: str, limit: int) -> list[Unwritten]:
        """Answers that are not on the host yet, oldest first."""
        ...

    def count_unwritten(self, host: str) -> int:
        """How many answers are not on the host yet."""
        ...

    def written(self, host: str, responses: Iterable[tuple[str, str]]) -> None:
        """(question key, "CoverageEligibilityResponse/8"): these are on the host now."""
        ...

    def habits(self) -> list[Habit]:
        """What was learnt of payers; all hosts together."""
        ...

    def learn(self, habits: Iterable[Habit]) -> None:
        """Add these counts to what was learnt."""
        ...

    def tasks(self, host: str) -> list[AheadTask]:
        """Tasks that are open."""
        ...

    def save_tasks(self, host: str, tasks: Iterable[AheadTask]) -> None:
        """Remember Tasks; one with an empty digest is closed, and forgotten."""
        ...

    def kept(self, key: str, now: datetime, longest: timedelta) -> bytes | None:
        """Something looked up elsewhere (the NPI registry's answer to an NPI), where it is not older than that."""
        ...

    def keep(self, key: str, value: bytes, now: datetime) -> None:
        """Remember something looked up elsewhere. Never patient data."""
        ...

    def rows(self, host: str, since: Date) -> Iterator[QuestionRow]:
        """Questions since a day, oldest first; for ``eligibility status``."""
        ...

    def purge_patient(self, host: str, patient: str) -> int:
        """Forget every question and answer of a patient; how many."""
        ...

    def purge_evidence(self, before: datetime) -> int:
        """Drop what was received before a time (retention), and answers older than any that may still count."""
        ...
