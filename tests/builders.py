"""Small FHIR R4 resources of synthetic people, for tests: each builder makes a sound one, and arguments change it.

``...`` (Ellipsis) as a value drops the element. Ids: Encounter e1, Patient p1, Practitioner t1, Location l1,
Organization o1 (clinic) and o2 (payer), Coverage c1, Condition d1, ServiceRequest s1. The visit is on 2026-11-20,
10:00 to 11:00 in Denver (UTC-7).
"""

from __future__ import annotations

from typing import Any

from massage_billing.fhir import names
from massage_billing.fhir.visit import read_visit
from massage_billing.model import Problem, Reading, Visit
from massage_billing.ports import VisitRecord

ZONE = "America/Denver"
NPI = "1234567893"
OTHER_NPI = "1245319599"
TAXONOMY = "225700000X"

Json = dict[str, Any]


def ref(target: str) -> Json:
    return {"reference": target}


def concept(system: str, *codes: str) -> Json:
    return {"coding": [{"system": system, "code": code} for code in codes]}


def cpt(code: str) -> Json:
    return concept(names.CPT, code)


def duration(value: Any, code: str = "min") -> Json:
    return {"value": value, "unit": code, "system": names.UCUM, "code": code}


def minutes(value: Any, code: str = "min") -> Json:
    """The treatment-minutes extension."""
    return {"url": names.EXT_TREATMENT_MINUTES, "valueDuration": duration(value, code)}


def bill_to(value: str) -> Json:
    return {"url": names.EXT_BILL_TO, "valueCode": value}


def period(start: str | None, end: str | None = None) -> Json:
    return {name: value for name, value in (("start", start), ("end", end)) if value is not None}


def at(clock: str, day: str = "2026-11-20") -> str:
    """A time of the visit's day in Denver's winter offset."""
    return f"{day}T{clock}:00-07:00"


def patient_identifier(value: str) -> Json:
    """An Identifier of the clinic's own system."""
    return {"system": "http://clinic.example/id", "value": value}


def resource(kind: str, id: str, base: Json, changes: Json) -> Json:
    made = {"resourceType": kind, "id": id, **base, **changes}
    return {name: value for name, value in made.items() if value is not ...}


def encounter(id: str = "e1", **changes: Any) -> Json:
    base = {
        "meta": {"versionId": "1", "lastUpdated": "2026-11-20T18:30:00Z"},
        "status": "finished",
        "class": {"system": names.ACT_CODE, "code": "AMB"},
        "subject": ref("Patient/p1"),
        "period": period(at("10:00"), at("11:00")),
        "location": [{"location": ref("Location/l1")}],
        "serviceProvider": ref("Organization/o1"),
        "diagnosis": [{"condition": ref("Condition/d1"), "rank": 1}],
    }
    return resource("Encounter", id, base, changes)


def procedure(id: str = "a1", code: str | Json | None = "97124", mins: Any = 30, **changes: Any) -> Json:
    """A completed service; ``code`` is a CPT number, a CodeableConcept or None."""
    base = {
        "meta": {"versionId": "1", "lastUpdated": "2026-11-20T18:20:00Z"},
        "status": "completed",
        "code": ... if code is None else cpt(code) if isinstance(code, str) else code,
        "subject": ref("Patient/p1"),
        "encounter": ref("Encounter/e1"),
        "performedDateTime": at("10:00"),
        "performer": [{"actor": ref("Practitioner/t1")}],
        "extension": [minutes(mins)] if mins is not None else ...,
    }
    if "performedPeriod" in changes:
        base["performedDateTime"] = ...
    return resource("Procedure", id, base, changes)


def observation(id: str = "b1", value: Any = 30, **changes: Any) -> Json:
    base = {
        "status": "final",
        "code": concept("http://example.org/codes", "minutes"),
        "partOf": [ref("Procedure/a1")],
        "valueQuantity": duration(value),
    }
    return resource("Observation", id, base, changes)


def condition(id: str = "d1", code: str | Json | None = "M54.50", **changes: Any) -> Json:
    """A condition; ``code`` is an ICD-10-CM code, a CodeableConcept or None."""
    coded = ... if code is None else concept(names.ICD10CM, code) if isinstance(code, str) else code
    return resource("Condition", id, {"subject": ref("Patient/p1"), "code": coded}, changes)


