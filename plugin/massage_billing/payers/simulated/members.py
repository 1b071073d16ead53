"""Whom the simulated payer insures, and what it says of them: one description, for all the ways it can be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from massage_billing.clinic_yaml import check, read_yaml


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class PlanLine(_Part):
    """One plan."""

    name: str
    """As the payer names it."""
    type: str
    """X12 EB04."""
    number: str
    """Group number."""
    begins: int
    """Days from the date asked about to the first day."""
    ends: int | None = None
    """Days from the date asked about to the last day."""

    def in_force(self) -> bool:
        """Whether it is in force on the date asked about."""
        return self.begins <= 0 and (self.ends is None or self.ends >= 0)

    def period(self, asked_for: Date) -> tuple[Date, Date | None]:
        """First and last day."""
        last = None if self.ends is None else asked_for + timedelta(days=self.ends)
        return asked_for + timedelta(days=self.begins), last


class Visits(_Part):
    """A limit of visits."""

    allowed: int
    """Over the period."""
    used: int
    """Of them, used."""


class EntityLine(_Part):
    """Somebody a benefit names."""

    role: str
    """X12 NM101."""
    name: str
    """An organization's, or what kind of provider."""
    kind: str = ""
    """X12 NM108."""
    id: str = ""
    """X12 NM109."""
    taxonomy: str = ""
    """X12 PRV03."""


class BenefitLine(_Part):
    """One thing the payer tells."""

    code: str
    """X12 EB01."""
    types: tuple[str, ...] = ()
    """X12 EB03."""
    level: str = ""
    """X12 EB02."""
    plan: str = ""
    """X12 EB05."""
    period: str = ""
    """X12 EB06."""
    amount: Decimal | None = None
    """Dollars, with nothing used up of them."""
    total: Decimal | None = None
    """Dollars over the period."""
    left: Decimal | None = None
    """Of them, left."""
    share: Decimal | None = None
    """The patient's share, as a fraction."""
    visits: Visits | None = None
    """A limit of visits over the period."""
    network: str = ""
    """X12 EB12."""
    authorization: str = ""
    """X12 EB11."""
    messages: tuple[str, ...] = ()
    """Words to it."""
    entity: EntityLine | None = None
    """Whom it names."""
    told_for: tuple[str, ...] = Field(default=(), alias="for")
    """Service types of which one has to be asked for it to be told; empty: always told."""


class RejectionLine(_Part):
    """Why there is no answer."""

    level: str
    """"source", "receiver", "subscriber" or "dependent"."""
    code: str
    """X12 AAA03."""
    follow_up: str
    """X12 AAA04."""


class OnFile(_Part):
    """What the payer has on file."""

    member_id: str
    """Member id."""


Behaviour = Literal["", "slow", "down", "garbage", "half", "cut", "gone", "refuses", "unauthorized", "another"]
"""What goes wrong on the way: too late; 503; a web page; half an answer; the connection cut in the middle of one, or
before it; 4xx for the form of the question; 401; the answer about somebody else."""


class Script(_Part):
    """What is said of one member, and how."""

    about: str
    """In a sentence."""
    plans: tuple[PlanLine, ...] = ()
    """Plans."""
    benefits: tuple[BenefitLine, ...] = ()
    """Benefits, in the payer's order."""
    rejections: tuple[RejectionLine, ...] = ()
    """Why there is no answer."""
    times: int | None = None
    """How often a question is rejected before it is answered; None: always."""
    behaves: Behaviour = ""
    """What goes wrong on the way."""
    on_file: OnFile | None = None
    """What the payer has on file otherwise."""


class Insurer(_Part):
    """Who the simulated payer says it is."""

    name: str
    """Name."""
    id: str
    """Payer id."""


class Insured(_Part):
    """The file of members."""

    payer: Insurer
    """Who answers."""
    members: Mapping[str, Script]
    """Scripts by member id."""


UNKNOWN = Script(
    about="Nobody this payer knows.", rejections=(RejectionLine(level="subscriber", code="75", follow_up="C"),)
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the simulated payer understood it, whatever it came in."""

    trace: str
    """Its trace number."""
    member_id: str
    """Member id."""
    asked_for: Date
    """The date of service."""
    service_types: tuple[str, ...] = ()
    """Service types asked about."""
    last_name: str = ""
    """Of the subscriber."""
    first_name: str = ""
    """Of the subscriber."""
    birth_date: Date | None = None
    """Of the subscriber."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is answered."""

    asked: Asked
    """To what."""
    payer: Insurer
    """By whom."""
    plans: tuple[PlanLine, ...]
    """Plans."""
    benefits: tuple[BenefitLine, ...]
    """Benefits."""
    rejections: tuple[RejectionLine, ...]
    """Why there is no answer."""
    member_id: str
    """Member id as the payer has it on file."""


@cache
def insured() -> Insured:
    """The members that ship."""
    with resources.as_file(resources.files(__package__).joinpath("members.yaml")) as file:
        text = read_yaml(file)
        return check(Insured, text, text.data, {})


def script_of(member_id: str) -> Script:
    """The script of a member id, which may carry more behind a hyphen; the longest that fits."""
    members, name = insured().members, member_id.upper()
    while name:
        if name in members:
            return members[name]
        name = name.rpartition("-")[0]
    return UNKNOWN


def told(asked: Asked, script: Script, tries: int) -> Told:
    """What is said to a question that is asked for the ``tries``-th time (1 first)."""
    rejected = bool(script.rejections) and (script.times is None or tries <= script.times)
    if not asked.service_types:
        asked = replace(asked, service_types=("30",))
    wanted = {*asked.service_types}
    benefits = tuple(line for line in script.benefits if not line.told_for or wanted & {*line.told_for})
    return Told(
        asked,
        insured().payer,
        () if rejected else script.plans,
        () if rejected else benefits,
        script.rejections if rejected else (),
        script.on_file.member_id if script.on_file else asked.member_id,
    )
