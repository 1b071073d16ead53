"""What a rule file may say, typed: one model a kind of row. Checked once, when the rulebook is loaded.

A row is what holds from one date on. Everything a decision depends on (numbers, codes, modifiers, effects) stands in a
row, and every row names its source.
"""

from __future__ import annotations

from datetime import date as Date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from massage_billing.coding.yamltext import Unquoted
from massage_billing.model import CoverageKind, Effect, Outcome, Result, RulingKind, Who


def _quoted(value: object) -> object:
    if isinstance(value, Unquoted):
        raise ValueError(f'is not a string: write it in quotes, "{value}"')
    return value


def _plain_sentence(value: str) -> str:
    if not value.endswith((".", "?", "!")):
        raise ValueError("has to be a whole sentence, with its full stop")
    return value


Code = Annotated[str, BeforeValidator(_quoted), StringConstraints(pattern=r"^[0-9A-Z][0-9]{3}[0-9A-Z]$")]
"""CPT or HCPCS number, written in quotes."""
Modifier = Annotated[str, BeforeValidator(_quoted), StringConstraints(pattern=r"^[0-9A-Z]{2}$")]
"""Two characters, written in quotes where they look like a number."""
Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
"""A name in small letters with hyphens: rule ids, cases, policies."""
Sentence = Annotated[str, StringConstraints(min_length=3), AfterValidator(_plain_sentence)]
"""A sentence for people."""
Grade = Literal["official", "extracted", "secondary", "inferred", "house"]
"""How sure a source is: official text; extracted from CMS data; a secondary page; our inference; our own rule."""


class Model(BaseModel):
    """A part of a rule file: nothing unknown in it, nothing changed after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=False)


class Source(Model):
    """Where a value comes from."""

    title: str = Field(min_length=3)
    """Title of the document."""
    section: str = ""
    """Part of it."""
    href: str = Field(min_length=3)
    """Link, or the path of a page in this repository."""
    retrieved: Date
    """When it was read."""
    grade: Grade
    """How sure it is."""
    accepted: str = ""
    """For an inference that may decide all the same: why."""

    @property
    def text(self) -> str:
        """One line for a finding."""
        told = {"secondary": " (secondary source)", "inferred": " (inferred)", "house": " (this program's own rule)"}
        section = f", {self.section}" if self.section else ""
        return f"{self.title}{section} <{self.href}>{told.get(self.grade, '')}"


class Row(Model):
    """What holds of a rule from one date on, for one case of it."""

    case: str = ""
    """Which case of the rule it answers; "" where there is only one, or none of the named ones fits."""
    start: Date = Field(alias="from")
    """First date of service it holds for."""
    to: Date | None = None
    """Last date, where the source gives one; else the next row ends it."""
    withdrawn: bool = False
    """True: from this date on the question is no longer asked."""
    assumed: bool = False
    """True where the source gives no date and ``from`` is our assumption."""
    source: str
    """Key of the source."""
    known_through: Date | None = None
    """For a release of CMS or NCHS: the last date it is known to be current for; later dates warn."""
    table: str | None = None
    """For a release: file under ``rules/tables/``."""
    on_fail: Effect | None = None
    """Overrides the rule's own."""
    on_no_data: Effect | None = None
    """Overrides the rule's own."""
    on_no_data_in_explain: Effect | None = None
    """Overrides the rule's own."""
    passes: Sentence | None = None
    """Overrides the rule's own."""
    fix: str | None = None
    """Overrides the rule's own."""
    who: Who | None = None
    """Overrides the rule's own."""
    person_may: tuple[RulingKind, ...] | None = None
    """Overrides the rule's own."""
    note: str = ""
    """A word to the reader."""


class TimedUnitsRow(Row):
    """One method of making units of minutes."""

    pooled: bool
    """True: all timed minutes together say how many units there are; False: each code for itself."""
    first_unit_minimum: int = Field(ge=1)
    """Minutes that the first unit needs, and that a remainder needs to be one more unit."""
    block_minutes: int = Field(ge=1)
    """Minutes of a full unit."""


class PairsRow(Row):
    """One NCCI release of column 1 / column 2 pairs."""

    opens_with: Modifier
    """The modifier that tells that a pair with indicator 1 was two separate services."""
    separate_service: tuple[Modifier, ...]
    """Every modifier that says so; kept on a line only where the record shows it."""


class StatusRow(Row):
    """What one status letter of the Medicare fee schedule means for billing."""

    bills: bool
    """Whether a service with this status goes on the claim."""
    reason: str = ""
    """Reason code under ``not_billed`` where it does not."""


class NpiRow(Row):
    """How the check digit of an NPI is made."""

    prefix: Annotated[str, BeforeValidator(_quoted), StringConstraints(pattern=r"^[0-9]+$")]
    """Digits put before the NPI for the check."""
    digits: int = Field(ge=2)
    """Length of an NPI."""
    first: tuple[Annotated[str, BeforeValidator(_quoted)], ...]
    """Digits it may begin with."""


class TaxonomyRow(Row):
    """What a provider taxonomy code looks like."""

    pattern: str
    """Regular expression of the whole code."""


class DiagnosisLimitsRow(Row):
    """How many diagnoses fit."""

    on_claim: int = Field(ge=1)
    """On a claim."""
    on_line: int = Field(ge=1)
    """Pointers of a line."""
    never_first: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9A-Z]*$")], ...] = ()
    """Beginnings of codes that say how it came about and not what was treated: never first on a claim or a line."""


