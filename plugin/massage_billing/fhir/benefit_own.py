"""An item that this program wrote becomes the benefit it was made of (``benefit_item``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from massage_billing.fhir import json as fj
from massage_billing.fhir import names
from massage_billing.fhir.benefit_item import NOT_SAID
from massage_billing.fhir.benefit_words import SIDES, common, dollars, parties
from massage_billing.fhir.concepts import codes, decimal, parts, period, string, strings
from massage_billing.fhir.leaves import Leaves
from massage_billing.model import Benefit, BenefitKind, Count, CountUnit, Measure, Span


def own_item(item: Leaves, detail: Leaves) -> Benefit:
    """One item is one benefit; the extension says what FHIR's elements cannot."""
    words = common(item)
    if fj.flag(item.node, "excluded") is not None:
        item.flag("excluded")
    kind = BenefitKind(string(detail, "kind", "valueCode") or BenefitKind.OTHER)
    amount, measure, share = None, Measure.PLAIN, None
    counts: list[Count] = []
    for entry in item.children("benefit"):
        figure = next(iter(entry.extensions(names.EXT_BENEFIT_FIGURE)), Leaves({}, entry.path))
        codes(entry.child("type"), (names.BENEFIT_TYPE, names.CS_BENEFIT_KIND))
        money = _money(entry, figure)
        if money is not None and amount is None:
            amount, measure = money
        elif (told := decimal(figure, "share")) is not None:
            share = told
            for name in ("allowedUnsignedInt", "allowedString"):
                entry.take(name)
        else:
            counts += _counts(entry, figure)
    return replace(
        words,
        kind=kind,
        code=string(detail, "code") or "",
        service_types=_service_types(words, detail),
        modifiers=words.modifiers or strings(detail, "modifier"),
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


def _service_types(words: Benefit, detail: Leaves) -> tuple[str, ...]:
    """Beside a code they stand in the extension; a category that only says that there is none is none."""
    if words.procedure is not None:
        return strings(detail, "serviceType")
    return () if words.service_types == (NOT_SAID,) else words.service_types


def _money(entry: Leaves, figure: Leaves) -> tuple[Decimal, Measure] | None:
    for part in parts(figure, "left", "valueMoney"):
        left = dollars(part, "valueMoney")
        if left is not None:
            string(figure, "measure", "valueCode")
            return left, Measure.LEFT
    for name, side in SIDES:
        amount = dollars(entry, f"{name}Money")
        if amount is not None:
            told = string(figure, "measure", "valueCode")
            return amount, Measure(told) if told in set(Measure) else side
    return None


def _counts(entry: Leaves, figure: Leaves) -> Iterator[Count]:
    told = string(figure, "unit", "valueCode")
    unit = CountUnit(told) if told in set(CountUnit) else CountUnit.NO_DATA
    over = string(figure, "period") or ""
    times = next((part.number("valueInteger") for part in parts(figure, "periods", "valueInteger")), None)
    whole = None if times is None else int(times)
    plain = string(figure, "measure", "valueCode") == Measure.PLAIN.value
    for name, side in SIDES:
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
