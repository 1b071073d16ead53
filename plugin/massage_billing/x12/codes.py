"""The code tables of the 271, typed: what each code means for the normal form.

The data is rules/eligibility/x12_codes.yaml. Pure functions take the tables as an argument; ``default_codes`` reads
those that ship, once.
"""

from __future__ import annotations

from datetime import date as Date
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from massage_billing.model import BenefitKind, CountUnit, Measure, Network
from massage_billing.x12.tables import read_tables, shipped

FILE = "rules/eligibility/x12_codes.yaml"
"""The tables that ship, within the package."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BenefitCode(_Part):
    """A code of EB01."""

    kind: BenefitKind
    """What a benefit with it tells."""
    words: str
    """What it means, in our words."""
    source: str = ""
    """Its own source; "": that of the table."""


class Period(_Part):
    """A code of EB06 or HSD05."""

    period: str
    """As ``Count.period`` says it; "" where it is no period."""
    side: Measure | None = None
    """Which side of a limit a number over it is; None: it does not say."""
    whole: bool = False
    """A limit over it is what is allowed."""


class Quantity(_Part):
    """A code of EB09 or HSD01."""

    words: str
    """What it means, in our words."""
    unit: CountUnit
    """What is counted."""
    side: Measure | None = None
    """Which side of a limit the number is; None: it does not say."""
    counted: bool = True
    """False for an age and the like: nothing that could be used up."""


class DateCode(_Part):
    """A code of DTP01."""

    words: str
    """What it means, in our words."""
    role: Literal["begin", "end", "whole", "occasion", "none"] = Field(alias="is")
    """What a date of it says of when coverage is in force; the file says what each word means."""
    source: str = ""
    """Its own source; "": that of the table."""


class RejectCode(_Part):
    """A code of AAA03."""

    words: str
    """What it means, in our words."""
    again: bool = False
    """The same question may be answered later."""
    ours: bool = False
    """What we sent has to be corrected first."""
    source: str = ""
    """Its own source; "": that of the table."""


class FollowUp(_Part):
    """A code of AAA04."""

    words: str
    """What it means, in our words."""
    again: bool = False
    """Answered later, or asked again without any change."""
    unless_ours: bool = False
    """But not where AAA03 says that our data is wrong."""
    hold: bool = False
    """It must not be sent again on this day."""
    wait_days: int = Field(default=0, ge=0)
    """Nor for so many days."""


class CodeTables(_Part):
    """All tables, each a mapping from the code as sent. A code that is not in one is unknown, and no error."""

    last_verified_on: Date
    """When the tables were last compared with their sources."""
    benefits: dict[str, BenefitCode]
    """EB01."""
    levels: dict[str, str]
    """EB02."""
    periods: dict[str, Period]
    """EB06, HSD05."""
    quantities: dict[str, Quantity]
    """EB09, HSD01."""
    frequencies: dict[str, str]
    """HSD03: over what HSD04 is counted."""
    networks: dict[str, Network]
    """EB12."""
    authorizations: dict[str, bool | None]
    """EB11."""
    dates: dict[str, DateCode]
    """DTP01."""
    rejects: dict[str, RejectCode]
    """AAA03."""
    follow_ups: dict[str, FollowUp]
    """AAA04."""
    payers: frozenset[str]
    """NM101 of a payer."""
    whole_coverage: frozenset[str]
    """EB03 that is the coverage as a whole."""
    other_plans: frozenset[str]
    """EB03 of other kinds of plans."""
    plan_numbers: tuple[str, ...]
    """REF01 that names a plan or group, best first."""
    relationships: dict[str, str]
    """Question.relationship to INS02."""

    @field_validator("authorizations", mode="before")
    @classmethod
    def _three_answers(cls, value: Any) -> Any:
        words = {"yes": True, "no": False, "no-data": None}
        return {code: words.get(word, word) for code, word in value.items()} if isinstance(value, dict) else value


def read_codes(text: str, file: str = FILE) -> CodeTables:
    """Type a file of code tables. Raises RuleFileError with the line and what is wrong."""
    return read_tables(CodeTables, text, file)


@lru_cache(maxsize=1)
def default_codes() -> CodeTables:
    """The tables that ship, read once."""
    return read_codes(shipped(FILE))
