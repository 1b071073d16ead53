"""The port to a host: what is read of an EHR, what is written back, what it can do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from massage_billing.errors import HostError

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
    signed: bool | None = None
    """Whether whoever treated has signed the record of this visit, where a host has that (OpenEMR's treatment log); a
    signed one is complete, whatever ``Capabilities.finished_is_done`` says of the others. None: nobody signs here."""


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
class Listed:
    """One page of what there is to look at, as ``Changes`` tells it, but visits by their ids only."""

    encounters: tuple[tuple[str, str | None], ...] = ()
    """(Encounter id, "Patient/3") of visits where ``Changes`` would give their records; None where it names nobody."""
    touched: tuple[Touched, ...] = ()
    """See ``Changes``."""
    cursor: str | None = None
    """See ``Changes``."""


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
    signs_records: bool = False
    """Whoever treats can sign the record of a visit (``VisitRecord.signed``): what is signed is complete."""
    times_as_written: bool = False
    """Offsets are not to be believed; date and time are taken as written."""
    records_hold_writes: bool = True
    """VisitRecords carry our own Claims and Tasks of the visit; where False the service asks ``find``."""
    keys_unique: bool = True
    """Conditional creates are known never to store a key twice; where False every create is checked by ``find``."""
    profiles: frozenset[str] = frozenset()
    """Canonicals of profiles that it says it supports: of what it asks to be told beyond what every host is."""
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
    after: tuple[str, ...] = ()
    """Keys of groups that have to be written before it. Not kept in the store: what an earlier run left is decided
    again, and put in order again, before it is written."""


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
class ListsVisits(Protocol):
    """A host that several processes can work on at once: it lists what each of them then reads by ``Host.visits``."""

    def listed(self, since: str | None, start: Date | None) -> Iterator[Listed]:
        """The same visits, changes and cursor as ``Host.changes`` gives. Raises HostError."""
        ...


@runtime_checkable
class NamesProblems(Protocol):
    """A host that meets things it cannot read, and can name them after a pass: a folder of files."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """(where, what): ("Procedure.ndjson:12", "is not JSON")."""
        ...


@runtime_checkable
class Forgets(Protocol):
    """A host that keeps copies of what it read, and can drop them: the index of a folder."""

    def forget(self) -> None:
        """Drop every copy; the next run makes them anew."""
        ...
