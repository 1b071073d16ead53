"""What the shell asks of the outside: a host (the EHR) and a store. Adapters and their fakes pass the same tests.

References are "Type/id". Resources are FHIR R4 JSON objects as the host sent them, read leniently. Bodies that are
written are bytes, serialized once, so that a digest stays true ("12.50" is never rewritten to 12.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from massage_billing.errors import HostError
from massage_billing.model import Ruling

JsonObject = Mapping[str, object]
"""A JSON object whose values are looked at only through massage_billing.fhir.json."""


# --- reading --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VisitRecord:
    """The FHIR resources one visit is built from, as the host sent them."""

    encounter: str
    """Logical id of the Encounter."""
    resources: Mapping[str, JsonObject]
    """Everything the visit may need, by "Type/id": the Encounter, its Procedures, Conditions, Observations, Claims …,
    our own Tasks of the visit, the patient's Coverages, Consents and Accounts, and shared Practitioners,
    PractitionerRoles, Organizations, Locations. Other visits' resources among them are told apart by reference."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Other names by which references may point: fullUrl ("urn:uuid:…", absolute URL) → "Type/id"."""
    unreadable: tuple[tuple[str, str], ...] = ()
    """(where, what) of resources of this visit that could not be read: ("Procedure/9", "is not JSON")."""


@dataclass(frozen=True, slots=True)
class Touched:
    """A resource that changed on the host; whom it wakes is the store's knowledge."""

    reference: str
    """"Coverage/5"."""
    version: str
    """meta.versionId, else meta.lastUpdated, else ""."""
    encounter: str | None = None
    """Encounter id the resource itself names."""
    patient: str | None = None
    """"Patient/3" the resource itself names."""


@dataclass(frozen=True, slots=True)
class Changes:
    """One page of what changed on the host."""

    records: tuple[VisitRecord, ...] = ()
    """Complete visits (first run, or a folder that changed)."""
    touched: tuple[Touched, ...] = ()
    """Resources that changed since the cursor, Encounters, Claims and our own Tasks among them (incremental runs)."""
    cursor: str | None = None
    """Where the next run may start, given only on the last page; opaque to all but the host adapter."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a host can do, as read from it and from known dialects (DESIGN 20)."""

    software: str
    """Name and version of the server, "HAPI FHIR Server 8.8.0"."""
    readable: frozenset[str]
    """Resource types that can be searched and read."""
    writable: frozenset[str]
    """Resource types that can be created."""
    transaction: bool
    """Takes transaction bundles."""
    conditional_create: bool
    """Obeys If-None-Exist / ifNoneExist."""
    real_last_updated: bool
    """_lastUpdated moves when the resource changes; where False, open holds are read again every run."""
    finished_is_done: bool = True
    """Encounter.status finished means that the record is complete."""
    times_as_written: bool = False
    """Offsets are not to be believed; date and time are taken as written."""
    records_hold_writes: bool = True
    """VisitRecords carry our own Claims and Tasks of the visit; where False the service asks ``find``."""
    keys_unique: bool = True
    """Conditional creates are known never to store a key twice; where False every create is checked by ``find``."""
    notes: tuple[str, ...] = ()
    """Plain sentences for ``check-host``: what it cannot do and what that costs."""

    def takes_claims(self) -> bool:
        """Whether a Claim can be written; else Claims stay in the outbox as drafts."""
        return "Claim" in self.writable


# --- writing --------------------------------------------------------------------------------------------------------


class Operation(StrEnum):
    """How a resource is written."""

    CREATE = "create"
    """Create unless ``match`` already finds one."""
    UPDATE = "update"
    """Replace ``target`` if it still has version ``if_match``."""


