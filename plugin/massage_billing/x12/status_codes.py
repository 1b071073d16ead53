"""The code tables of the 277CA and 277, typed: what a status means, and whether a claim was taken by it.

The data is rules/claims/x12_claim_status.yaml. A code that is not in a table is unknown, and no error.
"""

from __future__ import annotations

import re
from datetime import date as Date
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from massage_billing.x12.tables import read_tables, shipped

FILE = "rules/claims/x12_claim_status.yaml"
"""The tables that ship, within the package."""
_CODE = re.compile(r"[A-Za-z0-9]{1,4}").fullmatch
"""A code; anything else in its place may be data of a patient, and is not shown."""
_NCPDP = "RX"
"""STC01-4: the status is a reject code of NCPDP, not one of list 508."""


class Category(BaseModel):
    """A claim status category (STC01-1, list 507)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    taken: bool | None
    """Whether the claim was taken for adjudication; None: it does not say."""
    words: str
    """What it means, in our words."""
    source: str = ""
    """Its own source; "": that of the table."""

    @field_validator("taken", mode="before")
    @classmethod
    def _three_answers(cls, value: Any) -> Any:
        return None if value == "no-data" else value


class ClaimStatusCodes(BaseModel):
    """All tables, each a mapping from the code as sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    last_verified_on: Date
    """When the tables were last compared with their sources."""
    categories: dict[str, Category]
    """STC01-1."""
    actions: dict[str, bool]
    """STC03: whether the claim was accepted."""
    statuses: dict[str, str]
    """STC01-2."""
    entities: dict[str, str]
    """STC01-3."""

    def words(self, category: str, code: str, entity: str, listed: str = "") -> str:
        """A status in words; the codes where they are not known."""
        known = self.categories.get(category)
        first = known.words if known else f"category {_as_code(category)}"
        second = "" if listed == _NCPDP else self.statuses.get(code.lstrip("0") or code[:1], "")
        if not second and code:
            second = f"status {_as_code(code)}"
        third = self.entities.get(entity, _as_code(entity)) if entity else ""
        return ": ".join(filter(None, (first, second))) + (f" ({third})" if third else "")


@lru_cache(maxsize=1)
def default_status_codes() -> ClaimStatusCodes:
    """The tables that ship, read once."""
    return read_tables(ClaimStatusCodes, shipped(FILE), FILE)


def _as_code(text: str) -> str:
    return text if _CODE(text) else "unknown"
