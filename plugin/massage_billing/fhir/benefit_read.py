"""Items of a CoverageEligibilityResponse become benefits: items we wrote as they were, anybody else's as best we can.

Of another's item each figure is a benefit of its own, with what the item says of all of them. A figure says dollars
only where it is money in dollars, a share only where it is a percentage of a coinsurance; a bare number is a count, and
of what only where its type says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import orjson

from massage_billing.fhir import benefit_codes, names
from massage_billing.fhir import json as fj
from massage_billing.fhir.benefit_item import NOT_SAID
from massage_billing.fhir.concepts import (
    candidates,
    codes,
    codes_or_text,
    decimal,
    parts,
    period,
    spoken,
    string,
    strings,
)
from massage_billing.fhir.leaves import Leaves
from massage_billing.model import (
    Benefit,
    BenefitKind,
    Count,
    CountUnit,
    Entity,
    Measure,
    Network,
    Span,
)

_PERCENT = re.compile(r"\s*([0-9]{1,3}(?:\.[0-9]+)?)\s*%\s*")
_DOLLARS = re.compile(r"\s*\$\s*([0-9]+(?:\.[0-9]{2})?)\s*")
_VISITS = re.compile(r"\s*([0-9]{1,6})\s+visits?\s*", re.IGNORECASE)
_HUNDRED = Decimal(100)
_LIMITS = frozenset({BenefitKind.LIMIT, BenefitKind.DEDUCTIBLE, BenefitKind.OUT_OF_POCKET})
"""Kinds of which an allowed amount is one side of a limit."""
_SIDES = (("allowed", Measure.ALLOWED), ("used", Measure.USED))


def read_items(insurance: Leaves, *, ours: bool) -> tuple[Benefit, ...]:
    """Every benefit of one insurance, in its order. ``ours``: items with our extension are read as we wrote them."""
    found: list[Benefit] = []
    for item in insurance.children("item"):
        said = _json(item)
        detail = next(iter(item.extensions(names.EXT_BENEFIT_DETAIL)), None) if ours else None
        if detail is not None and string(detail, "kind", "valueCode") in set(BenefitKind):
            found.append(replace(_own(item, detail), said=(said,)))
        else:
            found += [replace(benefit, said=(said,)) for benefit in _foreign(item)]
    return tuple(found)


def parties(holder: Leaves) -> tuple[Entity, ...]:
    """Those whom our extension names."""
    return tuple(
        Entity(
            role=string(one, "role") or "",
            name=string(one, "name"),
            taxonomy=string(one, "taxonomy"),
            contacts=strings(one, "contact"),
        )
        for one in holder.extensions(names.EXT_NAMED_PARTY)
    )


def _json(item: Leaves) -> str:
    return orjson.dumps(item.node, default=str).decode(errors="replace")


# --- what an item says of all its figures -----------------------------------------------------------------------------


def _common(item: Leaves) -> Benefit:
    """A benefit without kind, as far as the item itself tells; its messages are not read yet."""
    procedures = codes_or_text(item.child("productOrService"), (names.CPT, names.HCPCS))
    networks = {
        network for where, name, word in candidates(item.child("network")) if (network := _network(where, name, word))
    }
    both = Network.BOTH if len(networks) > 1 else Network.NO_DATA
    return Benefit(
        kind=BenefitKind.OTHER,
        code="",
        service_types=tuple(dict.fromkeys(codes_or_text(item.child("category"), benefit_codes.SERVICE_TYPE_SYSTEMS))),
        procedure=procedures[0] if procedures else None,
        modifiers=tuple(
            code
            for modifier in item.children("modifier")
            for code in codes_or_text(modifier, (names.CPT, names.HCPCS))[:1]
        ),
        level=_level(item.child("unit")),
        network=networks.pop() if len(networks) == 1 else both,
        authorization=item.flag("authorizationRequired"),
        period=_term(item.child("term")),
    )


def _network(where: Leaves, name: str, word: str) -> Network | None:
    network = benefit_codes.network_of(word)
    if network is not None:
        where.take(name)
        where.constant("system", names.BENEFIT_NETWORK)
    return network


def _level(unit: Leaves) -> str:
    """ "individual", "family", or the payer's own word."""
    found = list(candidates(unit))
    if not found:
        return ""
    wanted = benefit_codes.bare(found[0][2])
    for where, name, word in found:
        if benefit_codes.bare(word) == wanted:  # the others say the same again
            where.take(name)
            where.constant("system", names.BENEFIT_UNIT)
    return wanted if wanted in ("individual", "family") else found[0][2]


