"""What the pages of one host ask: its store, its queues, its rules, its people. Opened by wiring, shared by threads."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from massage_billing.coding.rulebook import Rulebook
from massage_billing.desk.people import Names
from massage_billing.model import Clinic
from massage_billing.ports import Asking, Store
from massage_billing.ports.desk import Desk
from massage_billing.ports.ledger import Ledger

if TYPE_CHECKING:
    from massage_billing.program import Program
    from massage_billing.releases.model import Release
    from massage_billing.remittance.denials import Period
    from massage_billing.remittance.proposals import Proposals
    from massage_billing.sweep.sweep import Sweep


@dataclass(frozen=True, slots=True)
class Office:
    """One host, as pages see it. Everything here may be used by several threads."""

    id: str
    """Configured host id."""
    kind: str
    """"openemr", "fhir" or "folder"."""
    name: str
    """The clinic's name, or ""."""
    url: str | None
    """Base URL of a FHIR host, for links to the EHR; None of a folder."""
    schema: str
    """Version of the store's tables."""
    store: Store
    """What is remembered of visits."""
    desk: Desk
    """Queues, sums, people's work on holds."""
    ledger: Ledger
    """What was sent to payers and what came back."""
    asking: Asking
    """What payers were asked and answered."""
    names: Names
    """People's names, from the host."""
    staff: tuple[str, ...]
    """Who works at the workbench, "Practitioner/3", as far as the settings name people: whom a hold may be given to."""
    payers: Callable[[], tuple[str, ...]]
    """Payer keys of the host's visits, for lists to choose from; at most a minute old. StoreError."""
    now: Callable[[], datetime]
    """The time at the clinic. SettingsError where the host has no zone."""
    book: Callable[[], Rulebook]
    """The rules in use now. RuleFileError where there are none."""
    clinic: Callable[[], Clinic]
    """Payers, fees, papers, credentials as the files stand now. SettingsError where they never were sound."""
    program: Callable[[], AbstractContextManager[Program]]
    """Billing on the host, lent for as long as it is needed."""
    sweep: Callable[[], AbstractContextManager[Sweep]]
    """The calendar with what is to be settled, lent likewise."""
    propose: Callable[[Period, int, Date], Proposals]
    """Policies drafted from denials of a period, of which there are at least so many, on a day."""
    releases: Callable[[], tuple[Release, ...]]
    """Releases of code tables that were imported."""
    told: Callable[[], tuple[str, ...]]
    """Why files as they stand now are not in use; empty where they are."""

    @property
    def today(self) -> Date:
        """What day it is at the clinic. SettingsError where the host has no zone."""
        return self.now().date()


class Offices(Protocol):
    """Every configured host."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Host ids, as the settings list them."""
        ...

    def office(self, host: str) -> Office | None:
        """A host by its id; None where none is configured by it."""
        ...
