"""The simulated payer as a clearinghouse: "medical network eligibility v3" JSON, and Stedi's redesigned shape.

Both are written from what their owners publish (the sources in rules/eligibility/clearinghouses/), and from nothing of
the code that reads them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import date as Date
from typing import Final

from massage_billing.fhir import json as fj
from massage_billing.payers.simulated.members import Asked, BenefitLine, PlanLine, RejectionLine, Told
from massage_billing.ports import JsonObject

Body = dict[str, object]
_PERIODS: Final = {"23": "Calendar Year", "24": "Year to Date", "27": "Visit", "29": "Remaining"}
_NETWORKS: Final = {"Y": "Yes", "N": "No", "W": "Not Applicable"}
_NAMES: Final = {
    "1": "Active Coverage", "6": "Inactive", "A": "Co-Insurance", "B": "Co-Payment", "C": "Deductible",
    "D": "Benefit Description", "F": "Limitations", "G": "Out of Pocket (Stop Loss)", "I": "Non-Covered",
    "N": "Services Restricted to Following Provider", "R": "Other or Additional Payor",
}  # fmt: skip
_ARRAYS: Final = {
    "A": "coInsurance", "B": "coPayment", "C": "deductible", "D": "benefitDescription", "F": "limitations",
    "G": "outOfPocket", "I": "nonCovered", "N": "servicesRestrictedToFollowingProvider", "R": "otherOrAdditionalPayer",
}  # fmt: skip
_ACTIVE: Final = "1"
_FOLLOW_UPS: Final = {"C": "Please Correct and Resubmit", "R": "Resubmission Allowed", "N": "Resubmission Not Allowed"}
_LOOPS: Final = {"source": "2100A", "receiver": "2100B", "subscriber": "2100C", "dependent": "2100D"}
_ROLES: Final = {"PRP": "Primary Payer", "1P": "Provider"}


def read_v3(document: JsonObject, today: Date) -> Asked:
    """The question in a v3 request."""
    subscriber, encounter = fj.child(document, "subscriber"), fj.child(document, "encounter")
    types = encounter.get("serviceTypeCodes")
    return Asked(
        trace=fj.text(document, "controlNumber") or "",
        member_id=fj.text(subscriber, "memberId") or "",
        asked_for=_day(fj.text(encounter, "dateOfService")) or today,
        service_types=tuple(one for one in types if isinstance(one, str)) if isinstance(types, list) else (),
        last_name=fj.text(subscriber, "lastName") or "",
        first_name=fj.text(subscriber, "firstName") or "",
        birth_date=_day(fj.text(subscriber, "dateOfBirth")),
    )


def read_plans(document: JsonObject, today: Date) -> Asked:
    """The question in a request of the redesigned shape, which carries no number of ours."""
    subscriber, encounter = fj.child(document, "subscriber"), fj.child(document, "encounter")
    person = fj.child(fj.child(subscriber, "name"), "person")
    service = fj.child(fj.child(encounter, "dates"), "service")
    return Asked(
        trace="",
        member_id=fj.text(subscriber, "memberId") or "",
        asked_for=_day(fj.text(service, "start")) or today,
        service_types=tuple(fj.text(one, "value") or "" for one in fj.children(encounter, "services")
                            if fj.text(one, "system") == "STC"),
        last_name=fj.text(person, "lastName") or "",
        first_name=fj.text(person, "firstName") or "",
        birth_date=_day(fj.text(subscriber, "dateOfBirth")),
    )  # fmt: skip


def _day(text: str | None) -> Date | None:
    try:
        return Date.fromisoformat(text) if text else None
    except ValueError:
        return None


# --- v3 ---------------------------------------------------------------------------------------------------------------


def written_v3(told: Told) -> Body:
    """The answer, as v3 gives it."""
    asked = told.asked
    subscriber = _without_blanks(
        memberId=told.member_id, lastName=asked.last_name.upper(), firstName=asked.first_name.upper(),
        dateOfBirth=_basic(asked.birth_date), entityIdentifier="Insured or Subscriber",
    )  # fmt: skip
    body: Body = {
        "controlNumber": asked.trace,
        "reassociationKey": asked.trace,
        "tradingPartnerServiceId": told.payer.id,
        "payer": {"name": told.payer.name, "payorIdentification": told.payer.id, "entityIdentifier": "Payer"},
        "subscriber": subscriber,
        "subscriberTraceNumbers": [
            {"traceTypeCode": "2", "traceType": "Referenced Transaction Trace Numbers",
             "referenceIdentification": asked.trace, "originatingCompanyIdentifier": "9SYNTHETIC"},
        ],
    }  # fmt: skip
    if told.rejections:
        return {**body, "errors": [_error(one) for one in told.rejections]}
    entries = [_status(plan, asked.asked_for, len(told.plans) > 1) for plan in told.plans]
    entries += [entry for line in told.benefits for entry in _entries(line)]
    body["benefitsInformation"] = entries
    body["planStatus"] = [
        {"statusCode": "1" if plan.in_force() else "6", "status": _NAMES["1" if plan.in_force() else "6"],
         "planDetails": plan.name, "serviceTypeCodes": ["30"]}
        for plan in told.plans
    ]  # fmt: skip
    if len(told.plans) == 1:
        first, last = told.plans[0].period(asked.asked_for)
        body["planInformation"] = {"groupNumber": told.plans[0].number}
        body["planDateInformation"] = _without_blanks(planBegin=_basic(first), planEnd=_basic(last))
    return body


def _error(rejection: RejectionLine) -> Body:
    return {
        "field": "AAA",
        "code": rejection.code,
        "description": f"AAA {rejection.code}",
        "location": f"Loop {_LOOPS[rejection.level]}",
        "followupAction": _FOLLOW_UPS.get(rejection.follow_up, ""),
    }


def _status(plan: PlanLine, asked_for: Date, several: bool) -> Body:
    code = "1" if plan.in_force() else "6"
    entry: Body = {
        "code": code, "name": _NAMES[code], "serviceTypeCodes": ["30"], "insuranceTypeCode": plan.type,
        "planCoverage": plan.name,
    }  # fmt: skip
    if several:
        first, last = plan.period(asked_for)
        entry["benefitsDateInformation"] = {"plan": f"{first:%Y%m%d}-{last:%Y%m%d}" if last else f"{first:%Y%m%d}"}
        entry["benefitsAdditionalInformation"] = {"groupNumber": plan.number}
    return entry


def _entries(line: BenefitLine) -> Iterator[Body]:
    """One entry a figure: the whole period, and what is left of it."""
    entry: Body = {"code": line.code, "name": _NAMES[line.code], "serviceTypeCodes": list(line.types)}
    entry |= _without_blanks(
        coverageLevelCode=line.level, planCoverage=line.plan, authOrCertIndicator=line.authorization,
        inPlanNetworkIndicatorCode=line.network, inPlanNetworkIndicator=_NETWORKS.get(line.network, ""),
    )  # fmt: skip
    if line.messages:
        entry["additionalInformation"] = [{"description": text} for text in line.messages]
    if line.entity is not None:
        who = line.entity
        named: Body = {"entityIdentifier": _ROLES[who.role], "entityType": "Non-Person Entity", "entityName": who.name}
        named |= _without_blanks(entityIdentification=who.kind, entityIdentificationValue=who.id)
        if who.taxonomy:
            named["providerInformation"] = {"referenceIdentification": who.taxonomy}
        entry["benefitsRelatedEntities"] = [named]
    whole = {**entry, **_timed(line.period)}
    if line.share is not None:
        yield {**whole, "benefitPercent": str(line.share)}
    if line.amount is not None:
        yield {**whole, "benefitAmount": str(line.amount)}
    if line.total is not None and line.left is not None:
        yield {**whole, "benefitAmount": str(line.total)}
        yield {**entry, **_timed("29"), "benefitAmount": str(line.left)}
    if line.visits is not None:
        visits = {"quantityQualifierCode": "VS", "quantityQualifier": "Visits"}
        yield {**whole, **visits, "benefitQuantity": str(line.visits.allowed)}
        yield {**entry, **_timed("29"), **visits, "benefitQuantity": str(line.visits.allowed - line.visits.used)}
    if (line.share, line.amount, line.total, line.visits) == (None,) * 4:
        yield whole


def _timed(code: str) -> Body:
    return {"timeQualifierCode": code, "timeQualifier": _PERIODS[code]} if code else {}


def _basic(day: Date | None) -> str:
    return f"{day:%Y%m%d}" if day else ""


def _without_blanks(**says: str) -> Body:
    return {name: value for name, value in says.items() if value}


# --- the redesigned shape ---------------------------------------------------------------------------------------------


def written_plans(told: Told) -> Body:
    """The answer, in plans and kinds and words."""
    asked = told.asked
    person = _without_blanks(lastName=asked.last_name.upper(), firstName=asked.first_name.upper())
    subscriber: Body = {
        "memberId": told.member_id, "name": {"person": person},
        **_without_blanks(dateOfBirth=asked.birth_date.isoformat() if asked.birth_date else ""),
    }  # fmt: skip
    body: Body = {
        "id": f"ec_{uuid.uuid5(uuid.NAMESPACE_URL, asked.member_id)}",
        "meta": {"traceId": "SYNTHETIC"},
        "payerId": told.payer.id,
        "payer": {"name": {"organization": told.payer.name}, "type": "PAYER", "identification": told.payer.id},
        "x12": "",
    }
    if told.rejections:
        return {**body, "subscriber": subscriber, "errors": [
            {
                "code": one.code,
                "description": f"AAA {one.code}",
                "location": {"source": "PAYER", "receiver": "PROVIDER"}.get(one.level, one.level.upper()),
                "followupAction": _FOLLOW_UPS.get(one.follow_up, ""),
            }
            for one in told.rejections
        ]}  # fmt: skip
    if len(told.plans) == 1:
        subscriber["dates"] = {"plan": _range(told.plans[0], asked.asked_for)}
        subscriber["additionalInformation"] = {"group": {"number": told.plans[0].number}}
    plans = [_plan(plan, told) for plan in told.plans]
    if not plans and told.benefits:
        plans = [{"benefits": _of_plan(told.benefits)}]
    return {**body, "subscriber": subscriber, "plans": plans}


def _range(plan: PlanLine, asked_for: Date) -> Body:
    first, last = plan.period(asked_for)
    return _without_blanks(start=first.isoformat(), end=last.isoformat() if last else "")


def _plan(plan: PlanLine, told: Told) -> Body:
    status: Body = {
        "status": "ACTIVE_COVERAGE" if plan.in_force() else "INACTIVE",
        "coverageLevel": "INDIVIDUAL",
        "service": {"system": "STC", "value": "30"},
    }
    if len(told.plans) > 1:
        status["dates"] = {"plan": _range(plan, told.asked.asked_for)}
        status["additionalInformation"] = {"group": {"number": plan.number}}
    lines = [line for line in told.benefits if plan.in_force()]
    covered: list[Body] = [
        {
            "status": "ACTIVE_COVERAGE",
            "coverageLevel": "INDIVIDUAL",
            "service": {"system": "STC", "value": service_type},
        }
        for line in lines
        if line.code == _ACTIVE
        for service_type in line.types
    ]
    figures = [line for line in lines if line.code != _ACTIVE]
    return {"name": plan.name, "benefits": {"statuses": [status, *covered], **_of_plan(figures)}}


def _of_plan(lines: Iterable[BenefitLine]) -> dict[str, list[Body]]:
    """An array for each kind of benefit."""
    benefits: dict[str, list[Body]] = {}
    for line in lines:
        benefits.setdefault(_ARRAYS[line.code], []).extend(_worded(line))
    return benefits


def _worded(line: BenefitLine) -> Iterator[Body]:
    """The same figures once for each service type, for an entry here has one."""
    for entry in _entries(line):
        for service_type in line.types:
            yield _in_words(entry, line, service_type)


def _in_words(entry: Mapping[str, object], line: BenefitLine, service_type: str) -> Body:
    period = entry.get("timeQualifierCode")
    body: Body = {
        "coverageLevel": {"FAM": "FAMILY"}.get(line.level, "INDIVIDUAL"),
        "service": {"system": "STC", "value": service_type},
        **_without_blanks(
            amount=str(entry.get("benefitAmount", "")),
            percent=str(entry.get("benefitPercent", "")),
            timePeriod=_PERIODS[period].upper().replace(" ", "_") if isinstance(period, str) else "",
            priorAuthIndicator={"Y": "REQUIRED", "N": "NOT_REQUIRED"}.get(line.authorization, ""),
        ),
    }
    if line.network:
        body["network"] = {"indicator": {"Y": "IN_NETWORK", "N": "OUT_OF_NETWORK"}[line.network]}
    if "benefitQuantity" in entry:
        body["quantity"] = {"value": entry["benefitQuantity"], "qualifier": "VISITS"}
    if line.messages:
        body["messages"] = list(line.messages)
    if line.entity is not None:
        who = line.entity
        named: Body = {"name": {"organization": who.name}, "type": _ROLES[who.role].upper().replace(" ", "_")}
        if who.id:
            named["payerId"] = who.id
        if who.taxonomy:
            named["provider"] = {"reference": who.taxonomy}
        body["relatedEntities"] = [named]
    return body