def _term(term: Leaves) -> str:
    """A text that says more than the code ("calendar-year" beside "annual") goes before it."""
    found = list(candidates(term))
    if not found:
        return ""
    known = [(benefit_codes.period_of(word), where, name) for where, name, word in found]
    for wanted in ("text", "code", "display"):
        for period_word, where, name in known:
            if period_word is not None and name == wanted:
                _take_term(term, period_word)
                where.take(name)
                return period_word
    where, name, word = found[0]
    where.take(name)
    return word


def _take_term(term: Leaves, period_word: str) -> None:
    """Take the code that FHIR has for this period: it says nothing that the word does not."""
    for coding in term.children("coding"):
        code = fj.text(coding.node, "code")
        if code is not None and code in (benefit_codes.term_of(period_word), period_word):
            coding.take("code")
            coding.constant("system", names.BENEFIT_TERM)


# --- items we wrote ---------------------------------------------------------------------------------------------------


def _own(item: Leaves, detail: Leaves) -> Benefit:
    """One item is one benefit; the extension says what FHIR's elements cannot."""
    common = _common(item)
    if fj.flag(item.node, "excluded") is not None:
        item.flag("excluded")
    kind = BenefitKind(string(detail, "kind", "valueCode") or BenefitKind.OTHER)
    amount, measure, share = None, Measure.PLAIN, None
    counts: list[Count] = []
    for entry in item.children("benefit"):
        figure = next(iter(entry.extensions(names.EXT_BENEFIT_FIGURE)), Leaves({}, entry.path))
        codes(entry.child("type"), (names.BENEFIT_TYPE, names.CS_BENEFIT_KIND))
        money = _own_money(entry, figure)
        if money is not None and amount is None:
            amount, measure = money
        elif (told := decimal(figure, "share")) is not None:
            share = told
            for name in ("allowedUnsignedInt", "allowedString"):
                entry.take(name)
        else:
            counts += _own_counts(entry, figure)
    return replace(
        common,
        kind=kind,
        code=string(detail, "code") or "",
        service_types=_own_service_types(common, detail),
        modifiers=common.modifiers or strings(detail, "modifier"),
        plan=string(detail, "plan"),
        amount=amount,
        measure=measure,
        share=share,
        counts=tuple(counts),
        spans=tuple(_span(one) for one in item.extensions(names.EXT_BENEFIT_DATE)),
        messages=tuple(line for line in (item.text("description") or "").split("\n") if line.strip()),
        entities=parties(item),
        places=strings(detail, "place"),
        references=tuple(
            (string(one, "qualifier") or "", string(one, "value") or "")
            for one in item.extensions(names.EXT_BENEFIT_REFERENCE)
        ),
    )


def _own_service_types(common: Benefit, detail: Leaves) -> tuple[str, ...]:
    """Beside a code they stand in the extension; a category that only says that there is none is none."""
    if common.procedure is not None:
        return strings(detail, "serviceType")
    return () if common.service_types == (NOT_SAID,) else common.service_types


def _own_money(entry: Leaves, figure: Leaves) -> tuple[Decimal, Measure] | None:
    for part in parts(figure, "left", "valueMoney"):
        left = _dollars(part, "valueMoney")
        if left is not None:
            string(figure, "measure", "valueCode")
            return left, Measure.LEFT
    for name, side in _SIDES:
        amount = _dollars(entry, f"{name}Money")
        if amount is not None:
            told = string(figure, "measure", "valueCode")
            return amount, Measure(told) if told in set(Measure) else side
    return None


