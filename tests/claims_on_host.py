"""Answers to claims as payers put them on a FHIR server: ClaimResponse, and ExplanationOfBenefit as CARIN writes it."""

from __future__ import annotations

from typing import Any

from massage_billing.fhir import names
from massage_billing.ports.ledger import Submission

Json = dict[str, Any]
ADJUDICATION = "http://terminology.hl7.org/CodeSystem/adjudication"
CARIN = "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudication"
PAYMENT = "http://terminology.hl7.org/CodeSystem/ex-paymenttype"


def money(amount: object) -> Json:
    return {"value": float(str(amount)), "currency": "USD"}


def part(category: str, amount: object | None, reason: str = "", system: str = ADJUDICATION, remark: str = "") -> Json:
    grouped = category in ("CO", "PR", "OA", "PI")
    told: Json = {"category": {"text": category} if grouped else {"coding": [{"system": system, "code": category}]}}
    if amount is not None:
        told["amount"] = money(amount)
    codes = [(names.CARC, reason)] if reason else []
    codes += [(names.RARC, remark)] if remark else []
    if codes:
        told["reason"] = {"coding": [{"system": of, "code": code} for of, code in codes]}
    return told


def response(one: Submission, *, number: str = "77", **more: object) -> Json:
    """Each line: 20 less as agreed, 10 a copay, the rest is paid."""
    items = [
        {
            "itemSequence": n,
            "adjudication": [
                part("submitted", line.charge), part("benefit", line.charge - 30),
                part("CO", 20, "45"), part("PR", 10, "3"),
            ],
        }
        for n, line in enumerate(one.lines, 1)
    ]  # fmt: skip
    return {
        "resourceType": "ClaimResponse",
        "id": f"r{number}",
        "identifier": [{"system": "https://payer.example.org/claims", "value": f"P-{number}"}],
        "status": "active",
        "type": {"coding": [{"system": names.CLAIM_TYPE, "code": "professional"}]},
        "use": "claim",
        "patient": {"reference": one.patient},
        "created": "2026-11-20",
        "insurer": {"display": "CEDAR HEALTH"},
        "request": {"reference": one.claim},
        "outcome": "complete",
        "item": items,
        "payment": {
            "type": {"coding": [{"system": PAYMENT, "code": "complete"}]},
            "date": "2026-11-21",
            "identifier": {"value": "EFT9"},
            "amount": money(one.total - 30 * len(one.lines)),
        },
        **more,
    }  # fmt: skip


def benefit(one: Submission, **more: object) -> Json:
    """As CARIN writes it: nothing paid, for one reason that says no dollars."""
    items = [
        {
            "sequence": n,
            "productOrService": {"coding": [{"system": names.CPT, "code": line.code}]},
            "servicedDate": line.date.isoformat(),
            "net": money(line.charge),
            "quantity": {"value": float(line.units)},
            "adjudication": [
                part("submitted", line.charge), part("paidtoprovider", 0, system=CARIN),
                part("memberliability", 0, system=CARIN), part("denialreason", None, "197", remark="N54"),
            ],
        }
        for n, line in enumerate(one.lines, 1)
    ]  # fmt: skip
    return {
        "resourceType": "ExplanationOfBenefit",
        "id": "e1",
        "status": "active",
        "use": "claim",
        "outcome": "complete",
        "claim": {"reference": f"https://ehr.example.org/fhir/{one.claim}"},
        "item": items,
        "total": [{"category": part("submitted", 0)["category"], "amount": money(one.total)}],
        **more,
    }
