"""One benefit of an answer becomes one item of a CoverageEligibilityResponse, whatever number of figures it has.

A benefit that the payer gives for several service types at once (X12 EB03 repeated) stays one item with several
codings, so that one limit does not look like several. R4 wants either a category or a code of an item (ces-1), so
service types beside a code go to the extension.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from massage_billing.fhir import benefit_codes, names
from massage_billing.fhir.eligibility_request import procedure
from massage_billing.fhir.fhir_text import period, plain
from massage_billing.fhir.serial import Resource
from massage_billing.model import Benefit, BenefitKind, Count, CountUnit, Entity, Measure, Network

KEPT_REFERENCES = frozenset({"18", "1L", "6P", "G1", "9F", "N6"})
"""X12 REF01 of what is written: plan and group numbers, plan network, prior authorization, referral (2110C REF)."""
NOT_SAID = "not said"
"""Text of an item's category where the payer names neither service type nor code."""
_EXCLUDED = {BenefitKind.NOT_COVERED: True, BenefitKind.ACTIVE: False}
_NETWORK = {Network.IN: ("in",), Network.OUT: ("out",), Network.BOTH: ("in", "out")}
_SIDES = (Measure.ALLOWED, Measure.USED, Measure.LEFT)
_MOST = 2147483647
"""Largest FHIR unsignedInt."""


def benefit_item(benefit: Benefit) -> Resource:
    """The item of one benefit."""
    item: Resource = {"extension": _extensions(benefit)}
    if benefit.procedure:
        item["productOrService"] = _procedure(benefit.procedure)
        if benefit.modifiers:
            item["modifier"] = [_modifier(modifier) for modifier in benefit.modifiers]
    else:
        item["category"] = _category(benefit.service_types)
    if benefit.kind in _EXCLUDED:
        item["excluded"] = _EXCLUDED[benefit.kind]
    description = plain("\n".join(benefit.messages))
    if description:
        item["description"] = description
    networks = _NETWORK.get(benefit.network)
    if networks:
        item["network"] = {"coding": [{"system": names.BENEFIT_NETWORK, "code": code} for code in networks]}
    _add_words(item, benefit)
    figures = [*_amount(benefit), *_share(benefit), *_counts(benefit)]
    if figures:
        item["benefit"] = figures
    if benefit.authorization is not None:
        item["authorizationRequired"] = benefit.authorization
    return item


def _add_words(item: Resource, benefit: Benefit) -> None:
    """Whose it is and over what: FHIR's code where it has one, and always the word."""
    level, over = plain(benefit.level), plain(benefit.period)
    if level:
        item["unit"] = {"text": level}
        if level in ("individual", "family"):
            item["unit"] = {"coding": [{"system": names.BENEFIT_UNIT, "code": level}], "text": level}
    if over:
        term = benefit_codes.term_of(over)
        coding = {"coding": [{"system": names.BENEFIT_TERM, "code": term}]} if term else {}
        item["term"] = {**coding, "text": over}


def _category(service_types: Sequence[str]) -> Resource:
    codings: list[object] = []
    for code in service_types:
        shown = " ".join(plain(code).split())
        if shown:
            x12 = {"system": names.X12_SERVICE_TYPE} if benefit_codes.is_service_type(shown) else {}
            codings.append({**x12, "code": shown})
    return {"coding": codings} if codings else {"text": NOT_SAID}


def _procedure(code: str) -> Resource:
    return procedure(code) if benefit_codes.is_procedure(code) else {"text": plain(code) or NOT_SAID}


def _modifier(modifier: str) -> Resource:
    system = benefit_codes.modifier_system(modifier)
    return {"coding": [{"system": system, "code": modifier}]} if system else {"text": plain(modifier) or NOT_SAID}


# --- figures ----------------------------------------------------------------------------------------------------------


def _type(kind: BenefitKind, hl7: str | None) -> Resource:
    codings: list[object] = [{"system": names.BENEFIT_TYPE, "code": hl7}] if hl7 else []
    codings.append({"system": names.CS_BENEFIT_KIND, "code": kind.value})
    return {"coding": codings}


def _figure(parts: Mapping[str, tuple[str, object]]) -> list[object]:
    """The extension with what stands beside a figure: (name → (value type, value)), nothings left out."""
    given = [{"url": url, f"value{kind}": value} for url, (kind, value) in parts.items() if value not in (None, "")]
    return [{"url": names.EXT_BENEFIT_FIGURE, "extension": given}]


def _amount(benefit: Benefit) -> list[Resource]:
    if benefit.amount is None:
        return []
    money = {"value": benefit.amount, "currency": "USD"}
    left = benefit.measure is Measure.LEFT
    entry: Resource = {
        "extension": _figure({"measure": ("Code", benefit.measure.value), "left": ("Money", money if left else None)}),
        "type": _type(benefit.kind, benefit_codes.HL7_TYPE.get(benefit.kind)),
    }
    if not left:
        entry["usedMoney" if benefit.measure is Measure.USED else "allowedMoney"] = money
    return [entry]


