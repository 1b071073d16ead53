"""Everything that applying answers needs, put together by wiring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from massage_billing.model import Clinic, Reading
from massage_billing.ports import Host, Store
from massage_billing.ports.ledger import Ledger
from massage_billing.run.report import NoProgress, Progress


@dataclass(frozen=True, slots=True)
class AnswersSetup:
    """What applying answers works with."""

    host: Host
    """The EHR."""
    store: Store
    """What is remembered of visits."""
    ledger: Ledger
    """What is remembered of sent claims."""
    clinic: Clinic
    """The clinic's payers."""
    reading: Reading
    """How the host's records are read."""
    payer_ids: Mapping[str, str]
    """Payer key → the payer's id in claims."""
    now: Callable[[], datetime]
    """The time, UTC."""
    progress: Progress = field(default_factory=NoProgress)
    """Told how far it has come."""
