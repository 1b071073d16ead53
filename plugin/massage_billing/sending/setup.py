"""Everything an export needs, put together by wiring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from massage_billing.model import Clinic, Reading
from massage_billing.model.professional import ClaimParty, ClaimPayer, ProfessionalClaim
from massage_billing.ports import Host, Store
from massage_billing.ports.ledger import Ledger
from massage_billing.run.report import NoProgress, Progress
from massage_billing.sending.lost import Places


@dataclass(frozen=True, slots=True)
class Made:
    """A file that was made of claims."""

    body: bytes
    """Its bytes."""
    transactions: Mapping[str, str]
    """Claim key → ST02 of the transaction it stands in."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Claim key → why it cannot be written, for those that are left out."""


class MakesFile(Protocol):
    """Makes a file of claims for one receiver: the same claims, number and time give the same bytes."""

    def __call__(self, claims: Iterable[ProfessionalClaim], number: int, at: datetime) -> Made:
        """A claim that cannot be written is left out and named. Raises ClaimNotExportable for the file as a whole."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """One receiver."""

    name: str
    """Its name in the settings."""
    folder: Path
    """Where files are put."""
    make: MakesFile
    """Makes its files."""
    folders: tuple[Path, ...]
    """Where its files may lie: there, and where its client moves what it has sent."""


@dataclass(frozen=True, slots=True)
class ExportSetup:
    """What an export works with."""

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
    billing: ClaimParty
    """Who bills."""
    payers: Mapping[str, ClaimPayer]
    """By payer key, as claims name them."""
    targets: Mapping[str, Target]
    """Receivers by name."""
    receiver_of: Callable[[str], str | None]
    """Payer key → name of the receiver its claims go to."""
    now: Callable[[], datetime]
    """The time, UTC."""
    progress: Progress = field(default_factory=NoProgress)
    """Told how far an export has come."""

    @property
    def places(self) -> Places:
        """Where files may lie that a lost store had made."""
        folders = {name: target.folders for name, target in self.targets.items()}
        return Places(self.host.id, self.store, self.ledger, folders)
