"""What a payer said of a coverage, in one normal form, however it was asked. What it did not say is None, "no data":
never zero and never yes. Nothing is thrown away: what has no field here stands in ``kept``, word for word.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class AnswerKind(StrEnum):
    """What sort of answer it is."""

    ANSWERED = "answered"
    """The payer knows the patient and says what it says."""
    REFUSED = "refused"
    """The payer could not answer: ``rejections`` say why (X12 AAA, FHIR error)."""
    TRY_LATER = "try-later"
    """The payer asks to be asked again (AAA03 42 or 80, follow-up action R, S or Y): it is no answer."""


class Standing(StrEnum):
    """Whether the coverage is in force, as the payer says; NO_DATA where it does not say."""

    IN_FORCE = "in-force"
    NOT_IN_FORCE = "not-in-force"
    NO_DATA = "no-data"


class Network(StrEnum):
    """For which providers a benefit holds (X12 EB12)."""

    IN = "in"
    OUT = "out"
    BOTH = "both"
    """The payer says that it makes no difference (EB12 W)."""
    NO_DATA = "no-data"


class BenefitKind(StrEnum):
    """What a benefit tells (X12 EB01, FHIR CoverageEligibilityResponse…benefit.type)."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    COPAY = "copay"
    """Dollars of the patient a visit."""
    COINSURANCE = "coinsurance"
    """The patient's share."""
    DEDUCTIBLE = "deductible"
    OUT_OF_POCKET = "out-of-pocket"
    LIMIT = "limit"
    """A limit of visits, units, minutes or dollars (EB01 F)."""
    UNLIMITED = "unlimited"
    DESCRIPTION = "description"
    """Covered, with words to it (EB01 D)."""
    NOT_COVERED = "not-covered"
    """EB01 I or E."""
    RESTRICTED = "restricted"
    """Only by the providers named (EB01 N)."""
    OTHER_PAYER = "other-payer"
    """Another payer covers too, or first (EB01 R)."""
    CONTACT = "contact"
    """Somebody else has to be asked (EB01 U)."""
    CANNOT_PROCESS = "cannot-process"
    """EB01 V: nothing is told of this benefit."""
    PRIMARY_CARE = "primary-care"
    """The primary care provider or managed care coordinator (EB01 L, MC)."""
    OTHER = "other"
    """Anything else; ``code`` says what."""


class Measure(StrEnum):
    """Which side of a limit a number is."""

    ALLOWED = "allowed"
    USED = "used"
    LEFT = "left"
    PLAIN = "plain"
    """Just a number: a copay, a share, or nothing that says which side."""


class CountUnit(StrEnum):
    """What is counted."""

    VISITS = "visits"
    UNITS = "units"
    """Services, procedures, units (EB09 P6, HSD01 FL)."""
    HOURS = "hours"
    MINUTES = "minutes"
    DAYS = "days"
    MONTHS = "months"
    NO_DATA = "no-data"
    """The payer gives a number and not of what."""


@dataclass(frozen=True, slots=True)
class Count:
    """A number of visits, units, hours … that the payer gives (EB09/EB10, an HSD, FHIR allowedUnsignedInt)."""

    quantity: Decimal
    """How many."""
    unit: CountUnit
    """Of what."""
    measure: Measure
    """Allowed, used or left."""
    period: str = ""
    """Over what: "calendar-year", "service-year", "year-to-date", "contract", "episode", "visit", "day", "week",
    "month", "lifetime" …; "" where it is not said."""
    periods: int | None = None
    """Over how many of them, where it is said (HSD06)."""
    said: str = ""
    """The element or segment it was read from, as the payer sent it."""


@dataclass(frozen=True, slots=True)
class Span:
    """A date or period that the payer gives, with its meaning as sent."""

    qualifier: str
    """What it is: X12 DTP01 ("346" plan begin, "291" plan, "356" eligibility begin …), or a FHIR element name."""
    start: Date | None
    """First day; of a single date that begins something, or simply the date."""
    end: Date | None
    """Last day; of a single date that ends something."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Somebody the payer names: another payer, a provider a service is restricted to, whom to contact (2120 loop)."""

    role: str
    """X12 NM101 or FHIR element ("PR" payer, "1P" provider, "P3" primary care provider …)."""
    name: str | None = None
    """As sent. A person's name is PHI."""
    identifiers: tuple[tuple[str, str], ...] = ()
    """(qualifier or system, value)."""
    taxonomy: str | None = None
    """Provider taxonomy (PRV03), where services are restricted to a kind of provider."""
    contacts: tuple[str, ...] = ()
    """Telephone numbers, addresses, links, as sent."""


