"""``payers.yaml``: who the clinic's payers are, by which policy each is billed, and how each is asked about coverage.

Refused whole, with file and line, when any part of it is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from massage_billing.clinic_yaml import YamlText, check, read_yaml
from massage_billing.errors import SettingsError
from massage_billing.model import CoverageKind, Payer, PayerAsking, PayerClaims


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Identifier(_Part):
    system: str = Field(min_length=1)
    value: str = Field(min_length=1)


class _Match(_Part):
    references: tuple[str, ...] = ()
    identifiers: tuple[_Identifier, ...] = ()
    payer_id: str | None = None


class _Eligibility(_Part):
    ask: Literal["ourselves", "host", "nobody"] = "ourselves"
    channel: str | None = Field(default=None, min_length=1)
    payer_id: str | None = Field(default=None, pattern=r"^[!-~]([ -~]{0,78}[!-~])?$")
    name: str | None = Field(default=None, min_length=1, max_length=60)
    service_types: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,2}$")], ...] = ()
    max_age_days: int | None = Field(default=None, ge=0, le=366)
    plan_year_start: str | None = Field(default=None, pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$")

    @model_validator(mode="after")
    def _channel(self) -> _Eligibility:
        if self.ask == "ourselves" and self.channel is None:
            raise ValueError("ask: ourselves needs a channel, one of eligibility.channels in the settings.")
        return self


_Line = Annotated[str, StringConstraints(min_length=1, max_length=55)]


class _Address(_Part):
    lines: tuple[_Line, ...] = Field(min_length=1, max_length=2)
    city: str = Field(min_length=2, max_length=30)
    state: str = Field(pattern=r"^[A-Z]{2}$")
    postal_code: str = Field(pattern=r"^[0-9]{5}(-?[0-9]{4})?$")


class _Claims(_Part):
    name: str = Field(default="", max_length=60)
    payer_id: str | None = Field(default=None, pattern=r"^[!-~]([ -~]{0,78}[!-~])?$")
    filing_indicator: str | None = Field(default=None, pattern=r"^[0-9A-Z]{2}$")
    address: _Address | None = None


class _Entry(_Part):
    key: str = Field(min_length=1)
    kind: CoverageKind
    policy: str = Field(min_length=1)
    name: str | None = None
    match: _Match = _Match()
    filing_days: int | None = Field(default=None, ge=1, le=3650)
    eligibility: _Eligibility | None = None
    claims: _Claims = _Claims()


class _PayersFile(_Part):
    payers: tuple[_Entry, ...]


def load_payers(file: Path) -> tuple[Payer, ...]:
    """The payers of ``payers.yaml`` in its order; SettingsError with file and line where one is wrong.

    An entry that only a name could match is refused: names change and are shared, and a claim to the wrong payer is
    worse than a hold (DESIGN 8).
    """
    text = read_yaml(file)
    parsed = check(_PayersFile, text, text.data or {}, {})
    payers = tuple(_payer(text, place, entry) for place, entry in enumerate(parsed.payers))
    _refuse_shared(text, payers)
    return payers


def _payer(text: YamlText, place: int, entry: _Entry) -> Payer:
    line = text.line(("payers", place))
    match = entry.match
    if not (match.references or match.identifiers or match.payer_id):
        raise SettingsError(
            f"{text.file}:{line}: payer {entry.key} has nothing to be recognized by; a name alone never is.",
            "Give match.references, match.identifiers or match.payer_id.",
        )
    for reference in match.references:
        if not re.fullmatch(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}", reference):
            raise SettingsError(f"{text.file}:{line}: {reference} is no reference.", "Write it like Organization/9.")
    return Payer(
        key=entry.key,
        kind=entry.kind,
        policy=entry.policy,
        references=frozenset(match.references),
        identifiers=frozenset((one.system, one.value) for one in match.identifiers),
        payer_id=match.payer_id,
        filing_days=entry.filing_days,
        line=line,
        asking=_asking(entry),
        claims=_claims(entry),
    )


def _asking(entry: _Entry) -> PayerAsking | None:
    said = entry.eligibility
    if said is None:
        return None
    month, day = (int(part) for part in (said.plan_year_start or "01-01").split("-"))
    return PayerAsking(
        ask=said.ask,
        channel=said.channel,
        payer_id=said.payer_id,
        name=said.name or entry.name or "",
        service_types=said.service_types,
        max_age_days=said.max_age_days,
        plan_year_start=(month, day),
    )


def _claims(entry: _Entry) -> PayerClaims:
    said, at = entry.claims, entry.claims.address
    address = (at.lines, at.city, at.state, at.postal_code.replace("-", "")) if at else None
    return PayerClaims(said.name or entry.name or "", said.payer_id, said.filing_indicator, address)


def _refuse_shared(text: YamlText, payers: Iterable[Payer]) -> None:
    """Two payers with one key, or two that one payor on the host would both match, are refused."""
    seen: dict[object, int] = {}
    for payer in payers:
        marks: list[tuple[str, object]] = [("key", payer.key)]
        marks += [("reference", reference) for reference in sorted(payer.references)]
        marks += [("identifier", identifier) for identifier in sorted(payer.identifiers)]
        marks += [("payer_id", payer.payer_id)] if payer.payer_id else []
        for mark in marks:
            if mark in seen:
                kind, value = mark
                shown = "|".join(value) if isinstance(value, tuple) else value
                raise SettingsError(
                    f"{text.file}:{payer.line}: {kind} {shown} is also that of the payer on line {seen[mark]}.",
                    "One payer, one entry.",
                )
            seen[mark] = payer.line