def practitioner(id: str = "t1", npi: str = NPI, **changes: Any) -> Json:
    base = {
        "identifier": [{"system": names.NPI, "value": npi}],
        "qualification": [{"code": concept(names.NUCC, TAXONOMY)}],
    }
    return resource("Practitioner", id, base, changes)


def practitioner_role(id: str = "r1", **changes: Any) -> Json:
    base = {"practitioner": ref("Practitioner/t1"), "specialty": [concept(names.NUCC, "225100000X")]}
    return resource("PractitionerRole", id, base, changes)


def location(id: str = "l1", place: str | None = "11", **changes: Any) -> Json:
    base = {"status": "active", "type": [concept(names.PLACE_OF_SERVICE, place)] if place else ...}
    return resource("Location", id, base, changes)


def organization(id: str = "o1", **changes: Any) -> Json:
    return resource("Organization", id, {"identifier": [{"system": names.NPI, "value": OTHER_NPI}]}, changes)


def payer(id: str = "o2", **changes: Any) -> Json:
    return resource("Organization", id, {"identifier": [{"system": "http://example.org/payers", "value": "60054"}]},
                    changes)  # fmt: skip


def coverage(id: str = "c1", kind: str = "EHCPOL", **changes: Any) -> Json:
    base = {
        "status": "active",
        "type": concept(names.ACT_CODE, kind),
        "subscriberId": "SYN-0001",
        "beneficiary": ref("Patient/p1"),
        "relationship": concept("http://terminology.hl7.org/CodeSystem/subscriber-relationship", "self"),
        "period": period("2026-01-01", "2026-12-31"),
        "payor": [ref("Organization/o2")],
        "order": 1,
    }
    return resource("Coverage", id, base, changes)


def account(id: str = "k1", *coverages: str, **changes: Any) -> Json:
    base = {"status": "active", "coverage": [{"coverage": ref(key)} for key in coverages]}
    return resource("Account", id, base, changes)


def service_request(id: str = "s1", **changes: Any) -> Json:
    base = {
        "status": "active",
        "intent": "order",
        "subject": ref("Patient/p1"),
        "requester": ref("Practitioner/t2"),
    }
    return resource("ServiceRequest", id, base, changes)


def consent(id: str = "n1", **changes: Any) -> Json:
    base = {
        "status": "active",
        "patient": ref("Patient/p1"),
        "policyRule": concept("http://terminology.hl7.org/CodeSystem/consentpolicycodes", "hipaa-self-pay"),
    }
    return resource("Consent", id, base, changes)


def appointment(id: str = "m1", **changes: Any) -> Json:
    base = {"status": "fulfilled", "start": at("09:30"), "end": at("11:30")}
    return resource("Appointment", id, base, changes)


def claim(id: str = "x1", **changes: Any) -> Json:
    base = {
        "status": "active",
        "use": "claim",
        "patient": ref("Patient/p1"),
        "item": [{"sequence": 1, "encounter": [ref("Encounter/e1")]}],
    }
    return resource("Claim", id, base, changes)


def sound() -> list[Json]:
    """A visit with two services and everything around it, without a fault."""
    return [
        encounter(),
        procedure("a1", "97124", 30, performedPeriod=period(at("10:00"), at("10:30"))),
        procedure("a2", "97112", 15, performedPeriod=period(at("10:30"), at("10:45"))),
        condition(),
        practitioner(),
        location(),
        organization(),
        payer(),
        coverage(),
    ]


def record(*resources: Json, encounter: str = "e1", aliases: dict[str, str] | None = None, **more: Any) -> VisitRecord:
    """A record of these resources; the shared ones (practitioner, site, …) are added where none of their key is."""
    shared = [practitioner(), location(), organization(), payer(), condition()]
    keyed = {f"{each['resourceType']}/{each['id']}": each for each in (*shared, *resources)}
    return VisitRecord(encounter=encounter, resources=keyed, aliases=aliases or {}, **more)


def reading(**changes: Any) -> Reading:
    return Reading(**{"host": "clinic", "zone": ZONE, **changes})


def read(*resources: Json, aliases: dict[str, str] | None = None, **changes: Any) -> Visit:
    """Read these resources as the visit e1; ``changes`` are settings of how to read."""
    return read_visit(record(*resources, aliases=aliases), reading(**changes))


def problems(visit: Visit, rule: str) -> list[Problem]:
    return [problem for problem in visit.problems if problem.rule == rule]


def rules(visit: Visit) -> list[str]:
    """The rules of a visit's problems, each once, sorted."""
    return sorted({problem.rule for problem in visit.problems})
