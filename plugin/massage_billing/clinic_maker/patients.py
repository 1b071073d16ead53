"""The resources of one synthetic patient: Patient, Coverages, Account, ServiceRequest."""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta

from massage_billing.clinic_maker.cast import FAMILIES, GIVEN, LOCAL, PAYERS, REFERRERS, UNMAPPED_PAYER, V3, meta
from massage_billing.clinic_maker.draw import Clinic, Person, mix
from massage_billing.clinic_maker.shares import Plan

Resource = dict[str, object]


def patient_resources(clinic: Clinic, person: Person) -> list[Resource]:
    """The Patient with coverages, account and order."""
    updated = f"{clinic.start.isoformat()}T08:00:00.000Z"
    found = [_patient(clinic, person, updated), *_coverages(clinic, person, updated)]
    if person.plan is Plan.INJURY:
        found.append(_account(person, updated))
    if person.number % 3 == 0:
        found.append(_order(clinic, person, updated))
    return found


def _patient(clinic: Clinic, person: Person, updated: str) -> Resource:
    draw = mix(clinic.seed, person.number, 3)
    born = Date(1950, 1, 1) + timedelta(days=draw % 20000)
    return {
        "resourceType": "Patient",
        "id": f"patient-{person.number}",
        "meta": meta("patient", updated),
        "identifier": [
            {
                "use": "usual",
                "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
                "system": f"{LOCAL}/patient",
                "value": f"P{person.number:07}",
            }
        ],
        "active": True,
        "name": [
            {
                "use": "official",
                "family": FAMILIES[draw % len(FAMILIES)],
                "given": [GIVEN[(draw >> 8) % len(GIVEN)], str(person.number)],
            }
        ],
        "telecom": [
            {"system": "phone", "value": f"208-555-{draw % 10000:04}", "use": "mobile"},
            {"system": "email", "value": f"p{person.number}@patients.example", "use": "home"},
        ],
        "gender": "female" if draw >> 20 & 1 else "male",
        "birthDate": born.isoformat(),
        "address": [_home(draw % 900 + 1)],
        "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en-US"}]}}],
        "generalPractitioner": [{"reference": f"Practitioner/practitioner-{REFERRERS[0]}"}],
    }


def _home(number: int) -> Resource:
    return {
        "use": "home",
        "line": [f"{number} Nowhere Street"],
        "city": "Boise",
        "state": "ID",
        "postalCode": "83700",
        "country": "US",
    }


def _coverages(clinic: Clinic, person: Person, updated: str) -> list[Resource]:
    if person.plan is Plan.NONE:
        return []
    payer = UNMAPPED_PAYER if person.plan is Plan.UNKNOWN_PAYER else f"payer-{PAYERS[person.payer][0]}"
    first = _coverage(clinic, person, 1, payer, updated)
    if person.plan is Plan.ENDED:
        first["period"] = {"start": "2024-01-01", "end": (clinic.start - timedelta(days=31)).isoformat()}
    if person.plan is Plan.NO_MEMBER_ID:
        del first["subscriberId"], first["identifier"]
    if person.plan is Plan.TWO:
        return [first, _coverage(clinic, person, 2, f"payer-{PAYERS[(person.payer + 1) % 3][0]}", updated)]
    if person.plan is Plan.INJURY:
        injury = _coverage(clinic, person, 2, f"payer-{PAYERS[3][0]}", updated)
        injury["type"] = {"coding": [{"system": f"{V3}ActCode", "code": "WCBPOL"}]}
        return [first, injury]
    return [first]


def _coverage(clinic: Clinic, person: Person, order: int, payer: str, updated: str) -> Resource:
    member = f"TM{mix(clinic.seed, person.number, 3 + order) % 10**9:09}"
    return {
        "resourceType": "Coverage",
        "id": f"coverage-{person.number}-{order}",
        "meta": meta("coverage", updated),
        "identifier": [
            {
                "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MB"}]},
                "system": f"{LOCAL}/member",
                "value": member,
            }
        ],
        "status": "active",
        "type": {"coding": [{"system": f"{V3}ActCode", "code": "EHCPOL", "display": "extended healthcare"}]},
        "subscriber": person.reference,
        "subscriberId": member,
        "beneficiary": person.reference,
        "relationship": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/subscriber-relationship", "code": "self"}]
        },
        "period": {"start": f"{clinic.start.year}-01-01"},
        "payor": [{"reference": f"Organization/{payer}"}],
        "class": [
            {
                "type": {
                    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/coverage-class", "code": "plan"}]
                },
                "value": f"PLAN-{order}",
            }
        ],
        "order": order,
    }


def _account(person: Person, updated: str) -> Resource:
    return {
        "resourceType": "Account",
        "id": f"account-{person.number}",
        "meta": {"versionId": "1", "lastUpdated": updated},
        "status": "active",
        "type": {"coding": [{"system": f"{V3}ActCode", "code": "WCOMPACCT"}], "text": "Injury at work"},
        "subject": [person.reference],
        "coverage": [{"coverage": {"reference": f"Coverage/coverage-{person.number}-2"}, "priority": 1}],
        "owner": {"reference": "Organization/clinic"},
    }


def _order(clinic: Clinic, person: Person, updated: str) -> Resource:
    return {
        "resourceType": "ServiceRequest",
        "id": f"order-{person.number}",
        "meta": meta("servicerequest", updated),
        "status": "active",
        "intent": "order",
        "code": {"text": "Massage therapy as needed"},
        "subject": person.reference,
        "authoredOn": clinic.start.isoformat(),
        "requester": {"reference": f"Practitioner/practitioner-{REFERRERS[person.number % 2]}"},
    }
