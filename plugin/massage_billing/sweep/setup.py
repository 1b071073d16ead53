"""Everything that asking payers for one host needs, put together by wiring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from massage_billing.coding.rulebook import Rulebook
from massage_billing.model import Asker, Clinic, Reading
from massage_billing.ports import Asking, Host, PayerChannel, Schedule, Store
from massage_billing.previsit.credential_terms import CredentialTerms
from massage_billing.previsit.terms import Eligibility
from massage_billing.run.report import NoProgress, Progress


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard payers are asked."""

    at_once: int = 20
    """Questions at the same time, over all payers."""
    per_payer: Mapping[str, int] = field(default_factory=dict)
    """The same to one payer, by channel name."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Seconds of one call, by channel name."""
    tries: int = 4
    """Tries of one question in one sweep."""
    patience: timedelta = timedelta(minutes=5)
    """After this long no further try of a question is begun."""
    tries_a_day: int = 12
    """Tries of one question in one day, over all sweeps."""
    wait: Mapping[str, timedelta] = field(default_factory=dict)
    """How long an answer is waited for on channels that answer later, by channel name."""


@dataclass(frozen=True, slots=True)
class SweepSetup:
    """What a sweep works with."""

    host: Host
    """The EHR."""
    schedule: Schedule
    """Its calendar; mostly the same object."""
    store: Store
    """What is remembered of visits: who was here before, what papers are used."""
    asking: Asking
    """What is remembered of questions and answers."""
    book: Rulebook
    """The rules of billing."""
    terms: Eligibility
    """What rules/eligibility says: service types, reasons, clocks."""
    credential_terms: CredentialTerms
    """What is looked at of credentials."""
    clinic: Clinic
    """Payers, fees, papers, credentials."""
    reading: Reading
    """How the host's records are read."""
    asker: Asker | None
    """Who asks; None where the settings do not say: then nobody is asked."""
    channels: Mapping[str, PayerChannel]
    """Ways to ask, by name."""
    owner: str
    """This process, as questions are claimed by it."""
    max_age: timedelta
    """An answer older than this is asked again (rules/eligibility/asking.yaml, or the settings)."""
    days: int = 3
    """Appointments of today and so many days ahead are looked at."""
    lease: timedelta = timedelta(minutes=15)
    """After this long a question claimed on another machine counts as lost."""
    effort: Effort = field(default_factory=Effort)
    """How hard payers are asked."""
    retention: timedelta = timedelta(days=30)
    """How long what was received is kept."""
    writes: bool = True
    """Whether anything is written to the host."""
    progress: Progress = field(default_factory=NoProgress)
    """Told how far a sweep has come."""
    now: Callable[[], datetime] | None = None
    """The clock, UTC, for tests; None: what day it is the host's says, and ``time`` is this machine's."""

    def time(self) -> datetime:
        """This machine's time: leases, due times and when answers came are compared between processes of this clinic,
        whatever the host's clock says."""
        return self.now() if self.now else datetime.now(UTC)
