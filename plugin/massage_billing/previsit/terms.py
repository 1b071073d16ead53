"""What ``rules/eligibility`` says, typed: what is asked, how rejections are understood, what each reason is.

Read once (``rulebook.eligibility_files``); a wrong file is refused whole, with file, line and reason.
"""

from __future__ import annotations

import hashlib
import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date as Date
from typing import Annotated, Final, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from massage_billing.coding.rulefile import mapping, typed
from massage_billing.coding.terms import Model, Sentence, Source, Word, quoted
from massage_billing.coding.yamltext import YamlText, read_yaml
from massage_billing.errors import RuleFileError
from massage_billing.model import Readiness, Reason, Who

ServiceType = Annotated[str, BeforeValidator(quoted), StringConstraints(pattern=r"^[0-9A-Z]{1,2}$")]
"""X12 service type (EB03, EQ01), in quotes where it looks like a number."""
RejectCode = Annotated[str, BeforeValidator(quoted), StringConstraints(pattern=r"^[0-9A-Z]{2}$")]
"""X12 AAA03, in quotes where it looks like a number."""
REASONS, REJECTIONS, ASKING = "reasons.yaml", "rejections.yaml", "asking.yaml"
"""The files of rules/eligibility."""
CODE: Final = -1
"""The tier of benefits by code; service types follow from 0 on (``AskingFile.specific``)."""
F = TypeVar("F", bound="CitedFile")
_CODE = re.compile(r"[A-Za-z0-9]{1,4}(?: [A-Za-z0-9]{1,4})*|[a-z]+(?:-[a-z]+)*")
"""What looks like a code of X12 or FHIR, and not like words about a patient."""


class Cited(Model):
    """A part with its source."""

    source: str
    """Key of the source."""
    note: str = ""
    """A word to the reader."""


class CitedFile(Model):
    """What the files have in common."""

    sources: dict[str, Source] = Field(min_length=1)
    """Where the values come from."""
    last_verified_on: Date
    """When somebody last compared the values with their sources."""

    @abstractmethod
    def cited(self) -> Iterable[tuple[tuple[str | int, ...], str]]:
        """Where each source is cited, and its key."""


class ServiceTypes(Cited):
    """Which service types are asked."""

    order: tuple[ServiceType, ...] = Field(min_length=1)
    """The one that is wanted most first."""
    at_once: int = Field(ge=1)
    """How many of them stand in one question."""
    tries: int = Field(ge=1)
    """After so many answers that brought nothing a type goes behind those not tried yet."""


class Tier(Cited):
    """Service types that are believed alike; tiers stand from the most specific to the most general."""

    types: tuple[ServiceType, ...] = Field(min_length=1)
    """The service types."""
    massage: bool = False
    """They mean massage itself: only these say whether massage is covered."""
    therapy: bool = False
    """They mean therapies with which payers count massage."""

    @property
    def close(self) -> bool:
        """Whether what is said of them is said of massage, alone or with other therapies."""
        return self.massage or self.therapy


class Words(Cited):
    """Phrases in payers' texts that say one thing; compared in small letters."""

    say: tuple[str, ...] = Field(min_length=1)
    """The phrases."""

    def in_(self, texts: Iterable[str]) -> bool:
        """Whether any of these texts has any of the phrases."""
        return any(phrase in text.casefold() for text in texts for phrase in self.say)

    def as_words(self, text: str) -> bool:
        """Whether a text has any of them as a whole word: "no" is not in "note"."""
        return any(re.search(rf"\b{re.escape(phrase)}\b", text.casefold()) for phrase in self.say)

    def without(self, text: str) -> str:
        """A text in small letters without the phrases."""
        text = text.casefold()
        for phrase in sorted(self.say, key=len, reverse=True):
            text = text.replace(phrase, " ")
        return text


