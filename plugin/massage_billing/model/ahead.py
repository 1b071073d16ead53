"""A coming appointment, and what has to be settled before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from massage_billing.model.answer import CountUnit, Known, Network, Standing
from massage_billing.model.credential import Credential
from massage_billing.model.paper import Paper
from massage_billing.model.question import Person
from massage_billing.model.visit import Coverage, Problem, Referral, Therapist
from massage_billing.model.words import Who


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a coverage: the subscriber as the Coverage tells. PHI."""

    coverage: str
    """"Coverage/5"."""
    subscriber: Person | None
    """None where the record does not tell who; where the patient is the subscriber, the patient."""
    group_number: str | None = None
    """Coverage.class of type group."""
    plan: str | None = None
    """Coverage.class of type plan."""
    version: str = ""
    """A digest of what a payer is told of the Coverage: when it differs, the coverage has changed. ``Coverage.member``,
    "-", and of all else."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """One Appointment with all that asking and judging rest on."""

    host: str
    """Configured host id."""
    id: str
    """Logical id of the Appointment."""
    status: str
    """Appointment.status: proposed, pending, booked, arrived, checked-in, waitlist …"""
    patient: str | None
    """"Patient/3"; None where none or several are named."""
    date: Date | None
    """Calendar date at the site."""
    start: datetime | None = None
    """When it starts, at the site."""
    end: datetime | None = None
    """When it ends."""
    therapists: tuple[Therapist, ...] = ()
    """Who will treat: the Practitioner participants."""
    therapist_names: tuple[str, ...] = ()
    """Their names, for the huddle."""
    site: str | None = None
    """"Location/2"."""
    organization: str | None = None
    """Organization of the site, where recorded."""
    codes: tuple[str, ...] = ()
    """CPT or HCPCS numbers planned: of the order it is based on, or of Appointment.serviceType; empty: not said."""
    person: Person | None = None
    """The patient. PHI."""
    coverages: tuple[Coverage, ...] = ()
    """Every coverage of the patient; ordered by id."""
    holders: tuple[Holder, ...] = ()
    """Who holds each of them."""
    referral: Referral | None = None
    """The order it is based on."""
    papers: tuple[Paper, ...] = ()
    """Orders, referrals, authorizations (of preauthorization Claims' responses too) the host has on file."""
    restricted: str | None = None
    """Resource by which the patient asked not to tell the plan (DESIGN 7): then nobody is asked."""
    answered_by_host: tuple[Known, ...] = ()
    """Answers the host itself holds: CoverageEligibilityResponses that this program did not write."""
    changed: str = ""
    """Version of the Appointment."""
    problems: tuple[Problem, ...] = ()
    """What reading the record found wrong."""
    credentials: tuple[Credential, ...] = ()
    """What the host records of the therapists' licences and enrolments, and of the clinic's enrolments."""
    state: str | None = None
    """Two-letter state of the site, where the Location says."""


class Readiness(StrEnum):
    """What the huddle says of an appointment, the worst reason first."""

    BLOCKED = "blocked"
    """Nothing can be billed as things stand (red)."""
    ACT = "act"
    """Somebody has to do something before the visit (amber)."""
    UNKNOWN = "unknown"
    """It could not be found out (amber): never taken for a yes."""
    READY = "ready"
    """Nothing to settle (green)."""


WORST_FIRST: Final = (Readiness.BLOCKED, Readiness.ACT, Readiness.UNKNOWN, Readiness.READY)
"""In which order people read them."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that was found about an appointment."""

    id: str
    """Key in rules/eligibility/reasons.yaml, "coverage-ended"."""
    readiness: Readiness
    """What it makes of the appointment; READY for what is only told."""
    message: str
    """What was found, plainly; by ids, never a name, member id or birth date."""
    fix: str = ""
    """What to do."""
    who: Who | None = None
    """Who does it."""
    about: str | None = None
    """The resource or code it is about."""
    source: str = ""
    """Where it comes from: the answer, the paper, the rule."""
    due: Date | None = None
    """Until when, where there is a clock."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One thing that limits how many visits are left."""

    of: str
    """"plan", "authorization", "referral", "prescription"."""
    left: Decimal
    """How many are left before this appointment, at most."""
    unit: CountUnit
    """Visits, units, minutes, hours."""
    visits: int | None
    """The same in whole visits, where it can be told (units and minutes by what the appointment plans)."""
    source: str
    """Where it stands: "ServiceRequest/4", "papers.csv:3", "answer"."""
    shared: bool = False
    """The payer shares it with other therapies (a PT pool)."""
    at_most: bool = False
    """Other clinics' use is not seen: it may be less ("at least N used")."""
    told: str = ""
    """How it was counted, in words."""
    differs: bool = False
    """The payer says other numbers too, or for another network; this is the least of them."""


@dataclass(frozen=True, slots=True)
class VisitsLeft:
    """How many visits are left, and what binds."""

    visits: int | None
    """The least of all limits; None where nothing limits, or nothing says."""
    binding: Limit | None
    """The limit that binds."""
    limits: tuple[Limit, ...] = ()
    """All limits."""


@dataclass(frozen=True, slots=True)
class CostRange:
    """What the patient is expected to pay for the visit, in dollars, and why it is a range."""

    least: Decimal | None
    """At least; None: cannot be told."""
    most: Decimal | None
    """At most; None: cannot be told."""
    why: tuple[str, ...] = ()
    """How it comes about, in plain sentences."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Something that ends or falls due."""

    what: str
    """"authorization ends", "prescription ends", "progress report due", "filing limit"."""
    on: Date
    """The last day."""
    days: int
    """Days from the day of the huddle; negative: past."""
    about: str
    """Paper, coverage or visit it is about."""


@dataclass(frozen=True, slots=True)
class Benefits:
    """Of an answer, what matters for one appointment: its service types and codes, and the network of its therapist."""

    standing: Standing
    """In force on the day."""
    start: Date | None = None
    """First day of coverage."""
    end: Date | None = None
    """Last day of coverage."""
    plan: str | None = None
    """Plan as named."""
    network: Network = Network.NO_DATA
    """For which network these figures hold."""
    copay: Decimal | None = None
    """Dollars a visit; None: no data."""
    coinsurance: Decimal | None = None
    """Fraction; None: no data."""
    deductible: Decimal | None = None
    """Dollars of a year."""
    deductible_left: Decimal | None = None
    """Dollars left to pay; None: no data."""
    out_of_pocket_left: Decimal | None = None
    """Dollars until the plan pays everything; None: no data."""
    allowed: Decimal | None = None
    """Visits, units, minutes … allowed in the period."""
    used: Decimal | None = None
    """Used of them, as the payer says."""
    left: Decimal | None = None
    """Left, as the payer says; else allowed less used, where it says both."""
    unit: CountUnit = CountUnit.NO_DATA
    """What these three count."""
    period: str = ""
    """Over what they are counted."""
    shared: bool = False
    """The limit is shared with other therapies."""
    unlimited: bool = False
    """The payer says that there is no limit."""
    covered: bool | None = None
    """Whether massage (the codes planned) is covered at all; None: not said."""
    authorization: tuple[tuple[str, bool], ...] = ()
    """(code or service type, needed) as the payer says; what is not in here is no data."""
    referral: bool | None = None
    """Whether a referral is needed; None: not said."""
    provider_limits: tuple[str, ...] = ()
    """Kinds of providers the payer limits it to, as sent: texts and taxonomy codes."""
    other_coverage: tuple[str, ...] = ()
    """Other payers the payer names, as sent."""
    service_type: str = ""
    """The service type whose figures these are ("BE", "PT", "30")."""
    texts: tuple[str, ...] = ()
    """Payer's texts that bear on it, word for word."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be settled before one appointment."""

    appointment: str
    """Appointment id."""
    patient: str | None
    """"Patient/3"."""
    date: Date | None
    """The day."""
    readiness: Readiness
    """The worst of the reasons."""
    reasons: tuple[Reason, ...] = ()
    """Everything that was found, the worst first."""
    payer: str | None = None
    """Payer key."""
    coverage: str | None = None
    """The coverage that would be billed, "Coverage/5"."""
    benefits: Benefits | None = None
    """What the payer said that matters; None: nothing was answered."""
    answered_on: Date | None = None
    """The day the payer was asked for what it said."""
    visits_left: VisitsLeft | None = None
    """How many visits are left, and what binds."""
    cost: CostRange | None = None
    """What the patient is expected to pay."""
    clocks: tuple[Clock, ...] = ()
    """What ends or falls due."""
    authorization: Paper | None = None
    """The authorization on file that serves on the day, with the days it holds by the payer's policy."""
    patient_pays: bool = False
    """No payer is billed: the reasons say why."""
    standing: Standing = Standing.NO_DATA
    """Whether the coverage is in force on the day, as the payer says."""
