"""Why a payer did not pay all: what its codes mean in our words, and which rule should have known.

The data is rules/claims/adjustments.yaml; X12's own texts are X12's and stand nowhere here. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as Date
from functools import lru_cache

from pydantic import BaseModel, ConfigDict

from massage_billing.x12.tables import read_tables, shipped

FILE = "rules/claims/adjustments.yaml"
"""The tables that ship, within the package."""
CONTRACTUAL = "contractual"
"""Category of what is paid less as agreed."""
UNKNOWN = "unknown"
"""Category of a code that stands in no table."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    plain: str
    """What it means, in our words."""
    source: str = ""
    """Its own source; "": that of the table."""


class Group(_Row):
    """A group of adjustments (CAS01): who bears them."""

    patient: bool
    """The patient does."""


class Remark(_Row):
    """A remark code (RARC)."""

    rule: str | None = None
    """The rule that should have stopped it; None: no rule knows of it."""


class Reason(Remark):
    """A reason code (CARC)."""

    category: str
    """"auth", "eligibility", "units", "contractual" …"""
    ahead: str | None = None
    """The reason of the time before the visit that tells of it (rules/eligibility/reasons.yaml)."""
    by_remark: bool = False
    """It says little: a remark with a rule decides."""


class Ordinary(_Row):
    """A reason code (CARC) of what is paid less as agreed, or as an earlier payer paid already: no denial."""


class ProviderReason(_Row):
    """A reason of money moved beside the claims (PLB03-1)."""


class Adjustments(BaseModel):
    """All tables, each a mapping from the code as sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    last_verified_on: Date
    """When the tables were last compared with their sources."""
    groups: dict[str, Group]
    """CAS01."""
    reasons: dict[str, Reason]
    """CARC."""
    ordinary: dict[str, Ordinary]
    """CARC that are no denials and that ``reasons`` does not have."""
    remarks: dict[str, Remark]
    """RARC."""
    provider_adjustments: dict[str, ProviderReason]
    """PLB03-1."""


@dataclass(frozen=True, slots=True)
class Words:
    """What one adjustment tells."""

    plain: str
    """What it means; the codes where they are not known."""
    category: str
    """As ``Reason.category``; "unknown"."""
    rule: str | None
    """The rule that should have stopped it; None: no rule knew."""
    patient: bool
    """The patient owes it (group PR)."""
    ahead: str | None = None
    """The reason that could have been told before the visit."""


@lru_cache(maxsize=1)
def default_adjustments() -> Adjustments:
    """The tables that ship, read once."""
    return read_adjustments(shipped(FILE))


def read_adjustments(text: str, file: str = FILE) -> Adjustments:
    """Type a file of these tables. Raises RuleFileError with the line and what is wrong."""
    return read_tables(Adjustments, text, file)


def words(group: str, code: str, remarks: Iterable[str] = (), tables: Adjustments | None = None) -> Words:
    """What an adjustment means. ``remarks`` are the remark codes beside it (of its line, else of its claim).

    The reason's own rule is the one that should have known; where the reason says little, or has no rule and is no
    ordinary one, a remark that has a rule decides.
    """
    known = tables or default_adjustments()
    reason = known.reasons.get(code)
    found = [(remark, known.remarks.get(remark)) for remark in remarks]
    usual = known.ordinary.get(code)
    plain = reason.plain if reason else usual.plain if usual else f"reason {code}"
    told = [remark.plain for _, remark in found if remark] + [f"remark {name}" for name, remark in found if not remark]
    rule = reason.rule if reason else None
    if (reason is None and usual is None) or (reason and reason.by_remark):
        rule = next((remark.rule for _, remark in found if remark and remark.rule), rule)
    bears = known.groups.get(group)
    return Words(
        "; ".join((plain, *told)),
        reason.category if reason else CONTRACTUAL if usual else UNKNOWN,
        rule,
        bears.patient if bears else False,
        reason.ahead if reason else None,
    )


def provider_words(reason: str, tables: Adjustments | None = None) -> str:
    """What money moved beside the claims is for; the code where it is not known."""
    known = (tables or default_adjustments()).provider_adjustments.get(reason)
    return known.plain if known else f"reason {reason}"