class AllWords(Model):
    """What is looked for in payers' texts; whatever is not found there stays no data."""

    shared: Words
    """A limit is shared with other therapies."""
    limit: Words
    """A text with a number that may limit visits: where no number was read of it, a person has to read it."""
    referral_needed: Words
    """A referral is needed."""
    referral_not_needed: Words
    """None is."""
    denied: Words
    """Whole words that may turn a text about referrals into its opposite: it is no data then."""
    not_covered: Words
    """Massage may not be covered: a person has to read it."""
    providers: Words
    """A text that may limit it to a kind of provider: a person has to read it."""


class Days(Cited):
    """A number of days."""

    days: int = Field(ge=0)
    """Days."""


class Statuses(Cited):
    """Statuses of Appointments."""

    statuses: tuple[str, ...] = Field(min_length=1)
    """FHIR appointmentstatus."""


class Qualifiers(Cited):
    """Qualifiers of dates (X12 DTP01)."""

    qualifiers: tuple[str, ...]
    """The qualifiers."""


class OtherPayers(Cited):
    """Roles in which a payer names another payer (X12 NM101 of loop 2120)."""

    first: tuple[str, ...]
    """It pays before this one."""
    later: tuple[str, ...]
    """It pays after this one."""


class WarnDays(Cited):
    """How many days before something ends it is told."""

    authorization: int = Field(ge=0)
    prescription: int = Field(ge=0)
    referral: int = Field(ge=0)
    plan_of_care: int = Field(ge=0)
    progress_report: int = Field(ge=0)
    filing: int = Field(ge=0)


class WarnVisits(Cited):
    """From how many visits left on it is told."""

    left: int = Field(ge=0)
    """Visits."""


class AskingFile(CitedFile):
    """asking.yaml."""

    service_types: ServiceTypes
    """What is asked."""
    specific: tuple[Tier, ...] = Field(min_length=1)
    """Which service types are believed before which."""
    max_age: Days
    """An answer older than this is asked again, where the clinic's settings say nothing else."""
    appointments: Statuses
    """Appointments with these statuses are asked and judged."""
    benefit_dates: Qualifiers
    """Dates outside of which a benefit does not count."""
    other_payers: OtherPayers
    """Which other payer pays before, which after."""
    words: AllWords
    """Phrases in payers' texts."""
    warn_days: WarnDays
    """How far ahead is warned."""
    warn_visits: WarnVisits
    """How few visits are few."""

    @model_validator(mode="after")
    def _no_type_in_two_tiers(self) -> Self:
        types = [each for tier in self.specific for each in tier.types]
        if len(types) != len(set(types)):
            raise ValueError("a service type stands in two tiers of specific")
        if not any(tier.massage for tier in self.specific):
            raise ValueError("no tier of specific means massage")
        return self

    def tier_of(self, service_type: str) -> int | None:
        """Its place from the most specific on; None for a service type that says nothing of massage."""
        return next((place for place, tier in enumerate(self.specific) if service_type in tier.types), None)

    def says_of_massage(self, tier: int) -> bool:
        """Whether a tier's benefits are said of a planned code (``CODE``), of massage, or of the therapies it is
        counted with, and not of a visit or the plan as a whole."""
        return tier == CODE or (tier < len(self.specific) and self.specific[tier].close)

    def cited(self) -> Iterable[tuple[tuple[str | int, ...], str]]:
        """Where each source is cited, and its key."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Cited):
                yield (name,), value.source
        yield from ((("specific", place), tier.source) for place, tier in enumerate(self.specific))
        for name in type(self.words).model_fields:
            yield ("words", name), getattr(self.words, name).source


class ReasonText(Cited):
    """One reason: what it makes of an appointment, in which words, what to do, who."""

    readiness: Readiness
    """What it makes of the appointment."""
    plain: Sentence
    """What was found."""
    fix: str = ""
    """What to do."""
    who: Who | None = None
    """Who does it."""

    @model_validator(mode="after")
    def _somebody_acts(self) -> Self:
        if self.readiness is not Readiness.READY and not (self.fix and self.who):
            raise ValueError("needs a fix and who does it")
        return self


class RejectionText(ReasonText):
    """Why a payer does not answer."""

    whose: Literal["ours", "theirs", "setup"]
    """Whose data it is about: our record's, the payer's, the clinic's enrolment or settings."""

    @model_validator(mode="after")
    def _never_ready(self) -> Self:
        if self.readiness is Readiness.READY:
            raise ValueError("a rejection never makes an appointment ready")
        return self


