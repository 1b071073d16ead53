"""What a payer policy may say, typed: units, edits, whom and what it pays, which papers it wants.

Every term names its source. What no source supports is not written, or named under ``unknown``: then it is no data,
never a yes and never a no.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from massage_billing.coding.terms import Code, Model, Modifier, Row, Sentence, Taxonomy, Word
from massage_billing.model import PaperKind

State = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""Two-letter state."""


class Term(Model):
    """A part of a policy with its source."""

    source: str
    """Key of the source."""
    note: str = ""
    """A word to the reader."""


class TherapyModifierTerm(Term):
    """A payer that wants the plan of care named on its lines."""

    modifier: Modifier
    """The modifier; lines of a discipline of its own (rule therapy-modifier) carry that one's in its place."""
    codes: tuple[Code, ...] = Field(min_length=1)
    """The codes that need it."""


class LineModifierTerm(Term):
    """A further modifier that a payer wants on a line (KX, CQ, 96 …); never one that opens an edit."""

    modifier: Modifier
    """The modifier."""
    codes: tuple[Code, ...] = Field(min_length=1)
    """The codes that carry it."""
    taxonomies: tuple[Taxonomy, ...] = ()
    """Only on lines of these providers; empty: of any."""


class DailyCapTerm(Term):
    """A payer's limit on the units of a day."""

    codes: tuple[Code, ...] = Field(min_length=1)
    """The codes it counts."""
    units: int = Field(ge=1)
    """How many units it pays."""
    per: Literal["code", "discipline", "all"] = "code"
    """Whether each code has the limit for itself, each therapy type (GP, GO, GN), or all of them together."""


class ExcludesTerm(Term):
    """Services that the payer pays nobody, or not these providers: the patient pays them."""

    taxonomies: tuple[Taxonomy, ...] = ()
    """Rendered by these providers; empty: by anybody."""
    codes: tuple[Code, ...] = ()
    """These codes; empty: every code."""
    all_but: tuple[Code, ...] = ()
    """Codes that it pays all the same."""
    why: Sentence
    """The reason in a plain sentence: it stands on the patient's bill."""


class ScopeTerm(Term):
    """Codes that a payer does not expect of a kind of provider: a warning, never a hold."""

    taxonomies: tuple[Taxonomy, ...] = Field(min_length=1)
    """The providers."""
    codes: tuple[Code, ...] = Field(min_length=1)
    """The codes."""


class PaperTerm(Term):
    """A paper that has to be on file: order, referral, authorization, plan of care, progress report."""

    kind: PaperKind
    """Which."""
    codes: tuple[Code, ...] = ()
    """Only where one of these is billed; empty: always."""
    from_visit: int = Field(default=1, ge=1)
    """Needed from this visit on, counted as ``counted_over`` says."""
    counted_over: Literal["injury", "paper", "year"] = "injury"
    """What visits are counted over for ``from_visit`` and ``every_visits``."""
    number_on_claim: bool = False
    """Whether its number has to stand on the claim."""
    visits: int | None = Field(default=None, ge=1)
    """Visits one paper allows where the paper itself does not say."""
    days: int | None = Field(default=None, ge=1)
    """Days one paper lasts from its start where the paper itself does not say."""
    renewed_days: int | None = Field(default=None, ge=1)
    """The same for a paper that continues an earlier one."""
    every_visits: int | None = Field(default=None, ge=1)
    """For a report: due again after so many visits."""
    every_days: int | None = Field(default=None, ge=1)
    """For a report: due again after so many days."""


class AccidentTerm(Term):
    """What the payer wants to know of the accident."""

    date: bool = False
    """Its date."""
    state: bool = False
    """Its state."""
    claim_number: bool = False
    """The payer's number of the injury."""


class PaymentCapTerm(Term):
    """The most the payer pays a day, in dollars; charges are never lowered to it."""

    taxonomies: tuple[Taxonomy, ...] = ()
    """For what these providers do; empty: whoever did it."""
    codes: tuple[Code, ...] = ()
    """For these codes; empty: every code."""

    amount: Decimal | None = Field(default=None, gt=0)
    """Dollars a day; None where no source gives the amount."""
    is_: Sentence = Field(alias="is")
    """What the limit is, in a plain sentence."""


class DiagnosesTerm(Term):
    """The diagnoses that a payer covers for some codes."""

    codes: tuple[Code, ...] = Field(min_length=1)
    """The codes."""
    begin_with: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9][0-9A-Z.]*$")], ...] = Field(min_length=1)
    """Beginnings of the covered ICD-10-CM codes, with their point."""


class CorrectionsTerm(Term):
    """How long the payer takes a correction of a claim it has decided; later ones are only pointed out."""

    days: int = Field(ge=1)
    """So many days."""
    counted_from: Literal["service", "answer"]
    """From the date of service, or from when the payer decided."""


class UnknownTerm(Model):
    """What no source tells of this payer: no data, and said so."""

    field: Word
    """What is not known: "authorization", "therapy-modifier", "unit-method" …"""
    why: Sentence
    """Where it was looked for, or what was found instead."""


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
    patient_pays: bool = False
    """Of the policy by which patients are charged: no payer is billed, so that no payer's edit is asked. No payer can
    have it."""
    excludes: tuple[ExcludesTerm, ...] = ()
    """What it does not pay; where nothing is left the patient pays (self-pay)."""
    therapy_modifier: TherapyModifierTerm | None = None
    """The plan-of-care modifier it wants; None: none."""
    line_modifiers: tuple[LineModifierTerm, ...] = ()
    """Further modifiers it wants."""
    daily_caps: tuple[DailyCapTerm, ...] = ()
    """Its limits on the units of a day."""
    payment_caps: tuple[PaymentCapTerm, ...] = ()
    """Its limits on the dollars of a day."""
    papers: tuple[PaperTerm, ...] = ()
    """The papers it wants on file."""
    accident: AccidentTerm | None = None
    """What it wants to know of an accident."""
    scope: tuple[ScopeTerm, ...] = ()
    """Codes it does not expect of some providers."""
    diagnoses: tuple[DiagnosesTerm, ...] = ()
    """The diagnoses it covers."""
    filing_days: int | None = Field(default=None, ge=1)
    """Days from the date of service to file; the clinic's own contract outranks it."""
    filing_source: str | None = None
    """Key of the source of filing_days; None: the row's own."""
    corrections: CorrectionsTerm | None = None
    """How long it takes corrections; None: no source tells."""
    unknown: tuple[UnknownTerm, ...] = ()
    """What no source tells."""
    says_nothing: ClassVar[Mapping[str, object]] = {
        "unit_method": "withdrawn", "follows_ncci": "yes", "follows_mue": "yes",
    }  # fmt: skip

    def cited(self) -> tuple[tuple[str, str], ...]:
        """Every further source this row names: (field, key of the source)."""
        single = [
            ("ncci_source", self.ncci_source), ("mue_source", self.mue_source), ("filing_source", self.filing_source),
            ("pays_bundled_source", self.pays_bundled_source),
        ]  # fmt: skip
        found = [(name, key) for name, key in single if key is not None]
        terms: list[tuple[str, Term | None]] = [
            ("therapy_modifier", self.therapy_modifier), ("accident", self.accident), ("corrections", self.corrections)
        ]  # fmt: skip
        for name in ("excludes", "line_modifiers", "daily_caps", "payment_caps", "papers", "scope", "diagnoses"):
            terms += [(name, term) for term in getattr(self, name)]
        return (*found, *((name, term.source) for name, term in terms if term is not None))
