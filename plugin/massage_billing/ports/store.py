"""The port to the store: what is remembered between runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from massage_billing.model import PaperCount, PaperUse, Ruling, Worked
from massage_billing.ports.host import Touched, WriteGroup, WriteResult


class VisitState(StrEnum):
    """Where a visit stands in the store."""

    WAITING = "waiting"
    """Not ready: not settled, or still in progress; looked at again at ``due``."""
    HELD = "held"
    """A Task is open."""
    CLAIMED = "claimed"
    """A Claim is written or in the outbox."""
    DONE = "done"
    """Self-pay, no-charge or written off."""


class Forgotten(NamedTuple):
    """How much of a patient was forgotten."""

    visits: int
    """Visits that the store knew."""
    questions: int
    """Questions to payers, with what they answered."""


@dataclass(frozen=True, slots=True)
class VisitRow:
    """What the store remembers of one visit. No names, birth dates or member ids."""

    host: str
    """Configured host id."""
    encounter: str
    """Encounter id."""
    patient: str | None
    """"Patient/3"."""
    date: Date | None
    """Date of service."""
    state: VisitState
    """Where it stands."""
    outcome: str
    """claim, hold, self-pay, no-charge; "" while waiting."""
    payer: str | None = None
    """Payer key."""
    revision: int = 0
    """Revision of the claim, 0 first."""
    claim_key: str = ""
    """Claim key of that revision."""
    digest: str = ""
    """Decision digest last committed to the outbox, of the Claim or of the hold Task."""
    claim: str | None = None
    """"Claim/12" on the host, once confirmed."""
    claim_version: str | None = None
    """Its version on the host."""
    provenance: str | None = None
    """"Provenance/13"."""
    provenance_version: str | None = None
    """Its version."""
    task: str | None = None
    """"Task/14": the hold's Task on the host."""
    task_version: str | None = None
    """Its version."""
    due: datetime | None = None
    """When a waiting visit is looked at again."""
    units: int = 0
    """Units on the lines."""
    amount: str | None = None
    """Dollars as text, "140.00"; None where a charge is unknown."""
    holds: tuple[tuple[str, str], ...] = ()
    """(rule, message) of what holds it."""
    warnings: int = 0
    """How many findings warn."""
    filing_limit: Date | None = None
    """Last day to file."""
    rulebook: str = ""
    """Digest of the rulebook that decided."""
    clinic: str = ""
    """Digest of the clinic files that decided."""
    draft: bool = False
    """The Claim was written as a draft and waits for ``approve``."""
    therapists: tuple[str, ...] = ()
    """References of those who treated in it ("Practitioner/3"), sorted: whose visit it is."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One decided visit to remember, with what is to be written: committed in one transaction."""

    row: VisitRow
    """The visit's row, replaced whole."""
    used: tuple[tuple[str, str], ...] = ()
    """(reference, version) of every resource the decision rests on."""
    group: WriteGroup | None = None
    """What is to be written to the host. One group a visit at most: it replaces a pending one of the same visit, and
    None drops a pending one, for the newest decision alone counts."""
    audit: str = ""
    """One line for the audit trail: what was decided and why, by ids."""
    worked: tuple[Worked, ...] = ()
    """What the visit takes of its therapists' days; replaces what it took before."""
    uses: tuple[PaperCount, ...] | None = None
    """What the visit now uses of its patient's papers, in place of what it used; None: as it was, nobody counted."""
    counted: tuple[PaperUse, ...] = ()
    """What other visits used of them when it was decided: checked again in the commit."""
    at: datetime | None = None
    """When it was decided, by the clinic's clock: its calendar day is the one at the clinic. None: now, in UTC."""
    before: VisitRow | None = None
    """What the store said of the visit when it was read to be decided; looked at where ``compared``."""
    compared: bool = False
    """Given back where the store says otherwise by now: another process has decided the visit meanwhile, and whoever
    was held up between reading and committing knows the older record."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One group waiting in the outbox."""

    group: WriteGroup
    """What is to be written."""
    attempts: int
    """How often it was tried."""
    last_error: str = ""
    """Why the last try failed; no patient data."""