def _own_counts(entry: Leaves, figure: Leaves) -> Iterator[Count]:
    told = string(figure, "unit", "valueCode")
    unit = CountUnit(told) if told in set(CountUnit) else CountUnit.NO_DATA
    over = string(figure, "period") or ""
    times = next((part.number("valueInteger") for part in parts(figure, "periods", "valueInteger")), None)
    whole = None if times is None else int(times)
    plain = string(figure, "measure", "valueCode") == Measure.PLAIN.value
    for name, side in _SIDES:
        quantity = _quantity(entry, name)
        if quantity is not None:
            measure = Measure.PLAIN if plain and side is Measure.ALLOWED else side
            yield Count(quantity, unit, measure, over, whole)
    left = decimal(figure, "left")
    if left is not None:
        yield Count(left, unit, Measure.LEFT, over, whole)


def _quantity(entry: Leaves, name: str) -> Decimal | None:
    """allowedUnsignedInt, or a number in allowedString."""
    number = entry.number(f"{name}UnsignedInt")
    if number is not None:
        return number
    text = fj.text(entry.node, f"{name}String")
    if text is None or not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,12})?", text):
        return None
    entry.take(f"{name}String")
    return Decimal(text)


def _span(extension: Leaves) -> Span:
    for part in parts(extension, "period", "valuePeriod"):
        start, end = period(part, "valuePeriod")
        return Span(string(extension, "qualifier") or "", start, end)
    return Span(string(extension, "qualifier") or "", None, None)


# --- anybody's items --------------------------------------------------------------------------------------------------


def _foreign(item: Leaves) -> list[Benefit]:
    """Every figure of an item; a figureless item is what it says of being excluded, or its words."""
    common = replace(_common(item), messages=_messages(item), entities=(*parties(item), *_provider(item)))
    excluded = item.flag("excluded")
    found: list[Benefit] = []
    if excluded is not None:
        kind = BenefitKind.NOT_COVERED if excluded else BenefitKind.ACTIVE
        found.append(replace(common, kind=kind, code="excluded" if excluded else "not excluded"))
    for entry in item.children("benefit"):
        found += _figures(entry, common)
    if found:
        return found
    if common.entities:
        return [replace(common, kind=BenefitKind.RESTRICTED, code="provider")]
    if common.messages:
        return [replace(common, kind=BenefitKind.DESCRIPTION, code="description")]
    if common.service_types or common.procedure or common.authorization is not None:
        return [replace(common, code="item")]
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
    code: str
    """As sent."""
    unit: CountUnit
    """What a bare number of it counts."""


def _type(entry: Leaves) -> _Type:
    """The first word that is known says the kind; else the first word there is stands as it was sent."""
    concept = entry.child("type")
    words = list(candidates(concept))
    for where, name, word in words:
        own = word if name == "code" and fj.text(where.node, "system") == names.CS_BENEFIT_KIND else ""
        kind, unit = benefit_codes.kind_of(word)
        if own in set(BenefitKind):
            kind = BenefitKind(own)
        if kind is not BenefitKind.OTHER or own:
            _take_word(where, name)
            return _Type(kind, word, unit)
    for where, name, word in words[:1]:
        _take_word(where, name)
        return _Type(BenefitKind.OTHER, word, CountUnit.NO_DATA)
    return _Type(BenefitKind.OTHER, "", CountUnit.NO_DATA)


def _take_word(where: Leaves, name: str) -> None:
    where.take(name)
    where.constant("system", names.BENEFIT_TYPE, names.CS_BENEFIT_KIND)


def _figures(entry: Leaves, common: Benefit) -> list[Benefit]:
    """What is allowed and what is used: each amount a benefit of its own, all counts together in one."""
    type_ = _type(entry)
    base = replace(common, kind=type_.kind, code=type_.code)
    found: list[Benefit] = []
    counts: list[Count] = []
    for name, side in _SIDES:
        measure = side if side is Measure.USED or type_.kind in _LIMITS else Measure.PLAIN
        amount = _dollars(entry, f"{name}Money")
        if amount is not None:
            found.append(replace(base, amount=amount, measure=measure))
        number = entry.number(f"{name}UnsignedInt")
        if number is not None:
            share = _share(type_.kind, side, number)
            if share is None:
                counts.append(Count(number, type_.unit, measure, common.period))
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


def _dollars(holder: Leaves, name: str) -> Decimal | None:
    """Money in US dollars, or without a currency; another currency is not taken."""
    money = holder.child(name)
    if not money or ("currency" in money.node and not money.constant("currency", "USD")):
        return None
    return money.number("value")
