"""The simulated payer in FHIR R4: reads a CoverageEligibilityRequest, writes the CoverageEligibilityResponse.

It is written as payers with no profile of ours write: FHIR's own example codes (benefit-type, benefit-term …), allowed
and used, the payer's words in ``description``. It shares nothing with what this program itself writes to hosts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date as Date
from decimal import Decimal
from typing import Final

from massage_billing.fhir import json as fj
from massage_billing.fhir import names
from massage_billing.fhir.serial import Resource
from massage_billing.payers.fhir.bodies import resources
from massage_billing.payers.simulated.members import Asked, BenefitLine, PlanLine, Told
from massage_billing.ports import JsonObject

_TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"
_TERMS: Final = {"23": ("annual", "Calendar Year"), "27": ("visit", "Visit"), "32": ("lifetime", "Lifetime")}
_UNITS: Final = {"IND": "individual", "FAM": "family"}
_NETWORKS: Final = {"Y": "in", "N": "out"}
_MONEY: Final = {"B": "copay", "C": "deductible", "G": "out-of-pocket"}


def read(document: JsonObject, today: Date) -> Asked | None:
    """The question in a request, a Bundle or Parameters; None where there is none."""
    everyone = list(resources(document))
    request = next((one for one in everyone if fj.text(one, "resourceType") == "CoverageEligibilityRequest"), None)
    if request is None:
        return None
    inside = {f"#{fj.text(one, 'id')}": one for one in fj.children(request, "contained")}
    for bundle in everyone:
        inside |= {fj.text(entry, "fullUrl") or "": fj.child(entry, "resource")
                   for entry in fj.children(bundle, "entry")}  # fmt: skip
    insurance = next(iter(fj.children(request, "insurance")), fj.NOTHING)
    coverage = _followed(insurance, "coverage", inside)
    subscriber = _followed(coverage, "subscriber", inside)
    name = next(iter(fj.children(subscriber, "name")), fj.NOTHING)
    given = name.get("given")
    serviced, born = fj.text(request, "servicedDate"), fj.text(subscriber, "birthDate")
    return Asked(
        trace=next((value for system, value in fj.identifiers(request) if system == names.SID_QUESTION_KEY), ""),
        member_id=fj.text(coverage, "subscriberId") or "",
        asked_for=Date.fromisoformat(serviced) if serviced else today,
        service_types=tuple(code for item in fj.children(request, "item")
                            for system, code in fj.codings(fj.child(item, "category"))
                            if system == names.X12_SERVICE_TYPE),
        last_name=fj.text(name, "family") or "",
        first_name=given[0] if isinstance(given, list) and given and isinstance(given[0], str) else "",
        birth_date=Date.fromisoformat(born) if born else None,
    )  # fmt: skip


def _followed(holder: JsonObject, name: str, inside: dict[str, JsonObject]) -> JsonObject:
    return inside.get(fj.text(fj.child(holder, name), "reference") or "", fj.NOTHING)


def written(told: Told, request: str, id: str) -> Resource:
    """The response; ``request`` is the reference of what was asked, "" where it was never created."""
    asked = told.asked
    about: Resource = {"identifier": {"system": names.SID_QUESTION_KEY, "value": asked.trace}}
    if request:
        about["reference"] = request
    response: Resource = {
        "resourceType": "CoverageEligibilityResponse",
        "id": id,
        "contained": [_patient(told)],
        "status": "active",
        "purpose": ["validation", "benefits"],
        "patient": {"reference": "#patient"},
        "servicedDate": asked.asked_for.isoformat(),
        "created": asked.asked_for.isoformat(),
        "request": about,
        "outcome": "error" if told.rejections else "complete",
        "insurer": {"identifier": {"value": told.payer.id}, "display": told.payer.name},
    }
    if told.rejections:
        response["error"] = [
            {"code": {"coding": [{"system": names.X12_REJECT_REASON, "code": one.code}]}} for one in told.rejections
        ]
        return response
    contained, insurance = [_patient(told)], []
    for place, plan in enumerate(told.plans):
        coverage = _coverage(f"plan{place}", plan, told)
        contained.append(coverage)
        items = [item for line in told.benefits if not line.plan or line.plan == plan.name for item in _items(line)]
        insurance.append(_insurance(f"#plan{place}", plan, asked.asked_for, items if plan.in_force() else []))
    if not told.plans and told.benefits:
        items = [item for line in told.benefits for item in _items(line)]
        insurance.append({"coverage": {"display": told.payer.name}, "item": items})
    response["contained"] = contained
    return {**response, "insurance": insurance} if insurance else response


def _patient(told: Told) -> Resource:
    name: Resource = {"family": told.asked.last_name.upper()}
    if told.asked.first_name:
        name["given"] = [told.asked.first_name.upper()]
    patient: Resource = {"resourceType": "Patient", "id": "patient", "name": [name]}
    if told.asked.birth_date is not None:
        patient["birthDate"] = told.asked.birth_date.isoformat()
    return patient


def _coverage(id: str, plan: PlanLine, told: Told) -> Resource:
    def classed(kind: str, **says: str) -> Resource:
        return {"type": {"coding": [{"system": f"{_TERMINOLOGY}/coverage-class", "code": kind}]}, **says}

    return {
        "resourceType": "Coverage",
        "id": id,
        "status": "active" if plan.in_force() else "cancelled",
        "subscriberId": told.member_id,
        "beneficiary": {"reference": "#patient"},
        "payor": [{"display": told.payer.name}],
        "class": [classed("plan", value=plan.name, name=plan.name), classed("group", value=plan.number)],
    }


def _insurance(coverage: str, plan: PlanLine, asked_for: Date, items: list[Resource]) -> Resource:
    first, last = plan.period(asked_for)
    period = {"start": first.isoformat(), **({"end": last.isoformat()} if last else {})}
    insurance: Resource = {"coverage": {"reference": coverage}, "inforce": plan.in_force(), "benefitPeriod": period}
    return {**insurance, "item": items} if items else insurance


def _items(line: BenefitLine) -> Iterator[Resource]:
    """An item for each service type; one without is of the plan as a whole."""
    for service_type in line.types or ("30",):
        item: Resource = {
            "category": {"coding": [{"system": names.X12_SERVICE_TYPE, "code": service_type}]},
        }
        if line.code == "I":
            item["excluded"] = True
        if line.messages:
            item["description"] = " ".join(line.messages)
        if line.network in _NETWORKS:
            item["network"] = _coded("benefit-network", _NETWORKS[line.network])
        if line.level in _UNITS:
            item["unit"] = _coded("benefit-unit", _UNITS[line.level])
        if line.period in _TERMS:
            code, words = _TERMS[line.period]
            item["term"] = {**_coded("benefit-term", code), "text": words}
        if figures := list(_figures(line)):
            item["benefit"] = figures
        if line.authorization in ("Y", "N"):
            item["authorizationRequired"] = line.authorization == "Y"
        if line.entity is not None and line.code == "N":
            item["provider"] = {"display": line.entity.name}
        yield item


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": f"{_TERMINOLOGY}/{system}", "code": code}]}


def _figures(line: BenefitLine) -> Iterator[Resource]:
    kind = _coded("benefit-type", _MONEY[line.code]) if line.code in _MONEY else {"text": line.code}
    if line.amount is not None:
        yield {"type": kind, "allowedMoney": _money(line.amount)}
    if line.total is not None and line.left is not None:
        yield {"type": kind, "allowedMoney": _money(line.total), "usedMoney": _money(line.total - line.left)}
    if line.share is not None:
        yield {"type": _coded("benefit-type", "copay-percent"), "allowedUnsignedInt": int(line.share * 100)}
    if line.code == "R":
        # R4 has no element for another payer.
        yield {"type": {"text": "Other or Additional Payor"}}
    if line.visits is not None:
        yield {
            "type": _coded("benefit-type", "visit"),
            "allowedUnsignedInt": line.visits.allowed,
            "usedUnsignedInt": line.visits.used,
        }


def _money(amount: Decimal) -> Resource:
    return {"value": amount, "currency": "USD"}