class Store(Protocol):
    """What this program remembers between runs. Raises StoreError. Losing it loses nothing but time (DESIGN 16)."""

    def cursor(self, host: str) -> str | None:
        """Where the last complete run ended."""
        ...

    def save_cursor(self, host: str, cursor: str) -> None:
        """Remember where this complete run ended."""
        ...

    def known(self, host: str, encounters: Iterable[str]) -> dict[str, VisitRow]:
        """Rows of these visits, by Encounter id."""
        ...

    def same_day(self, host: str, days: Collection[tuple[str, Date]]) -> list[str]:
        """Encounter ids of the visits of these patients on these dates of service ("Patient/3", date); sorted."""
        ...

    def of_patients(self, host: str, patients: Iterable[str]) -> list[VisitRow]:
        """Every visit of these patients ("Patient/3"), by date of service."""
        ...

    def worked(self, host: str, days: Collection[tuple[str, Date]], encounters: Collection[str]) -> list[Worked]:
        """What visits take of these therapists' days (NPI or reference, date), and all that these visits take of any
        day; sorted."""
        ...

    def commit(self, entries: Sequence[Entry]) -> set[str]:
        """Remember decided visits and what is to be written, in one durable transaction.

        Encounter ids of visits that another process has decided meanwhile (``Entry.compared``), or that were decided on
        a count of papers (``Entry.counted``) that no longer holds: nothing of them is remembered, and they are to be
        decided again. Where what is remembered changes the count of other visits, those become due.
        """
        ...

    def paper_counts(self, host: str, patients: Iterable[str]) -> list[PaperCount]:
        """What visits use of the papers of these patients."""
        ...

    def sent(self, host: str, encounters: Iterable[str]) -> None:
        """The claims of these visits were sent: what they use is taken, whatever their date."""
        ...

    def waking(self, host: str, touched: Sequence[Touched]) -> set[str]:
        """Encounter ids of visits that used a resource in another version, or that the resource itself names, and
        of open holds and waiting visits of the patient it names."""
        ...

    def due(self, host: str, now: datetime) -> list[str]:
        """Visits, whatever their state, whose ``due`` has come, and those whose count of papers has changed."""
        ...

    def open_holds(self, host: str) -> list[str]:
        """Encounter ids of all open holds."""
        ...

    def outdated(self, host: str, rulebook: str, clinic: str) -> list[str]:
        """Open holds that another rulebook or other clinic files decided."""
        ...

    def pending(self, host: str, limit: int) -> list[OutboxRow]:
        """The oldest groups waiting to be written."""
        ...

    def waiting(self, host: str) -> int:
        """How many groups wait to be written."""
        ...

    def confirm(self, host: str, results: Sequence[WriteResult], rows: Sequence[VisitRow]) -> None:
        """Mark groups as written and replace these visits' rows, in one transaction."""
        ...

    def failed(self, host: str, key: str, problem: str) -> None:
        """Count one failed try of a group; it stays in the outbox."""
        ...

    def rulings(self, host: str, encounters: Iterable[str]) -> dict[str, Ruling]:
        """What people decided of these visits."""
        ...

    def rule(self, host: str, encounter: str, ruling: Ruling) -> None:
        """Remember a person's decision; the visit becomes due at ``ruling.at`` and so is decided again."""
        ...

    def rows(self, host: str) -> Iterator[VisitRow]:
        """All visits, by date of service; for ``status``."""
        ...

    def audit(self, host: str, encounter: str | None, what: str) -> None:
        """Add one line to the audit trail; ids only."""
        ...

    def trail(self, host: str, encounter: str | None = None) -> Iterator[tuple[datetime, str | None, str]]:
        """The audit trail of a host, or of one visit: (when, Encounter id, what), the oldest first."""
        ...

    def purge_patient(self, host: str, patient: str) -> Forgotten:
        """Forget everything of a patient ("Patient/3"), what was asked of payers too; how much that was."""
        ...

    def purge_confirmed(self, before: datetime) -> int:
        """Drop payloads of groups confirmed, and what payers sent, before a time (retention); number dropped."""
        ...