class ReasonsFile(CitedFile):
    """reasons.yaml."""

    reasons: dict[Word, ReasonText]
    """By id."""

    def cited(self) -> Iterable[tuple[tuple[str | int, ...], str]]:
        """Where each source is cited, and its key."""
        return ((("reasons", name), text.source) for name, text in self.reasons.items())


class RejectionsFile(CitedFile):
    """rejections.yaml."""

    rejections: dict[RejectCode, RejectionText]
    """By X12 AAA03."""

    def cited(self) -> Iterable[tuple[tuple[str | int, ...], str]]:
        """Where each source is cited, and its key."""
        return ((("rejections", code), text.source) for code, text in self.rejections.items())


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Everything of rules/eligibility."""

    asking: AskingFile
    """What is asked, and how answers are read."""
    reasons: Mapping[str, ReasonText]
    """Reasons by id."""
    rejections: Mapping[str, RejectionText]
    """Rejections by AAA03."""
    sources: Mapping[str, str]
    """Text of each source, by "file:key"."""
    digest: str
    """SHA-256 (hex) of the files."""

    def reason(
        self, id: str, message: str = "", *, about: str | None = None, source: str = "", due: Date | None = None
    ) -> Reason:
        """A reason by its id. ``message`` stands for its plain sentence where it says more: by ids only."""
        text = self.reasons[id]
        told = source or self.sources[f"{REASONS}:{text.source}"]
        return Reason(id, text.readiness, message or text.plain, text.fix, text.who, about, told, due)

    def rejection(self, code: str, about: str | None = None) -> Reason:
        """Why a payer did not answer, by its code; a code that is not known is told as it was sent, words that stand
        in its place are not: they may name the patient."""
        known = self.rejections.get(code)
        if known is None:
            why = f"reason {code}" if _CODE.fullmatch(code) else "the reason it gives is no code"
            told = f"The payer did not take the question: {why if code else 'reason not given'}."
            return self.reason("rejected", told, about=about)
        told = f"{known.plain} (AAA {code})"
        source = self.sources[f"{REJECTIONS}:{known.source}"]
        return Reason("rejected", known.readiness, told, known.fix, known.who, about, source)


def read_eligibility(texts: Mapping[str, str], folder: str = "eligibility/") -> Eligibility:
    """The files of rules/eligibility, by name. Raises RuleFileError for the first mistake."""
    digest = hashlib.sha256()
    for name in (ASKING, REASONS, REJECTIONS):
        digest.update(f"{name}\0{texts[name]}\0".encode())
    asking = _read(AskingFile, texts[ASKING], folder + ASKING)
    reasons = _read(ReasonsFile, texts[REASONS], folder + REASONS)
    rejections = _read(RejectionsFile, texts[REJECTIONS], folder + REJECTIONS)
    files: list[tuple[str, CitedFile]] = [(ASKING, asking), (REASONS, reasons), (REJECTIONS, rejections)]
    sources = {f"{name}:{key}": source.text for name, file in files for key, source in file.sources.items()}
    return Eligibility(asking, reasons.reasons, rejections.rejections, sources, digest.hexdigest())


def _read(model: type[F], text: str, file: str) -> F:
    read: YamlText = read_yaml(text, file)
    found = typed(model, mapping(read, file), read, file, ())
    for path, key in found.cited():
        if key not in found.sources:
            raise RuleFileError(file, read.line(path), f'cites "{key}", which is not among its sources')
    return found