@dataclass(frozen=True, slots=True)
class Write:
    """One resource to write."""

    operation: Operation
    """create or update."""
    type: str
    """Resource type, "Claim"."""
    body: bytes
    """The resource as JSON. A group's later bodies may refer to an earlier one by its ``full_url``."""
    full_url: str
    """"urn:uuid:…", a pure function of what is written."""
    match: str = ""
    """For create: the conditional query, "identifier=system|value" or "_tag=system|value"; values need URL quoting."""
    target: str | None = None
    """For update: "Claim/12"."""
    if_match: str | None = None
    """For update: the version that is replaced, "3"."""


@dataclass(frozen=True, slots=True)
class WriteGroup:
    """What is written for one visit, all or nothing where the host can, else in this order."""

    key: str
    """Outbox key: claim key plus what kind of group it is."""
    encounter: str
    """Encounter id, for messages."""
    writes: tuple[Write, ...]
    """In order; the Claim before its Provenance."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one Write."""

    reference: str
    """"Claim/12"."""
    version: str | None
    """Version now on the host."""
    created: bool
    """True where it was created or updated by this write; False where the match found one already there."""
    existing: JsonObject | None = None
    """The resource that was already there, where ``created`` is False."""


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of one WriteGroup."""

    key: str
    """The group's key."""
    written: tuple[Written, ...] = ()
    """One per Write, in order; empty where it failed."""
    problem: HostError | None = None
    """Why it failed; the group stays in the outbox."""


class Host(Protocol):
    """An EHR: a FHIR server, OpenEMR, or a folder of FHIR files. Raises HostError (InputError for folders)."""

    id: str
    """Configured host id."""

    def capabilities(self) -> Capabilities:
        """What this host can do; read once and kept."""
        ...

    def changes(self, since: str | None, start: Date | None) -> Iterator[Changes]:
        """What changed since a cursor (None: everything), dates of service from ``start`` on where the host can filter.

        First run (None): ``records``, complete: dropped includes have been noticed and fetched. Later runs of a server:
        only ``touched``, Encounters among them; the store says which are news, and ``visits`` reads those. A folder
        that changed gives all its records again. Memory stays flat.
        """
        ...

    def visits(self, encounters: Sequence[str]) -> Iterator[VisitRecord]:
        """The visits with these Encounter ids, complete, in batches; an id that is gone is left out."""
        ...

    def write(self, groups: Sequence[WriteGroup]) -> Iterator[WriteResult]:
        """Write each group; one result a group, in any order. A group that the host refuses fails alone."""
        ...

    def find(self, type: str, keys: Sequence[str]) -> Iterator[JsonObject]:
        """Claims, Tasks or Provenances this program wrote, by claim key or visit key (identifier, or tag)."""
        ...

    def answers(self, claims: Sequence[str]) -> Iterator[JsonObject]:
        """ClaimResponses and ExplanationOfBenefits that refer to these Claims ("Claim/12"): evidence of sending."""
        ...

    def now(self) -> datetime:
        """The host's own clock, UTC."""
        ...

    def cursor_at(self, moment: datetime) -> str:
        """A cursor as if the last complete run had ended at this moment: for ``run --since``."""
        ...


@runtime_checkable
class NamesProblems(Protocol):
    """A host that meets things it cannot read, and can name them after a pass: a folder of files."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """(where, what): ("Procedure.ndjson:12", "is not JSON")."""
        ...


# --- remembering ----------------------------------------------------------------------------------------------------


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

    def commit(self, entries: Sequence[Entry]) -> None:
        """Remember decided visits and what is to be written, in one durable transaction."""
        ...

    def waking(self, host: str, touched: Sequence[Touched]) -> set[str]:
        """Encounter ids of visits that used a resource in another version, or that the resource itself names, and
        of open holds and waiting visits of the patient it names."""
        ...

    def due(self, host: str, now: datetime) -> list[str]:
        """Visits, whatever their state, whose ``due`` has come."""
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

    def purge_patient(self, host: str, patient: str) -> int:
        """Forget everything of a patient ("Patient/3"); number of visits forgotten."""
        ...

    def purge_confirmed(self, before: datetime) -> int:
        """Drop payloads of groups confirmed before a time (retention); number dropped."""
        ...
