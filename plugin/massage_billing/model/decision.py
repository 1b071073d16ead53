"""What was decided of a visit, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Date
from decimal import Decimal

from massage_billing.model.paper import PaperNeed
from massage_billing.model.visit import Accident, Coverage, Therapist
from massage_billing.model.words import Effect, Outcome, Result, Who


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
    papers: tuple[PaperNeed, ...] = ()
    """What it uses of the papers that its payer wants on file."""
    accident: Accident | None = None
    """What is known of the accident, the clinic's papers.csv and the coverage included; None where nothing tells."""
    patients: tuple[ClaimLine, ...] = ()
    """Of a visit that its payer pays in part: lines of what it excludes, at the self-pay price, for the patient's own
    bill. They are on no claim, their services are among ``not_billed`` and they point to no diagnosis."""
    units_by_method: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Minute ledger: method → code → units, side by side (filled where asked for)."""
    network: str | None = None
    """As what the claim is billed: "in-network", "out-of-network", "mixed" (its therapists differ); None where no
    enrolment on file says."""

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
