"""What neither the JSON Schema nor fhir.resources sees in a Claim: our own checks before it is written.

An unknown code, a wrong code system, a pointer that points nowhere, a total that is not the sum. Each is a fault of
this program, not of the clinic's record: the claim is not written, the visit held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from massage_billing.fhir import json as fj
from massage_billing.fhir import names
from massage_billing.ports import JsonObject

KnownCode = Callable[[str, str], bool]
"""Whether the rulebook knows a code on a date of service (ISO)."""


def claim_faults(claim: Mapping[str, object], known_code: KnownCode) -> Iterator[str]:
    """Every fault of a Claim as built (money still Decimal), in words that name elements and codes, no patient data."""
    diagnoses = _sequences(claim, "diagnosis")
    team = _sequences(claim, "careTeam")
    total = Decimal(0)
    for n, item in enumerate(fj.children(claim, "item"), 1):
        yield from _code_faults(n, item, known_code)
        yield from _pointer_faults(n, item, "diagnosisSequence", diagnoses)
        yield from _pointer_faults(n, item, "careTeamSequence", team)
        net = _amount(item, "net")
        if net != _amount(item, "unitPrice") * _quantity(item):
            yield f"item {n}: net is not unit price times quantity"
        total += net
    if total != _amount(claim, "total"):
        yield "total is not the sum of the lines"
    for n, diagnosis in enumerate(fj.children(claim, "diagnosis"), 1):
        if _coding(diagnosis, "diagnosisCodeableConcept").get("system") != names.ICD10CM:
            yield f"diagnosis {n}: is not in the ICD-10-CM system"


def _code_faults(n: int, item: JsonObject, known_code: KnownCode) -> Iterator[str]:
    coding = _coding(item, "productOrService")
    code, system = coding.get("code"), coding.get("system")
    if not isinstance(code, str):
        yield f"item {n}: has no code"
        return
    if system != (names.CPT if code[:1].isdigit() else names.HCPCS):
        yield f"item {n}: {code} is not in its code system"
    if not known_code(code, str(item.get("servicedDate"))):
        yield f"item {n}: no rule knows {code}"


def _pointer_faults(n: int, item: JsonObject, element: str, targets: set[object]) -> Iterator[str]:
    pointers = item.get(element)
    if not isinstance(pointers, list) or not pointers:
        yield f"item {n}: has no {element}"
        return
    for pointer in pointers:
        if pointer not in targets:
            yield f"item {n}: {element} {pointer} points nowhere"


def _coding(holder: JsonObject, element: str) -> JsonObject:
    """The first coding of a concept; every concept we write has one."""
    codings = fj.children(fj.child(holder, element), "coding")
    return codings[0] if codings else fj.NOTHING


def _sequences(claim: JsonObject, element: str) -> set[object]:
    return {entry.get("sequence") for entry in fj.children(claim, element)}


def _amount(holder: JsonObject, element: str) -> Decimal:
    value = fj.child(holder, element).get("value")
    return value if isinstance(value, Decimal) else Decimal(-1)


def _quantity(item: JsonObject) -> int:
    value = fj.child(item, "quantity").get("value")
    return value if isinstance(value, int) else -1
