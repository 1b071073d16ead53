"""What a payer decided of one of our claims, as a ClaimResponse for the host (FHIR R4 ClaimResponse). Pure.

It is evidence (DESIGN 17): ``claim_state.evidence_of`` reads it. Names and member ids are not in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal
from typing import Final

from massage_billing.fhir import names
from massage_billing.fhir.serial import Resource
from massage_billing.model.professional import LineAdjustment
from massage_billing.model.remittance import ClaimPaid, LinePaid

_ADJUDICATION: Final = "http://terminology.hl7.org/CodeSystem/adjudication"
"""Category of an amount: submitted, eligible, benefit (FHIR R4 adjudication)."""
_PAYMENT_TYPE: Final = "http://terminology.hl7.org/CodeSystem/ex-paymenttype"
_COMPLETE: Final = "complete"


@dataclass(frozen=True, slots=True)
class Answered:
    """To which claim it is an answer, and from which file."""

    key: str
    """Value of its identifier (``fhir.keys.answer_key``)."""
    claim: str
    """"Claim/12"."""
    patient: str
    """"Patient/3"."""
    payer_id: str
    """The payer's id."""
    created: Date
    """Day of the payment, else of the file."""
    trace: str
    """Number of the check or transfer."""
    paid_on: Date | None
    """When the money moves."""
    places: tuple[int, ...]
    """For each of the remittance's lines, which item of the claim it is, 1 first; 0: none."""


def build_claim_response(paid: ClaimPaid, to: Answered, words: str) -> Resource:
    """The ClaimResponse of one claim of a remittance. ``words``: what was decided, without patient data."""
    response: Resource = {
        "resourceType": "ClaimResponse",
        "identifier": [{"system": names.SID_ANSWER_KEY, "value": to.key}, *_numbers(paid)],
        "status": "active",
        "type": {"coding": [{"system": names.CLAIM_TYPE, "code": "professional"}]},
        "use": "claim",
        "patient": {"reference": to.patient},
        "created": to.created.isoformat(),
        "insurer": {"identifier": {"value": to.payer_id}},
        "request": {"reference": to.claim},
        "outcome": _COMPLETE,
        "disposition": words,
        "total": [
            {"category": _category("submitted"), "amount": _money(paid.charge)},
            {"category": _category("benefit"), "amount": _money(paid.paid)},
        ],
        "payment": _payment(paid, to),
    }
    items = [_item(line, place) for line, place in zip(paid.lines, to.places, strict=True) if place]
    added = [_added(line) for line, place in zip(paid.lines, to.places, strict=True) if not place]
    if items:
        response["item"] = items
    if added:
        response["addItem"] = added
    if paid.adjustments:
        response["adjudication"] = _adjusted(paid.adjustments)
    return response


def _numbers(paid: ClaimPaid) -> list[Resource]:
    return [{"value": paid.payer_claim_number}] if paid.payer_claim_number else []


def _payment(paid: ClaimPaid, to: Answered) -> Resource:
    payment: Resource = {
        "type": {"coding": [{"system": _PAYMENT_TYPE, "code": "complete" if paid.paid else "partial"}]},
        "amount": _money(paid.paid),
    }
    if to.paid_on:
        payment["date"] = to.paid_on.isoformat()
    if to.trace:
        payment["identifier"] = {"value": to.trace}
    return payment


def _item(line: LinePaid, place: int) -> Resource:
    return {"itemSequence": place, "adjudication": _of_line(line)}


def _added(line: LinePaid) -> Resource:
    system = names.CPT if line.code[:1].isdigit() else names.HCPCS
    return {
        "productOrService": {"coding": [{"system": system, "code": line.code}]},
        "adjudication": _of_line(line),
    }


def _of_line(line: LinePaid) -> list[Resource]:
    found: list[Resource] = [
        {"category": _category("submitted"), "amount": _money(line.charge)},
        {"category": _category("benefit"), "amount": _money(line.paid)},
    ]
    if line.allowed is not None:
        found.append({"category": _category("eligible"), "amount": _money(line.allowed)})
    return found + _adjusted(line.adjustments)


def _adjusted(adjustments: Iterable[LineAdjustment]) -> list[Resource]:
    return [
        {
            "category": {"text": one.group},
            "reason": {"coding": [{"system": names.CARC, "code": one.code}]},
            "amount": _money(one.amount),
        }
        for one in adjustments
    ]


def _category(code: str) -> Resource:
    return {"coding": [{"system": _ADJUDICATION, "code": code}]}


def _money(amount: Decimal) -> Resource:
    return {"value": amount, "currency": "USD"}
