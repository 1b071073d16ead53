"""What no schema sees in a Claim, our own checks do."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from massage_billing.fhir import names
from massage_billing.fhir.claim_checks import claim_faults


def claim() -> dict[str, Any]:
    def money(amount: str) -> dict[str, Any]:
        return {"value": Decimal(amount), "currency": "USD"}

    def item(n: int, code: str) -> dict[str, Any]:
        return {
            "sequence": n,
            "careTeamSequence": [1],
            "diagnosisSequence": [1],
            "productOrService": {"coding": [{"system": names.CPT, "code": code}]},
            "servicedDate": "2026-11-20",
            "quantity": {"value": 2},
            "unitPrice": money("35.50"),
            "net": money("71.00"),
        }

    return {
        "careTeam": [{"sequence": 1}],
        "diagnosis": [
            {"sequence": 1, "diagnosisCodeableConcept": {"coding": [{"system": names.ICD10CM, "code": "M54.50"}]}}
        ],
        "item": [item(1, "97140"), item(2, "97110")],
        "total": money("142.00"),
    }


def faults(made: dict[str, Any]) -> list[str]:
    return list(claim_faults(made, lambda code, on: code in ("97140", "97110") and on == "2026-11-20"))


def test_a_sound_claim_has_no_fault() -> None:
    assert faults(claim()) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("total", "value"), Decimal("142.01"), "total is not the sum of the lines"),
        (("item", 0, "net", "value"), Decimal("70.00"), "item 1: net is not unit price times quantity"),
        (("item", 1, "diagnosisSequence"), [2], "item 2: diagnosisSequence 2 points nowhere"),
        (("item", 1, "diagnosisSequence"), [], "item 2: has no diagnosisSequence"),
        (("item", 1, "careTeamSequence"), [3], "item 2: careTeamSequence 3 points nowhere"),
        (("item", 0, "productOrService", "coding", 0, "code"), "97999", "item 1: no rule knows 97999"),
        (("item", 0, "productOrService", "coding"), [], "item 1: has no code"),
        (
            ("item", 0, "productOrService", "coding", 0, "system"),
            names.HCPCS,
            "item 1: 97140 is not in its code system",
        ),
        (
            ("diagnosis", 0, "diagnosisCodeableConcept", "coding", 0, "system"),
            "http://hl7.org/fhir/sid/icd-10",
            "diagnosis 1: is not in the ICD-10-CM system",
        ),
        (("total", "value"), 142.0, "total is not the sum of the lines"),
    ],
)
def test_a_fault_is_named(path: tuple[str | int, ...], value: object, said: str) -> None:
    made = copy.deepcopy(claim())
    node: Any = made
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    assert said in faults(made)
