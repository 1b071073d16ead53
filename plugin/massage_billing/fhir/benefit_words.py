"""What an item of a CoverageEligibilityResponse says of all its figures, whoever wrote it."""

from __future__ import annotations

from decimal import Decimal

from massage_billing.fhir import benefit_codes, names
from massage_billing.fhir import json as fj
from massage_billing.fhir.concepts import candidates, codes_or_text, string, strings
from massage_billing.fhir.leaves import Leaves
from massage_billing.model import Benefit, BenefitKind, Entity, Measure, Network

SIDES = (("allowed", Measure.ALLOWED), ("used", Measure.USED))
"""Names of a figure's elements without their type, and which side of a limit each is."""


def common(item: Leaves) -> Benefit:
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


def dollars(holder: Leaves, name: str) -> Decimal | None:
    """Money in US dollars, or without a currency; another currency is not taken."""
    money = holder.child(name)
    if not money or ("currency" in money.node and not money.constant("currency", "USD")):
        return None
    return money.number("value")


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