@dataclass(frozen=True, slots=True)
class Benefit:
    """One thing the payer tells: one EB with all that hangs on it, or one FHIR benefit."""

    kind: BenefitKind
    """What it tells."""
    code: str
    """As sent: EB01, or FHIR benefit.type."""
    service_types: tuple[str, ...] = ()
    """X12 service types it holds for ("BE", "30"); empty: the payer names none."""
    procedure: str | None = None
    """CPT or HCPCS number it holds for (EB13); None: not by code."""
    modifiers: tuple[str, ...] = ()
    """Modifiers of the code."""
    level: str = ""
    """"individual", "family", …; "" where it is not said (EB02)."""
    plan: str | None = None
    """Plan as named (EB05, or EB04's insurance type as "type:HM")."""
    network: Network = Network.NO_DATA
    """In or out of network (EB12)."""
    authorization: bool | None = None
    """Whether authorization or certification is needed (EB11 Y, N); None: not said, or "unknown" (U)."""
    period: str = ""
    """Over what the amount or share is: words as in ``Count.period`` (EB06)."""
    amount: Decimal | None = None
    """Dollars (EB07)."""
    share: Decimal | None = None
    """The patient's share as a fraction, Decimal("0.2") is 20 percent (EB08)."""
    measure: Measure = Measure.PLAIN
    """Which side of a limit ``amount`` is: LEFT for EB06 29 or 33, USED for 24, ALLOWED for a whole year."""
    counts: tuple[Count, ...] = ()
    """Visits, units, hours."""
    spans: tuple[Span, ...] = ()
    """Dates that hold for this benefit alone."""
    messages: tuple[str, ...] = ()
    """MSG texts, word for word."""
    entities: tuple[Entity, ...] = ()
    """Whom it names."""
    places: tuple[str, ...] = ()
    """Place of service or diagnosis codes it is limited to (III), as sent: "ZZ:11"."""
    references: tuple[tuple[str, str], ...] = ()
    """REF qualifier and value: a plan number, a group number, a prior authorization number."""
    said: tuple[str, ...] = ()
    """The segments (or the FHIR JSON) it was read from, as sent. PHI."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a payer did not answer (X12 AAA, FHIR CoverageEligibilityResponse.error)."""

    code: str
    """As sent: "72", "42", or a FHIR code."""
    follow_up: str = ""
    """X12 AAA04 as sent: C correct and resubmit, N do not resubmit, R resubmission allowed, S do not resubmit: inquiry
    sent on, W wait 30 days, X wait 10 days, Y do not resubmit: we hold it and will answer, P resubmit the
    original question."""
    level: str = ""
    """Where: "source", "receiver", "subscriber", "dependent", "benefit", or "" (FHIR)."""
    message: str = ""
    """Text that came with it, word for word."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """What the payer has on file otherwise than it was asked with. PHI."""

    member_id: str | None = None
    """The member id it gives back."""
    birth_date: Date | None = None
    """The birth date it gives back."""
    last_name: str | None = None
    """The family name it gives back."""
    first_name: str | None = None
    """The given name it gives back."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan of an answer; most answers have one."""

    name: str | None
    """As named; None where the payer names none."""
    number: str | None = None
    """Plan or group number, as sent."""
    standing: Standing = Standing.NO_DATA
    """In force on the date asked about."""
    start: Date | None = None
    """First day, where the payer says."""
    end: Date | None = None
    """Last day, where the payer says."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a payer said to one question."""

    kind: AnswerKind
    """Answered, refused or try later."""
    asked_for: Date
    """The date of service asked about."""
    standing: Standing = Standing.NO_DATA
    """Whether coverage is in force on that date, over all plans: one that is in force is enough."""
    start: Date | None = None
    """First day of coverage, where the payer says."""
    end: Date | None = None
    """Last day of coverage, where the payer says."""
    plans: tuple[Plan, ...] = ()
    """The plans."""
    benefits: tuple[Benefit, ...] = ()
    """Every benefit, in the payer's order."""
    other_payers: tuple[Entity, ...] = ()
    """Other coverage the payer knows of."""
    rejections: tuple[Rejection, ...] = ()
    """Why it did not answer, or not wholly."""
    corrected: Corrected | None = None
    """What the payer has on file otherwise."""
    messages: tuple[str, ...] = ()
    """Texts that belong to no benefit, word for word."""
    trace: str = ""
    """The trace number it gives back (TRN02), ours where it is sound."""
    payer_trace: str = ""
    """The payer's own reference of the answer."""
    kept: tuple[str, ...] = ()
    """Everything that has no field here, as sent (segments, or JSON paths with their values). PHI."""


@dataclass(frozen=True, slots=True)
class Known:
    """An answer as the store keeps it: the newest a coverage and payer has."""

    patient: str
    """"Patient/3"."""
    coverage: str
    """"Coverage/5"."""
    payer: str
    """Payer key."""
    asked_on: Date
    """The day it was asked, at the clinic."""
    answered_at: datetime
    """When it was answered, UTC."""
    answer: Answer
    """What the payer said."""
    question: str = ""
    """Key of the question (``Question.key``)."""
    response: str | None = None
    """"CoverageEligibilityResponse/8" on the host, once written."""
    evidence: str = ""
    """SHA-256 of what the payer sent."""
    holder: str = ""
    """``Holder.version`` it was asked with; "" where somebody else asked."""

    @property
    def member(self) -> str:
        """``Coverage.member`` it was asked with; "" where somebody else asked."""
        return self.holder.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a payer's answer says of a coverage on a date of service; it outranks the Coverage's status and dates."""

    in_force: bool
    """In force on the date of service."""
    told: str
    """Which answer says so: "CoverageEligibilityResponse/8", else the question's key."""
    on: Date
    """The day the payer was asked."""
