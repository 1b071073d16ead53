"""What a rule file may say, typed: one model a kind of row. Checked once, when the rulebook is loaded.

A row is what holds from one date on. Everything a decision depends on (numbers, codes, modifiers, effects) stands in a
row, and every row names its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date as Date
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from massage_billing.coding.yamltext import Unquoted
from massage_billing.model import CoverageKind, Effect, RulingKind, Who


def quoted(value: object) -> object:
    """Refuse a scalar that was written without quotes."""
    if isinstance(value, Unquoted):
        raise ValueError(f'is not a string: write it in quotes, "{value}"')
    return value


def _plain_sentence(value: str) -> str:
    if not value.endswith((".", "?", "!")):
        raise ValueError("has to be a whole sentence, with its full stop")
    return value


Code = Annotated[str, BeforeValidator(quoted), StringConstraints(pattern=r"^[0-9A-Z][0-9]{3}[0-9A-Z]$")]
"""CPT or HCPCS number, written in quotes."""
Modifier = Annotated[str, BeforeValidator(quoted), StringConstraints(pattern=r"^[0-9A-Z]{2}$")]
"""Two characters, written in quotes where they look like a number."""
Taxonomy = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{9}X$")]
"""NUCC provider taxonomy code, "225700000X"."""
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
    says_nothing: ClassVar[Mapping[str, object]] = {}
    """What a withdrawn row has in place of its values, so that nothing it says changes a decision."""


class TimedUnitsRow(Row):
    """One method of making units of minutes."""

    pooled: bool
    """True: all timed minutes together say how many units there are; False: each code for itself."""
    first_unit_minimum: int = Field(ge=1)
    """Minutes that the first unit needs, and that a remainder needs to be one more unit."""
    block_minutes: int = Field(ge=1)
    """Minutes of a full unit."""
    remainder_minimum: int = Field(default=1, ge=1)
    """Pooled: minutes beyond its full units that a code itself needs to be given one of the units that are left."""
    says_nothing: ClassVar[Mapping[str, object]] = {"pooled": False, "first_unit_minimum": 1, "block_minutes": 1440}


class AddOnRow(Row):
    """A code that is only billed beside another."""

    beside: tuple[Code, ...] = ()
    """One of these has to stand on the claim; the row's case is the add-on."""
    says_nothing: ClassVar[Mapping[str, object]] = {"beside": ()}


class RetiredRow(Row):
    """A code that was taken out of the code set; the row's case is the code, its date the first without it."""

    instead: tuple[Code, ...] = ()
    """Its successors, to name; never put in by the program."""


class EvaluationRow(Row):
    """What an evaluation needs to be billed beside a treatment."""

    codes: tuple[Code, ...] = ()
    """The evaluation and management codes."""
    modifier: Modifier | None = None
    """The modifier by which the record says that the evaluation was significant and separate."""
    says_nothing: ClassVar[Mapping[str, object]] = {"codes": (), "modifier": None}


class PairsRow(Row):
    """One NCCI release of column 1 / column 2 pairs."""

    opens_with: Modifier
    """The modifier that tells that a pair with indicator 1 was two separate services."""
    separate_service: tuple[Modifier, ...]
    """Every modifier that says so; kept on a line only where the record shows it."""
    only_times: tuple[Code, ...] = ()
    """Codes that only separate times keep apart from others, never separate regions: a group session."""
    says_nothing: ClassVar[Mapping[str, object]] = {"separate_service": ()}


class StatusRow(Row):
    """What one status letter of the Medicare fee schedule means for billing."""

    bills: bool
    """Whether a service with this status goes on the claim."""
    reason: str = ""
    """Reason code under ``not_billed`` where it does not."""
    says_nothing: ClassVar[Mapping[str, object]] = {"bills": True, "on_fail": Effect.NONE}


class NpiRow(Row):
    """How the check digit of an NPI is made."""

    prefix: Annotated[str, BeforeValidator(quoted), StringConstraints(pattern=r"^[0-9]+$")]
    """Digits put before the NPI for the check."""
    digits: int = Field(ge=2)
    """Length of an NPI."""
    first: tuple[Annotated[str, BeforeValidator(quoted)], ...]
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
    says_nothing: ClassVar[Mapping[str, object]] = {"on_claim": 1000, "on_line": 1000, "never_first": ()}


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
    says_nothing: ClassVar[Mapping[str, object]] = {"first": (), "at_most": 1000}


class Performers(Model):
    """Providers whose services are of another discipline than most, where the record does not say which."""

    discipline: Modifier
    """Plan-of-care modifier of the discipline."""
    taxonomies: tuple[Taxonomy, ...] = Field(min_length=1)
    """The providers."""
    source: str
    """Key of the source."""


class TherapyModifierRow(Row):
    """The modifiers that name a discipline, and whose services are of which where the record names none."""

    disciplines: tuple[Modifier, ...]
    """Plan-of-care modifiers. Services of the first, and those of which nothing says more, are counted together; those
    of each other one apart."""
    performers: tuple[Performers, ...] = ()
    """Who is of another discipline than the first."""
    says_nothing: ClassVar[Mapping[str, object]] = {"disciplines": (), "performers": ()}

    @model_validator(mode="after")
    def _of_those_that_are_told_apart(self) -> Self:
        if not {each.discipline for each in self.performers} <= {*self.disciplines[1:]}:
            raise ValueError("performers are of a discipline that disciplines has not, or has first")
        return self


class WhichCoverageRow(Row):
    """Which coverages count."""

    only_when_linked: tuple[CoverageKind, ...] = ()
    """Kinds that count only when the visit's account or order names them."""
    says_nothing: ClassVar[Mapping[str, object]] = {"only_when_linked": ()}


class SelfPayRow(Row):
    """How units are counted where no payer is billed."""

    policy: Word
    """Name of the policy that counts."""
    unknown_payer: Word
    """The one that counts for a payer nobody knows, where nobody asks who it is (``payer-known`` withdrawn)."""


class ScopeRow(Row):
    """Codes that are not expected of some providers."""

    taxonomies: tuple[str, ...] = ()
    """The providers, by NUCC taxonomy code."""
    codes: tuple[Code, ...] = ()
    """The codes."""
    says_nothing: ClassVar[Mapping[str, object]] = {"taxonomies": (), "codes": ()}


class TherapistDayRow(Row):
    """What counts of a therapist's day, and how long it may be."""

    not_one_to_one: tuple[Code, ...] = ()
    """Codes given to several patients at a time."""
    more_than: int | None = Field(default=None, ge=1)
    """Minutes a day from which on the case holds; None where it is not about the length."""


ROW_MODELS: dict[str, type[Row]] = {
    "timed-units": TimedUnitsRow,
    "add-on-code": AddOnRow,
    "code-retired": RetiredRow,
    "evaluation-modifier": EvaluationRow,
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
    "therapist-day": TherapistDayRow,
    "scope-of-practice": ScopeRow,
}
"""Rules whose rows say more than effects, and the model of those rows."""
