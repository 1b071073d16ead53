"""A visit as frozen values: one Encounter with all that its billing rests on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime

from massage_billing.model.answer import Verified
from massage_billing.model.credential import Credential
from massage_billing.model.paper import Paper
from massage_billing.model.words import CoverageKind, MinuteSource, Result

_DIGITS = 16


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
    npis_differ: bool = False
    """True where the record has several NPIs of one person, so that none counts."""
    credentials: tuple[Credential, ...] = ()
    """What the host itself records: licences of Practitioner.qualification, enrolments of PractitionerRole."""


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
    encounter: str | None = None
    """Encounter id of the visit it was done in, where that is another visit of the patient's day; None: this one."""


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
    claim_number: str | None = None
    """The payer's number of the injury it pays for: Coverage.identifier, else that of the Account which names it, of
    type WCN (v2-0203 Workers' Comp Number)."""
    patient_is_payer: bool = False
    """True where the payor is the patient or a related person (self-pay)."""
    verified: Verified | None = None
    """What the payer's own answer says of it on the date of service; it outranks ``status``, ``start`` and ``end``."""

    @property
    def member(self) -> str:
        """A digest of who is insured by it: when it differs, an answer that was given before is of somebody else."""
        return hashlib.sha256(repr((self.member_id, self.relationship)).encode()).hexdigest()[:_DIGITS]


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
    claim_number: str | None = None
    """The payer's own number of the injury, where known."""


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
class TypedCharge:
    """A charge of this Encounter that somebody typed by hand (OpenEMR's fee sheet), and no Claim made (DESIGN 3)."""

    id: str
    """"ChargeItem/7"."""
    code: str | None
    """CPT or HCPCS number; None where it has none that can be read."""
    units: int | None
    """Units; None where it does not say."""
    modifiers: tuple[str, ...] = ()
    """Modifiers."""


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
    papers: tuple[Paper, ...] = ()
    """Orders, referrals, authorizations and plans that the host has on file for the patient, in order of source."""
    state: str | None = None
    """Two-letter state of the site, where the Location says."""
    restricted: str | None = None
    """Resource by which the patient asked not to tell the plan (DESIGN 7): "Consent/1", "Encounter/1"; else None."""
    foreign_claims: tuple[ForeignClaim, ...] = ()
    """Live Claims of this Encounter which this program did not write."""
    charges: tuple[TypedCharge, ...] = ()
    """Charges that somebody typed by hand, where the host shows them."""
    problems: tuple[Problem, ...] = ()
    """What reading the record found wrong or missing."""
    last_changed: datetime | None = None
    """Latest meta.lastUpdated among the Encounter and its Procedures (UTC): for the settling time."""
