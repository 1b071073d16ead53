"""Papers that a payer wants on file before it pays: orders, referrals, authorizations, plans of care, reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from enum import StrEnum


class PaperKind(StrEnum):
    """What a paper is."""

    ORDER = "order"
    """A written order or prescription."""
    REFERRAL = "referral"
    """A payer's referral with its number (VA)."""
    AUTHORIZATION = "authorization"
    """A prior authorization with its number."""
    PLAN_OF_CARE = "plan-of-care"
    """A signed plan of care."""
    PROGRESS_REPORT = "progress-report"
    """A report of progress to the payer or the ordering provider."""
    INJURY = "injury"
    """The payer's file of an injury: its number, since when, in which state. Of papers.csv only."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper on file, from the host (ServiceRequest) or the clinic's papers.csv. Ids only, no patient data."""

    kind: PaperKind
    """What it is."""
    source: str
    """Where it stands: "ServiceRequest/4" or "papers.csv:3"."""
    patient: str | None = None
    """Reference, "Patient/3"; None only for a paper read from the visit's own record."""
    number: str | None = None
    """Its number, as the payer gave it."""
    payer: str | None = None
    """Payer key it is for; None: any."""
    codes: tuple[str, ...] = ()
    """CPT or HCPCS codes it allows; empty: any."""
    visits: int | None = None
    """Visits it allows; None where it does not say."""
    units: int | None = None
    """Units it allows, of its codes together; None where it does not say."""
    start: Date | None = None
    """First date of service it holds for; None where it does not say."""
    end: Date | None = None
    """Last date of service it holds for; None where it does not say."""
    visits_used: int = 0
    """Visits used before this program counted, or elsewhere: the starting balance."""
    units_used: int = 0
    """Units used before this program counted, or elsewhere."""
    continues: bool = False
    """It continues an earlier one."""
    linked: bool = False
    """The visit or its Procedures themselves are based on it."""
    written: Date | None = None
    """When it was written (ServiceRequest.authoredOn); None where it does not say."""
    ordered: bool = True
    """Somebody is named who ordered it; what the clinic itself lists in papers.csv counts as ordered."""
    state: str | None = None
    """Two-letter state of the accident, of an injury."""

    @property
    def key(self) -> str:
        """Under which its use is counted for its patient: its number, else where it stands on the host, else since
        when it holds (a line of papers.csv may move)."""
        if self.number:
            return f"{self.kind.value}:{self.number}"
        if "/" in self.source:
            return f"{self.kind.value}:{self.source}"
        return f"{self.kind.value}:{self.payer or ''}@{self.start.isoformat() if self.start else ''}"


@dataclass(frozen=True, slots=True)
class PaperNeed:
    """What a visit uses of one paper, or of a count that papers depend on."""

    key: str
    """``Paper.key``, or the name of a count ("injury:blue:")."""
    units: int = 0
    """Units of the paper's codes; visits are always one."""
    lacking: bool = False
    """The visit is held because the paper has not enough left: it uses nothing, and waits for what comes free."""
    paper: Paper | None = None
    """The paper; None for a mere count, and for a paper that is lacking."""
    on_claim: bool = False
    """The payer wants its number on the claim."""