def _share(benefit: Benefit) -> list[Resource]:
    if benefit.share is None:
        return []
    hl7 = benefit_codes.HL7_TYPE[BenefitKind.COINSURANCE] if benefit.kind is BenefitKind.COINSURANCE else None
    entry: Resource = {
        "extension": _figure({"share": ("Decimal", benefit.share)}),
        "type": _type(benefit.kind, hl7),
    }
    percent = benefit.share * 100
    if percent == percent.to_integral_value() and 0 <= percent <= _MOST:
        entry["allowedUnsignedInt"] = int(percent)
    else:
        entry["allowedString"] = f"{percent.normalize():f} %"
    return [entry]


def _counts(benefit: Benefit) -> list[Resource]:
    """One figure for what is allowed, used and left of the same thing; another for each further one."""
    groups: list[tuple[tuple[object, ...], dict[Measure, Count]]] = []
    for count in benefit.counts:
        same = (count.unit, count.period, count.periods)
        for known, group in groups:
            if known == same and count.measure in _SIDES and count.measure not in group and Measure.PLAIN not in group:
                group[count.measure] = count
                break
        else:
            groups.append((same, {count.measure: count}))
    return [_counted(benefit, group) for _, group in groups]


def _counted(benefit: Benefit, group: Mapping[Measure, Count]) -> Resource:
    first = next(iter(group.values()))
    visits = benefit.kind is BenefitKind.LIMIT and first.unit is CountUnit.VISITS
    left = group.get(Measure.LEFT)
    allowed = group.get(Measure.ALLOWED) or group.get(Measure.PLAIN)
    used = group.get(Measure.USED)
    entry: Resource = {
        "extension": _figure(
            {
                "measure": ("Code", Measure.PLAIN.value if Measure.PLAIN in group else None),
                "unit": ("Code", first.unit.value),
                "period": ("String", plain(first.period)),
                "periods": ("Integer", first.periods),
                "left": ("Decimal", left.quantity if left else None),
            }
        ),
        "type": _type(benefit.kind, benefit_codes.HL7_VISIT if visits else benefit_codes.HL7_TYPE.get(benefit.kind)),
    }
    for name, count in (("allowed", allowed), ("used", used)):
        if count:
            whole = _whole(count.quantity)
            entry[f"{name}String" if whole is None else f"{name}UnsignedInt"] = (
                format(count.quantity, "f") if whole is None else whole
            )
    return entry


def _whole(quantity: Decimal) -> int | None:
    """The quantity as a FHIR unsignedInt; None where it is none."""
    return int(quantity) if quantity == quantity.to_integral_value() and 0 <= quantity <= _MOST else None


# --- extensions -------------------------------------------------------------------------------------------------------


def _extensions(benefit: Benefit) -> list[object]:
    detail: list[object] = [{"url": "kind", "valueCode": benefit.kind.value}]
    detail += _strings("code", (benefit.code,))
    detail += _strings("plan", (benefit.plan or "",))
    if benefit.procedure:
        detail += _strings("serviceType", benefit.service_types)
    else:
        detail += _strings("modifier", benefit.modifiers)
    detail += _strings("place", benefit.places)
    found: list[object] = [{"url": names.EXT_BENEFIT_DETAIL, "extension": detail}]
    found += [party(entity) for entity in benefit.entities]
    for span in benefit.spans:
        dates = period(span.start, span.end)
        if dates:
            parts = [*_strings("qualifier", (span.qualifier,)), {"url": "period", "valuePeriod": dates}]
            found.append({"url": names.EXT_BENEFIT_DATE, "extension": parts})
    for qualifier, value in benefit.references:
        if qualifier in KEPT_REFERENCES and plain(value):
            parts = [*_strings("qualifier", (qualifier,)), *_strings("value", (value,))]
            found.append({"url": names.EXT_BENEFIT_REFERENCE, "extension": parts})
    return found


def _strings(url: str, texts: Sequence[str]) -> list[object]:
    return [{"url": url, "valueString": plain(text)} for text in texts if plain(text)]


def party(entity: Entity) -> Resource:
    """Somebody the payer names, without identifiers: another payer's may be the patient's member id there."""
    parts = _strings("role", (entity.role or "unknown",))
    parts += _strings("name", (entity.name or "",))
    parts += _strings("taxonomy", (entity.taxonomy or "",))
    parts += _strings("contact", entity.contacts)
    return {"url": names.EXT_NAMED_PARTY, "extension": parts or _strings("role", ("unknown",))}
