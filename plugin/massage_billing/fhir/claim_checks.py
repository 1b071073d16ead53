"""What neither the JSON Schema nor fhir.resources sees in a Claim: our own checks before it is written.

An unknown code, a wrong code system, a pointer that points nowhere, a total that is not the sum, a digest that is not
of this content. Each is a fault of this program, not of the clinic's record: the claim is not written, the visit held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from massage_billing.fhir import json as fj
from massage_billing.fhir import names
from massage_billing.fhir.serial import decision_digest
from massage_billing.fhir.task import digest_of


KnownCode = Callable[[str, str], bool]
"""Whether the rulebook knows a code on a date of service (ISO)."""


def claim_faults(claim: Mapping[str, object], known_code: KnownCode) -> Iterator[str]:
    """Every fault of a Claim as built (money still Decimal), in words that name elements and codes, no patient data."""
    diagnoses = _sequences(claim, "diagnosis")
    team = _sequences(claim, "careTeam")
    total = Decimal(0)
    for n, item in enumerate(fj.children(claim, "item"), 1):
        yield from _code_faults(n, item, known_code)
        for pointer in _numbers(item, "diagnosisSequence"):
            if pointer not in diagnoses:
                yield f"item {n}: diagnosisSequence {pointer} points nowhere"
        for pointer in _numbers(item, "careTeamSequence"):
            if pointer not in team:
                yield f"item {n}: careTeamSequence {pointer} points nowhere"
        if not _numbers(item, "diagnosisSequence"):
            yield f"item {n}: points to no diagnosis"
        net = _amount(item, "net")
        if net != _amount(item, "unitPrice") * _quantity(item):
            yield f"item {n}: net is not unit price times quantity"
        total += net
    if total != _amount(claim, "total"):
        yield "total is not the sum of the lines"
    for n, diagnosis in enumerate(fj.children(claim, "diagnosis"), 1):
        for coding in fj.children(fj.child(diagnosis, "diagnosisCodeableConcept"), "coding"):
            if fj.text(coding, "system") != names.ICD10CM:
                yield f"diagnosis {n}: is not in the ICD-10-CM system"
    if digest_of(claim) != decision_digest(claim):
        yield "decision digest is not of this content"


def _code_faults(n: int, item: Mapping[str, object], known_code: KnownCode) -> Iterator[str]:
    codings = fj.children(fj.child(item, "productOrService"), "coding")
    for coding in codings:
        code = fj.text(coding, "code") or ""
        expected = names.CPT if code[:1].isdigit() else names.HCPCS
        if fj.text(coding, "system") != expected:
            yield f"item {n}: {code} is not in its code system"
        if not known_code(code, fj.text(item, "servicedDate") or ""):
            yield f"item {n}: no rule knows {code}"
    if not codings:
        yield f"item {n}: has no code"


def _sequences(claim: Mapping[str, object], element: str) -> set[object]:
    return {entry.get("sequence") for entry in fj.children(claim, element)}


def _numbers(item: Mapping[str, object], element: str) -> list[object]:
    value = item.get(element)
    return list(value) if isinstance(value, list) else []


def _amount(holder: Mapping[str, object], element: str) -> Decimal:
    value = fj.child(holder, element).get("value")
    return value if isinstance(value, Decimal) else Decimal(-1)


def _quantity(item: Mapping[str, object]) -> int:
    value = fj.child(item, "quantity").get("value")
    return value if isinstance(value, int) else -1
