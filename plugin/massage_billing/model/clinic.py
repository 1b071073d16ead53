"""What the clinic's own settings and files say, and what its people decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from massage_billing.model.credential import Credential
from massage_billing.model.paper import Paper
from massage_billing.model.words import CoverageKind, MinuteSource


@dataclass(frozen=True, slots=True)
class PayerAsking:
    """How one payer is asked about coverage: ``eligibility`` of its entry in payers.yaml."""

    ask: str
    """"ourselves", "host" (the host asks by itself; its answers are read) or "nobody"."""
    channel: str | None = None
    """Key of ``eligibility.channels`` in the settings; None only where nobody asks ourselves."""
    payer_id: str | None = None
    """The payer's id on that channel; None: ``Payer.payer_id``."""
    name: str = ""
    """The payer's name as it stands in a question (X12 2100A NM103)."""
    service_types: tuple[str, ...] = ()
    """X12 service types in the order to try; empty: that of rules/eligibility/asking.yaml."""
    max_age_days: int | None = None
    """An answer older than this is asked again; None: as the settings say."""
    plan_year_start: tuple[int, int] = (1, 1)
    """(month, day) on which the plan year starts."""


@dataclass(frozen=True, slots=True)
class PayerClaims:
    """How one payer's claims are put into files: ``claims`` of its entry in payers.yaml."""

    name: str = ""
    """The payer's name as it stands in a claim (X12 2010BB NM103); "": ``Payer.key``."""
    payer_id: str | None = None
    """The payer's id with the receiver (2010BB NM109); None: ``Payer.payer_id``."""
    filing_indicator: str | None = None
    """What kind of plan it is (SBR09, X12 1032): CI, BL, MB …; None: by ``Payer.kind``."""
    address: tuple[tuple[str, ...], str, str, str] | None = None
    """(lines, city, state, postal code) of the payer, where its receiver wants it."""


@dataclass(frozen=True, slots=True)
class Payer:
    """One entry of the clinic's payers.yaml."""

    key: str
    """The clinic's own short name for the payer; appears in reports."""
    kind: CoverageKind
    """What kind of insurance it is."""
    policy: str
    """Name of the payer policy in the rulebook."""
    references: frozenset[str] = frozenset()
    """Host references that mean this payer, "Organization/9"."""
    identifiers: frozenset[tuple[str, str]] = frozenset()
    """(system, value) identifiers that mean this payer."""
    payer_id: str | None = None
    """The payer's id for electronic claims (837 NM109), which also matches any identifier value."""
    filing_days: int | None = None
    """Days from the date of service within which a claim must be filed, where the clinic's contract says."""
    line: int = 0
    """Line in payers.yaml, for messages."""
    asking: PayerAsking | None = None
    """How it is asked about coverage; None: nobody asks it."""
    claims: PayerClaims = PayerClaims()
    """How its claims are put into files."""


@dataclass(frozen=True, slots=True)
class Fee:
    """One row of the clinic's fee schedule: dollars for one unit of a code."""

    code: str
    """CPT or HCPCS number."""
    amount: Decimal
    """Dollars for one unit."""
    since: Date
    """First date of service it applies to."""
    modifier: str | None = None
    """Only with this modifier; None for any."""
    payer: str | None = None
    """Only for this payer key; None for any."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How one host's records are read: zones, minute sources, maps. Comes from settings; ``explain`` uses defaults."""

    host: str
    """Configured host id."""
    zone: str | None = None
    """IANA zone of the clinic; None reads dates as written."""
    site_zones: Mapping[str, str] = field(default_factory=dict)
    """IANA zone by Location id, where sites differ."""
    place_of_service: str | None = None
    """CMS place of service where the Location does not say."""
    site_places: Mapping[str, str] = field(default_factory=dict)
    """CMS place of service by Location id: the site's setting, used where Location.type does not say."""
    minute_sources: tuple[MinuteSource, ...] = (MinuteSource.EXTENSION, MinuteSource.OBSERVATION, MinuteSource.PERIOD)
    """Where minutes are read, in this order; only sources named here are looked at."""
    minute_observations: frozenset[tuple[str, str]] | None = None
    """(system, code) of Observations that are minutes; None: any partOf Observation in UCUM min (explain)."""
    code_map: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(system, code) → CPT number: the ConceptMaps of fhir_profiles/ and the clinic's own."""
    place_map: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(system, code) of Location.type → CMS place of service."""
    times_as_written: bool = False
    """True where the host's offsets are not to be believed (OpenEMR): date and time are taken as written."""
    finished_is_done: bool = True
    """False where "finished" does not mean done (OpenEMR without the module)."""


@dataclass(frozen=True, slots=True)
class Clinic:
    """What only the clinic's own settings and files can tell. ``explain`` without settings uses ``Clinic()``."""

    payers: tuple[Payer, ...] = ()
    """payers.yaml, in its order."""
    payers_known: bool = False
    """False where no payers.yaml was given (explain): a missing payer is then a warning, not a hold."""
    policy: str | None = None
    """--payer-policy: stands for payers.yaml for every payer found."""
    fees: tuple[Fee, ...] | None = None
    """The fee schedule; None where none was given."""
    papers: tuple[Paper, ...] = ()
    """papers.csv: orders, referrals, authorizations, plans of care and reports the clinic keeps itself."""
    credentials: tuple[Credential, ...] = ()
    """credentials.csv or .yaml: licences, liability cover and enrolments the clinic keeps itself."""
    credentials_known: bool = False
    """False where no credentials file was given: a therapist who is not in it is then nobody's finding."""
    npi: str | None = None
    """The clinic's own (billing) NPI, group or solo; None where settings do not say."""
    tin: str | None = None
    """Tax id. Never logged."""
    solo: bool = False
    """The therapist works alone and is the one who is paid (DESIGN 14)."""
    explaining: bool = False
    """True for ``explain`` without settings: what only settings could tell is a warning instead of a hold."""
    today: Date | None = None
    """The day on which it is decided, at the site, for the filing limit; None: not asked. Never part of the digest."""
    digest: str = ""
    """Digest of everything above, as the settings loader computed it: a change wakes open holds."""


class RulingKind(StrEnum):
    """What a person may decide of a held visit."""

    BILL = "bill"
    SELF_PAY = "self-pay"
    WRITE_OFF = "write-off"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A person's decision on a visit; answers only what a rule leaves to a person."""

    kind: RulingKind
    """bill, self-pay or write-off."""
    reason: str
    """Why, in the person's words."""
    by: str
    """Who: a user name of the machine or the host, never a patient."""
    at: datetime
    """When."""
