"""What an example of a rule file may say: how its visit differs from the standard visit, and what comes out."""

from __future__ import annotations

from datetime import date as Date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from massage_billing.coding.terms import Model, Modifier, Word, quoted
from massage_billing.model import (
    CoverageKind,
    CredentialKind,
    Effect,
    Enrolled,
    Outcome,
    PaperKind,
    Result,
    RulingKind,
)


def _service(value: object) -> object:
    """ "97124 60" is a service of 60 minutes; "97010" one without minutes."""
    if not isinstance(value, str):
        return value
    code, _, minutes = value.partition(" ")
    return {"code": code} | ({"minutes": minutes} if minutes else {})


class GivenService(Model):
    """One service of an example."""

    code: Annotated[str, BeforeValidator(quoted)] | None = None
    minutes: int | None = None
    by: str = "A"
    regions: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None
    status: str = "completed"
    diagnoses: tuple[str, ...] = ()
    modifiers: tuple[Modifier, ...] = ()
    duplicate_of: str | None = None
    encounter: str | None = None
    """Encounter id of another visit of the same day, with which this one is billed."""
    taxonomies: tuple[str, ...] | None = None
    """Of whoever did it, where it is not the visit's."""


class GivenCoverage(Model):
    """One coverage of an example."""

    kind: CoverageKind = CoverageKind.HEALTH
    status: str = "active"
    order: int | None = None
    linked: str | None = None
    rank: int = 0
    start: Date | None = Field(default=None, alias="from")
    end: Date | None = Field(default=None, alias="to")
    member: bool = True
    payer: str | None = "plan"
    patient_pays: bool = False
    verified: bool | None = None
    """What the payer answered of the date of service: in force, or not; None: no answer tells of it."""


class GivenProblem(Model):
    """Something that reading the record found."""

    rule: Word
    result: Result = Result.FAIL
    key: str = ""
    about: str | None = None


class GivenPaper(Model):
    """One paper on file of an example, in the clinic's papers.csv or (``host``) on the host."""

    kind: PaperKind
    number: str | None = None
    payer: str | None = None
    codes: tuple[str, ...] = ()
    visits: int | None = None
    units: int | None = None
    start: Date | None = Field(default=None, alias="from")
    end: Date | None = Field(default=None, alias="to")
    visits_used: int = 0
    units_used: int = 0
    continues: bool = False
    written: Date | None = None
    ordered: bool = True
    state: str | None = None
    host: bool = False
    """It is a ServiceRequest of the host, which the visit is based on."""


class GivenCredential(Model):
    """One credential of an example, in the clinic's credentials.csv or (``host``) on the host."""

    kind: CredentialKind = CredentialKind.ENROLMENT
    of: str = "therapist"
    """Whose it is: "therapist" (by NPI), "clinic", else who ``by`` a service is; "S" is the supervisor."""
    payer: str | None = None
    enrolled: Enrolled | None = None
    state: str | None = None
    start: Date | None = Field(default=None, alias="from")
    end: Date | None = Field(default=None, alias="to")
    host: bool = False
    """The host records it with the therapist."""


class GivenUse(Model):
    """What other visits used of a paper in an example."""

    paper: str
    """``Paper.key``, "authorization:A1"; "injury:plan:" and "year:plan:2026" count visits."""
    visits: int = 0
    units: int = 0
    reserved_visits: int = 0
    reserved_units: int = 0
    first: Date | None = None


class GivenDay(Model):
    """What other visits of the patient's day have to do with the example's."""

    first: str | None = None
    """Encounter id of the visit on whose claim this one's services stand."""
    sent_without: str | None = None
    """The claim that was sent before this visit was recorded."""
    also_on: str | None = None
    """The claim that bills this visit and belongs to another."""


class GivenWorked(Model):
    """What another patient's visit takes of the therapist's day."""

    by: Annotated[str, BeforeValidator(quoted)] | None = None
    """The therapist's NPI; None: the visit's."""
    minutes: int
    start: str | None = None
    end: str | None = None


class Given(Model):
    """The visit of an example: what differs from the standard visit of rulebook.yaml."""

    services: tuple[Annotated[GivenService, BeforeValidator(_service)], ...] | None = None
    problems: tuple[GivenProblem, ...] = ()
    coverages: tuple[GivenCoverage, ...] | None = None
    diagnoses: tuple[str, ...] | None = None
    policy: Word | None = None
    policy_says: dict[str, object] = Field(default_factory=dict)
    """What the policy says in place of its own words, for this example only: ``{keep: column-1}``."""
    npi: Annotated[str, BeforeValidator(quoted)] | None = None
    taxonomies: tuple[str, ...] | None = None
    fees: dict[str, Decimal] | None = None
    restricted: bool = False
    already_billed: bool = False
    typed: tuple[str, ...] = ()
    """Charges typed by hand, "97124 4": code and units."""
    accident: bool = False
    state: str | None = None
    """Two-letter state of the site."""
    accident_on: Date | None = None
    """The record tells of an accident on this day."""
    injury_number: str | None = None
    """The payer's number of the injury, on the coverage."""
    papers: tuple[GivenPaper, ...] = ()
    """What is on file."""
    credentials: tuple[GivenCredential, ...] | None = None
    """What is on file of the therapist, the clinic and others; None: the clinic keeps no credentials.csv."""
    supervised: bool = False
    """A supervisor, "S", is named."""
    used: tuple[GivenUse, ...] = ()
    """What other visits used."""
    counted: bool = True
    """Somebody counted other visits."""
    day: GivenDay = GivenDay()
    """Other visits of the patient's day."""
    worked: tuple[GivenWorked, ...] = ()
    """Other patients' visits of the therapist's day."""
    today: Date | None = None
    """The day on which it is decided."""
    older_releases: bool = False
    """The clinic loaded releases that reach back to the date: for dates before the first release that ships."""
    explaining: bool = False
    without: tuple[Literal["fees", "npi", "taxonomies", "policy", "date", "credentials"], ...] = ()
    ruling: RulingKind | None = None


class Expect(Model):
    """What an example has to come out as; what is left out is not looked at."""

    outcome: Outcome | None = None
    lines: tuple[str, ...] | None = None
    """"97124 x4", with modifiers after it: "97124 x4 GP"."""
    not_billed: tuple[str, ...] | None = None
    """"97010 bundled"."""
    result: Result | None = None
    """Result of this rule's finding."""
    effect: Effect | None = None
    """Its effect."""
    pointers: tuple[str, ...] | None = None
    """Diagnosis pointers of each line, "1 2"."""
    total: Decimal | None = None
    """Dollars of the claim."""
    findings: tuple[str, ...] | None = None
    """Findings it has among others, of any rule: "payer-pays fail changed"."""
    filing_limit: Date | None = None
    """The last day to file."""
    network: str | None = None
    """As what the claim is billed: "in-network", "out-of-network", "mixed"."""


class Example(Model):
    """One worked case of a rule, named as a sentence; it is also a test."""

    name: str = Field(min_length=8)
    on: Date
    case: str = ""
    given: Given
    expect: Expect
