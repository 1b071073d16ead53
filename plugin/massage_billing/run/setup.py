"""Everything one host's billing needs, put together by wiring and handed to the service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import timedelta

from massage_billing.coding.rulebook import Rulebook
from massage_billing.fhir.serial import Resource
from massage_billing.model import Clinic, Reading
from massage_billing.ports import Asking, Host, Store
from massage_billing.ports.desk import Desk
from massage_billing.ports.ledger import Ledger
from massage_billing.run.report import NoProgress, Progress


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything one host's billing needs, put together by wiring."""

    host: Host
    """The EHR."""
    store: Store
    """What is remembered."""
    book: Rulebook
    """The rules."""
    clinic: Clinic
    """The clinic's payers and fees."""
    reading: Reading
    """How the host's records are read."""
    check: Callable[[Resource], Sequence[str]]
    """Faults of a built Claim."""
    start: Date | None = None
    """First date of service that is billed (DESIGN 3)."""
    settle: timedelta = timedelta(hours=2)
    """How long nothing may have changed (DESIGN 2)."""
    capture: timedelta = timedelta(hours=48)
    """How long a finished visit may stay without a service."""
    draft: bool = False
    """Claims are written as drafts."""
    demo: bool = False
    """No start date is asked for."""
    retention: timedelta = timedelta(days=30)
    """How long payloads are kept after the host confirmed them (DESIGN 23)."""
    outputs: tuple[str, ...] = ()
    """Where results are found, for the report."""
    progress: Progress = field(default_factory=NoProgress)
    """Told how far a run has come."""
    told: tuple[str, ...] = ()
    """What has to be told with every report: a file that is refused, and what is used instead."""
    asking: Asking | None = None
    """What payers answered: it outranks the status and dates of a Coverage. None: nobody asks."""
    ledger: Ledger | None = None
    """What was sent in files and what became of it: evidence beside what stands on the host. None: nobody exports."""
    recall: Callable[[], Sequence[str]] = tuple
    """Remembers claims that were sent and that a lost store forgot; a sentence for each thing to be told."""
    desk: Desk | None = None
    """What the workbench's pages ask: told after every run how the holds stand. None: there are no pages."""
