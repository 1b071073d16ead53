"""An item of anybody's CoverageEligibilityResponse becomes benefits: each figure one, with what the item says of all.

A figure says dollars only where it is money in dollars, a share only where it is a percentage of a coinsurance; a bare
number is a count, and of what only where a word says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from massage_billing.fhir import benefit_codes, names
from massage_billing.fhir import json as fj
from massage_billing.fhir.benefit_words import SIDES, common, dollars, parties
from massage_billing.fhir.concepts import candidates, codes, spoken
from massage_billing.fhir.leaves import Leaves
from massage_billing.model import Benefit, BenefitKind, Count, CountUnit, Entity, Measure

_PERCENT = re.compile(r"\s*([0-9]{1,3}(?:\.[0-9]+)?)\s*%\s*")
_DOLLARS = re.compile(r"\s*\$\s*([0-9]+(?:\.[0-9]{2})?)\s*")
_VISITS = re.compile(r"\s*([0-9]{1,6})\s+visits?\s*", re.IGNORECASE)
_HUNDRED = Decimal(100)
_LIMITS = frozenset({BenefitKind.LIMIT, BenefitKind.DEDUCTIBLE, BenefitKind.OUT_OF_POCKET})
"""Kinds of which an allowed amount is one side of a limit."""


def foreign_item(item: Leaves) -> list[Benefit]:
    """Every figure of an item; a figureless item is what it says of being excluded, or its words."""
    words = replace(common(item), messages=_messages(item), entities=(*parties(item), *_provider(item)))
    excluded = item.flag("excluded")
    found: list[Benefit] = []
    if excluded is not None:
        kind = BenefitKind.NOT_COVERED if excluded else BenefitKind.ACTIVE
        found.append(replace(words, kind=kind, code="excluded" if excluded else "not excluded"))
    for entry in item.children("benefit"):
        found += _figures(entry, words)
    if found:
        return found
    if words.entities:
        return [replace(words, kind=BenefitKind.RESTRICTED, code="provider")]
    if words.messages:
        return [replace(words, kind=BenefitKind.DESCRIPTION, code="description")]
    if words.service_types or words.procedure or words.authorization is not None:
        return [replace(words, code="item")]
    return []


def _messages(item: Leaves) -> tuple[str, ...]:
    """Name and description word for word, and what has to go along with a request for authorization."""
    found = [item.text("name"), item.text("description")]
    for concept in item.children("authorizationSupporting"):
        words = spoken(concept)
        found += [words] if words else codes(concept)
    return tuple(text for text in found if text)


def _provider(item: Leaves) -> Iterator[Entity]:
    """The provider that the item is restricted to."""
    reference = item.child("provider")
    if not reference:
        return
    identifier = reference.child("identifier")
    value = identifier.text("value")
    system = identifier.text("system") if value else None
    literal = reference.text("reference")
    named = [("reference", literal)] if literal else []
    identifiers = [*named, *([(system or "", value)] if value else [])]
    name = reference.text("display")
    if name or identifiers:
        yield Entity(role="provider", name=name, identifiers=tuple(identifiers))


@dataclass(frozen=True, slots=True)
class _Type:
    """What the type of a figure means."""

    kind: BenefitKind
    """What the figure tells."""
    code: str
    """As sent."""
    unit: CountUnit
    """What a bare number of it counts."""


def _type(entry: Leaves, level: str) -> _Type:
    """The first word that is known says the kind; else the first word there is stands as it was sent.

    What is counted may stand in another word of the type, or in the item's unit: {"text": "visits"}.
    """
    found = list(candidates(entry.child("type")))
    counted = (benefit_codes.unit_of(word) for word in (*(word for _, _, word in found), level))
    unit = next((unit for unit in counted if unit is not CountUnit.NO_DATA), CountUnit.NO_DATA)
    for where, name, word in found:
        own = name == "code" and fj.text(where.node, "system") == names.CS_BENEFIT_KIND and word in set(BenefitKind)
        kind = BenefitKind(word) if own else benefit_codes.kind_of(word)
        if own or kind is not BenefitKind.OTHER:
            _take_word(where, name)
            return _Type(kind, word, unit)
    for where, name, word in found[:1]:
        _take_word(where, name)
        return _Type(BenefitKind.OTHER, word, unit)
    return _Type(BenefitKind.OTHER, "", unit)


def _take_word(where: Leaves, name: str) -> None:
    where.take(name)
    where.constant("system", names.BENEFIT_TYPE, names.CS_BENEFIT_KIND)


def _figures(entry: Leaves, words: Benefit) -> list[Benefit]:
    """What is allowed and what is used: each amount a benefit of its own, all counts together in one."""
    type_ = _type(entry, words.level)
    base = replace(words, kind=type_.kind, code=type_.code)
    found: list[Benefit] = []
    counts: list[Count] = []
    for name, side in SIDES:
        measure = side if side is Measure.USED or type_.kind in _LIMITS else Measure.PLAIN
        amount = dollars(entry, f"{name}Money")
        if amount is not None:
            found.append(replace(base, amount=amount, measure=measure))
        number = entry.number(f"{name}UnsignedInt")
        if number is not None:
            share = _share(type_.kind, side, number)
            if share is None:
                counts.append(Count(number, type_.unit, measure, words.period))
            else:
                found.append(replace(base, share=share))
        text = entry.text(f"{name}String")
        if text is not None:
            found += _of_text(text, base, side, measure)
    if counts:
        found.append(replace(base, counts=tuple(counts)))
    return found or ([base] if base.code else [])


def _share(kind: BenefitKind, side: Measure, number: Decimal) -> Decimal | None:
    """The fraction a coinsurance in percent is; None for any other number."""
    if kind is not BenefitKind.COINSURANCE or side is not Measure.ALLOWED or not 0 <= number <= _HUNDRED:
        return None
    return number / _HUNDRED


def _of_text(text: str, base: Benefit, side: Measure, measure: Measure) -> list[Benefit]:
    """A figure in words: percent, dollars, visits, or "unlimited"; anything else is the payer's text."""
    told = replace(base, messages=(*base.messages, text))
    percent = _PERCENT.fullmatch(text)
    share = _share(base.kind, side, Decimal(percent[1])) if percent else None
    if share is not None:
        return [replace(told, share=share)]
    dollars = _DOLLARS.fullmatch(text)
    if dollars:
        return [replace(told, amount=Decimal(dollars[1]), measure=measure)]
    visits = _VISITS.fullmatch(text)
    if visits and base.kind is BenefitKind.LIMIT:
        return [replace(told, counts=(Count(Decimal(visits[1]), CountUnit.VISITS, measure, base.period),))]
    if benefit_codes.bare(text) == "unlimited" and base.kind is BenefitKind.LIMIT and side is Measure.ALLOWED:
        return [replace(told, kind=BenefitKind.UNLIMITED)]
    return [told]
