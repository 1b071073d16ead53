"""The words of billing as frozen values: a visit, its services, its coverage, and what was decided.

Nothing here does I/O, reads a clock or knows FHIR. Dates are calendar dates at the site of service, minutes are whole
minutes, money is ``Decimal`` in US dollars, codes are strings ("97124", "GP", "M54.50").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Outcome(StrEnum):
    """What the rulebook makes of a visit."""

    CLAIM = "claim"
    """A payer is billed."""
    HOLD = "hold"
    """A person has to fix something first; a Task says what."""
    SELF_PAY = "self-pay"
    """No payer may be billed; the patient is."""
    NO_CHARGE = "no-charge"
    """Nothing billable."""


class Result(StrEnum):
    """What one rule found. No-data is never a pass."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    BYPASSED = "bypassed"
    NO_DATA = "no-data"


class Effect(StrEnum):
    """What a finding does to the decision."""

    HOLD = "hold"
    CHANGED = "changed"
    WARN = "warn"
    NONE = "none"


class Who(StrEnum):
    """Who can fix a finding."""

    THERAPIST = "therapist"
    FRONT_DESK = "front desk"
    BILLER = "biller"
    OWNER = "owner"
    INTEGRATOR = "integrator"


class CoverageKind(StrEnum):
    """The kind of insurance; decides whether a coverage needs a link from the visit to count (DESIGN 6)."""

    HEALTH = "health"
    WORKERS_COMPENSATION = "workers-compensation"
    AUTO = "auto"
    VA = "va"
    SELF_PAY = "self-pay"
    UNKNOWN = "unknown"


class MinuteSource(StrEnum):
    """Where a service's minutes were read (DESIGN 1), in the default order."""

    EXTENSION = "extension"
    OBSERVATION = "observation"
    PERIOD = "period"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something the record itself shows to be wrong, found while it was read; the rule named decides its effect."""

    rule: str
    """Rule id that owns this question, e.g. "minutes-documented"."""
    result: Result
    """FAIL (the record says something unusable) or NO_DATA (the record does not say)."""
    detail: str
    """What was found, in plain words, naming resources by type and id only: never patient data."""
    about: str | None = None
    """The resource it is about, "Procedure/12", where it is about one."""
    key: str = ""
    """Which row of the rule answers it, where the rule tells several cases apart ("period-is-the-visit")."""


@dataclass(frozen=True, slots=True)
class Therapist:
    """Who performed a service; a Practitioner as far as a claim needs it."""

    id: str
    """Reference, "Practitioner/7"."""
    npi: str | None
    """National Provider Identifier as recorded, 10 digits when right."""
    taxonomies: tuple[str, ...] = ()
    """NUCC taxonomy codes from PractitionerRole.specialty or Practitioner.qualification, e.g. "225700000X"."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One ICD-10-CM diagnosis of the visit."""

    code: str
    """ICD-10-CM code with its point, "M54.50"."""
    source: str
    """Where it stands: "Condition/3" or "Procedure/12"."""


@dataclass(frozen=True, slots=True)
class Service:
    """One Procedure of the visit: what was done, for how long, where on the body, by whom."""

    procedure: str
    """Logical id of the Procedure, without its type."""
    status: str
    """Procedure.status as recorded: completed, in-progress, preparation, not-done, entered-in-error, stopped, …"""
    code: str | None
    """CPT or HCPCS number, or None where none could be read or mapped."""
    recorded_as: str
    """The coding it was read from, "system|code", for messages and the trail."""
    minutes: int | None = None
    """Whole minutes of treatment, cut not rounded; None where the record does not say."""
    minute_source: MinuteSource | None = None
    """Where the minutes were read."""
    start: datetime | None = None
    """When it started, local time at the site, where the record says."""
    end: datetime | None = None
    """When it ended, local time at the site, where the record says."""
    regions: tuple[str, ...] = ()
    """Body regions, "system|code" or plain text lower-cased, sorted."""
    therapist: Therapist | None = None
    """Who performed it; None where the record does not say or names several (then a Problem says so)."""
    diagnoses: tuple[str, ...] = ()
    """ICD-10-CM codes this Procedure itself gives as its reason, in its order."""
    order: str | None = None
    """The ServiceRequest it is based on, "ServiceRequest/4"."""
    modifiers: tuple[str, ...] = ()
    """Modifiers the record itself carries on the code."""
    duplicate_of: str | None = None
    """Procedure id of the same service from another source, which counts in its stead."""