class DatedDiagnosis(Model):
    """A code whose life differs from the release that is loaded."""

    code: str
    """ICD-10-CM code with its point."""
    start: Date | None = Field(default=None, alias="from")
    """First date it may be used."""
    to: Date | None = None
    """Last date it may be used."""
    instead: tuple[str, ...] = ()
    """Its successors, to name; never put in by the program."""
    source: str
    """Key of the source."""


class DiagnosisTableRow(Row):
    """One release of ICD-10-CM."""

    history: tuple[DatedDiagnosis, ...] = ()
    """Codes that came or went at a known date."""


class ModifierOrderRow(Row):
    """Order and number of modifiers on a line."""

    first: tuple[Modifier, ...]
    """These come first, in this order; others follow as recorded."""
    at_most: int = Field(ge=1)
    """How many fit on a line."""


class TherapyModifierRow(Row):
    """The modifiers that name a discipline."""

    disciplines: tuple[Modifier, ...]
    """Plan-of-care modifiers; services recorded with different ones are counted apart."""


class WhichCoverageRow(Row):
    """Which coverages count."""

    only_when_linked: tuple[CoverageKind, ...] = ()
    """Kinds that count only when the visit's account or order names them."""


class SelfPayRow(Row):
    """How units are counted where no payer is billed."""

    policy: Word
    """Name of the policy that counts."""


class TherapyModifierTerm(Model):
    """A payer that wants the plan of care named on its lines."""

    modifier: Modifier
    """The modifier."""
    codes: tuple[Code, ...] = Field(min_length=1)
    """The codes that need it."""
    source: str
    """Key of the source."""


class DailyCapTerm(Model):
    """A payer's limit on the units of a day."""

    codes: tuple[Code, ...] = Field(min_length=1)
    """The codes it counts."""
    units: int = Field(ge=1)
    """How many units it pays."""
    per: Literal["code", "all"] = "code"
    """Whether each code has the limit for itself, or all of them together."""
    source: str
    """Key of the source."""


class PolicyRow(Row):
    """What one payer policy says from a date on."""

    unit_method: Word
    """A case of the rule timed-units."""
    follows_ncci: bool
    """Whether the payer applies NCCI pairs."""
    ncci_source: str | None = None
    """Key of the source that says it does not."""
    follows_mue: bool
    """Whether the payer applies MUE."""
    mue_source: str | None = None
    """Key of the source that says it does not."""
    keep: Literal["column-1"] | None = None
    """column-1: keep the column 1 code even where the other has more units; choosing by price is not offered."""
    pays_bundled: tuple[Code, ...] = ()
    """Codes with a bundled status that this payer pays all the same."""
    pays_bundled_source: str | None = None
    """Key of the source that says so."""
    therapy_modifier: TherapyModifierTerm | None = None
    """The plan-of-care modifier it wants; None: none."""
    daily_caps: tuple[DailyCapTerm, ...] = ()
    """Its limits on the units of a day."""
    filing_days: int | None = Field(default=None, ge=1)
    """Days from the date of service to file; the clinic's own contract outranks it."""


ROW_MODELS: dict[str, type[Row]] = {
    "timed-units": TimedUnitsRow,
    "ncci-pairs": PairsRow,
    "fee-schedule-status": StatusRow,
    "therapist-npi": NpiRow,
    "therapist-taxonomy": TaxonomyRow,
    "diagnosis-present": DiagnosisLimitsRow,
    "diagnosis-valid": DiagnosisTableRow,
    "modifiers": ModifierOrderRow,
    "therapy-modifier": TherapyModifierRow,
    "which-coverage": WhichCoverageRow,
    "self-pay-counting": SelfPayRow,
}
"""Rules whose rows say more than effects, and the model of those rows."""


# --- examples -------------------------------------------------------------------------------------------------------


def _service(value: object) -> object:
    """ "97124 60" is a service of 60 minutes; "97010" one without minutes."""
    if not isinstance(value, str):
        return value
    code, _, minutes = value.partition(" ")
    return {"code": code} | ({"minutes": minutes} if minutes else {})


class GivenService(Model):
    """One service of an example."""

    code: Annotated[str, BeforeValidator(_quoted)] | None = None
    minutes: int | None = None
    by: str = "A"
    regions: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None
    status: str = "completed"
    diagnoses: tuple[str, ...] = ()
    modifiers: tuple[Modifier, ...] = ()
    duplicate_of: str | None = None


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


class GivenProblem(Model):
    """Something that reading the record found."""

    rule: Word
    result: Result = Result.FAIL
    key: str = ""
    about: str | None = None


class Given(Model):
    """The visit of an example: what differs from the standard visit of rulebook.yaml."""

    services: tuple[Annotated[GivenService, BeforeValidator(_service)], ...] | None = None
    problems: tuple[GivenProblem, ...] = ()
    coverages: tuple[GivenCoverage, ...] | None = None
    diagnoses: tuple[str, ...] | None = None
    policy: Word | None = None
    npi: Annotated[str, BeforeValidator(_quoted)] | None = None
    taxonomies: tuple[str, ...] | None = None
    fees: dict[str, Decimal] | None = None
    restricted: bool = False
    already_billed: bool = False
    accident: bool = False
    explaining: bool = False
    without: tuple[Literal["fees", "npi", "taxonomies", "policy", "date"], ...] = ()
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


class Example(Model):
    """One worked case of a rule, named as a sentence; it is also a test."""

    name: str = Field(min_length=8)
    on: Date
    case: str = ""
    given: Given
    expect: Expect