@dataclass(frozen=True, slots=True)
class PayerRef:
    """How the host names a payer; matched against the clinic's payers.yaml, never by name (DESIGN 8)."""

    reference: str | None
    """"Organization/9", where the payor is a resource."""
    identifiers: tuple[tuple[str, str], ...] = ()
    """(system, value) pairs of that resource or of the reference itself."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One insurance coverage of the patient, as the host records it."""

    id: str
    """Reference, "Coverage/5"."""
    status: str
    """active, cancelled, draft, entered-in-error."""
    kind: CoverageKind
    """From Coverage.type; the payer's entry in payers.yaml outranks it."""
    payer: PayerRef
    """Who insures."""
    order: int | None = None
    """Coverage.order: 1 is primary."""
    member_id: str | None = None
    """Coverage.subscriberId or the member identifier. PHI: never logged."""
    start: Date | None = None
    """First day in force; None is open."""
    end: Date | None = None
    """Last day in force; None is open."""
    linked: str | None = None
    """What ties it to this visit: "Account/2" (Encounter.account) or "ServiceRequest/4" (insurance); else None."""
    link_rank: int = 0
    """Its place among linked coverages: Account.coverage.priority, else list position."""
    relationship: str | None = None
    """Coverage.relationship code: self, spouse, child, …"""
    patient_is_payer: bool = False
    """True where the payor is the patient or a related person (self-pay)."""


@dataclass(frozen=True, slots=True)
class Accident:
    """Evidence that an accident caused the visit."""

    source: str
    """Resource that says so, "Condition/3" or "Encounter/1"."""
    date: Date | None = None
    """When it happened, where the record says."""
    kind: str | None = None
    """v3-ActCode accident kind, "MVA" or "WPA", where known."""
    state: str | None = None
    """Two-letter state of the accident, where known."""


@dataclass(frozen=True, slots=True)
class Referral:
    """The order a visit stands on."""

    id: str
    """"ServiceRequest/4"."""
    requester: str | None = None
    """"Practitioner/8": the referring provider."""
    requester_npi: str | None = None
    """The referring provider's NPI."""
    authorization: str | None = None
    """Prior authorization number, where the order or coverage carries it."""


@dataclass(frozen=True, slots=True)
class ForeignClaim:
    """A Claim or billed row for this Encounter that this program did not write (DESIGN 3)."""

    id: str
    """"Claim/77"."""
    status: str
    """Its status."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One Encounter with its Procedures, diagnoses, therapists, site, coverage and authorization."""

    host: str
    """Configured host id."""
    encounter: str
    """Logical id of the Encounter."""
    status: str
    """Encounter.status."""
    patient: str | None
    """Reference, "Patient/3"; None where the Encounter names none."""
    date: Date | None
    """Date of service: the calendar date at the site where the service started (DESIGN 5)."""
    date_end: Date | None = None
    """Last calendar date at the site; differs from ``date`` only across midnight."""
    start: datetime | None = None
    """Encounter.period.start at the site."""
    end: datetime | None = None
    """Encounter.period.end at the site."""
    site: str | None = None
    """Reference, "Location/2"."""
    place_of_service: str | None = None
    """CMS place of service number, "11"; None where neither Location nor settings say."""
    organization: str | None = None
    """Encounter.serviceProvider, "Organization/1"."""
    organization_npi: str | None = None
    """NPI of the serviceProvider, where the host records it."""
    services: tuple[Service, ...] = ()
    """Every Procedure read, whatever its status, ordered by Procedure id."""
    diagnoses: tuple[Diagnosis, ...] = ()
    """The visit's diagnoses, in order: Encounter.diagnosis by rank, then Conditions of the Encounter, then reasons."""
    coverages: tuple[Coverage, ...] = ()
    """Every coverage of the patient, whatever its status; ordered by id."""
    referral: Referral | None = None
    """The order the visit stands on."""
    supervisor: Therapist | None = None
    """Supervising provider, where the Encounter names one."""
    accident: Accident | None = None
    """Evidence of an accident."""
    onset: Date | None = None
    """Onset of the condition treated, where recorded."""
    authorization: str | None = None
    """Prior authorization number for the visit."""
    restricted: str | None = None
    """Resource by which the patient asked not to tell the plan (DESIGN 7): "Consent/1", "Encounter/1"; else None."""
    foreign_claims: tuple[ForeignClaim, ...] = ()
    """Live Claims of this Encounter which this program did not write."""
    problems: tuple[Problem, ...] = ()
    """What reading the record found wrong or missing."""
    last_changed: datetime | None = None
    """Latest meta.lastUpdated among the Encounter and its Procedures (UTC): for the settling time."""


# --- what the clinic knows ------------------------------------------------------------------------------------------


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
    npi: str | None = None
    """The clinic's own (billing) NPI, group or solo; None where settings do not say."""
    tin: str | None = None
    """Tax id. Never logged."""
    solo: bool = False
    """The therapist works alone and is the one who is paid (DESIGN 14)."""
    explaining: bool = False
    """True for ``explain`` without settings: what only settings could tell is a warning instead of a hold."""
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


# --- what was decided -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's result for a visit, with its evidence: rule, row, source, in force since when, what to do, who."""

    rule: str
    """Rule id."""
    row: str
    """The row of the rule that answered, e.g. "2020-01-01" or "97140/97124"; "-" where no row applies."""
    result: Result
    """pass, fail, bypassed, no-data."""
    effect: Effect
    """hold, changed, warn, none."""
    message: str
    """What was found, plainly; resources by id, never patient data."""
    fix: str = ""
    """What to do about it; empty for a pass."""
    who: Who | None = None
    """Who can do it."""
    source: str = ""
    """Title and link of the source of the row."""
    in_force_from: Date | None = None
    """Since when the row is in force."""
    about: str | None = None
    """The resource or code it is about."""


@dataclass(frozen=True, slots=True)
class Because:
    """Why a line is as it is: the rule row that made it so."""

    rule: str
    """Rule id."""
    row: str
    """Row of the rule."""
    in_force_from: Date | None
    """Since when the row is in force."""
    source: str
    """Title and link of the row's source."""


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One line of the claim: a code, its units and what they rest on."""

    code: str
    """CPT or HCPCS number."""
    units: int
    """Units billed, at least 1."""
    minutes: int | None
    """Whole minutes documented for this code; None for an untimed code without minutes."""
    modifiers: tuple[str, ...]
    """At most four, in billing order."""
    charge: Decimal | None
    """Dollars for the whole line (unit price times units); None where no fee schedule says."""
    unit_price: Decimal | None
    """Dollars for one unit."""
    diagnosis_pointers: tuple[int, ...]
    """1-based places in ``Decision.diagnoses``, at most four, the first the main one."""
    procedures: tuple[str, ...]
    """Ids of the Procedures this line bills."""
    therapist: Therapist | None
    """Rendering provider of the line."""
    because: tuple[Because, ...] = ()
    """The rule rows it rests on."""


@dataclass(frozen=True, slots=True)
class NotBilled:
    """A Procedure that is on no line, and why."""

    code: str | None
    """Its code, where it has one."""
    procedure: str
    """Procedure id."""
    minutes: int | None
    """Its minutes, which never move to another code."""
    reason: str
    """Short reason code: "duplicate", "not-done", "bundled", "column-2", "under-minimum", "no-code", …"""
    rule: str
    """Rule id that took it off."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rulebook makes of one visit."""

    outcome: Outcome
    """claim, hold, self-pay or no-charge."""
    encounter: str
    """Encounter id."""
    date: Date | None
    """Date of service."""
    lines: tuple[ClaimLine, ...] = ()
    """Claim lines; for a hold, what would be billed once it is cleared; for self-pay, what the patient is charged."""
    not_billed: tuple[NotBilled, ...] = ()
    """Every Procedure that is on no line."""
    findings: tuple[Finding, ...] = ()
    """Every rule's result."""
    diagnoses: tuple[str, ...] = ()
    """ICD-10-CM codes of the claim, in pointer order, at most twelve."""
    payer: str | None = None
    """Payer key from payers.yaml; for ``explain`` without one, the coverage's payor reference."""
    policy: str | None = None
    """Name of the payer policy applied."""
    coverage: Coverage | None = None
    """The coverage billed (primary)."""
    secondary: tuple[Coverage, ...] = ()
    """Other coverages in force, listed with focal=false."""
    filing_limit: Date | None = None
    """Last day to file with the payer, where known."""
    units_by_method: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Minute ledger: method → code → units, side by side (filled where asked for)."""

    @property
    def total(self) -> Decimal | None:
        """Dollars of all lines; None where a line has no charge."""
        total = Decimal("0.00")
        for line in self.lines:
            if line.charge is None:
                return None
            total += line.charge
        return total

    @property
    def holds(self) -> tuple[Finding, ...]:
        """The findings that hold the visit."""
        return tuple(f for f in self.findings if f.effect is Effect.HOLD)
