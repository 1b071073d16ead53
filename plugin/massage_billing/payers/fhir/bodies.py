"""A question to a FHIR payer, complete in itself, and the response found in whatever comes back. Pure.

A payer cannot follow references to the clinic's host, so everybody the question names goes along: contained in the
CoverageEligibilityRequest, or beside it in a Bundle. What cannot go along (facility, therapist) is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date as Date
from enum import StrEnum
from typing import Final, cast

import orjson

from massage_billing.fhir import json as fj
from massage_billing.fhir import names
from massage_billing.fhir.eligibility_read import read_response
from massage_billing.fhir.eligibility_request import RequestRefs, build_request
from massage_billing.fhir.keys import full_url
from massage_billing.fhir.serial import Resource, to_bytes
from massage_billing.model import Answer, AnswerKind, Person, Question
from massage_billing.ports import JsonObject
from massage_billing.x12.message_limits import with_text_limits

_RELATIONSHIP: Final = "http://terminology.hl7.org/CodeSystem/subscriber-relationship"
_CLASS: Final = "http://terminology.hl7.org/CodeSystem/coverage-class"
_GENDERS: Final = {"M": "male", "F": "female"}
_MEMBER_NUMBER: Final = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MB"}]}
_WITHDRAWN: Final = ("cancelled", "entered-in-error")
_DEEPEST: Final = 6
"""How many Bundles and Parameters inside each other are looked through."""


class Packing(StrEnum):
    """What is sent."""

    RESOURCE = "resource"
    """The request, with everybody contained (what ``$submit`` takes as its body)."""
    PARAMETERS = "parameters"
    """The same as the parameter ``resource``, which is what ``$submit`` calls its input."""
    BUNDLE = "bundle"
    """A collection: the request first, and everybody it names."""


def request_of(question: Question, packing: Packing = Packing.RESOURCE) -> bytes:
    """What is sent to a payer: the same bytes for the same question."""
    people = _people(question)
    request = build_request(RequestRefs.of(question), question.asked_on.isoformat())
    del request["meta"]  # our profile is a promise to the clinic's host, not to the payer
    request.pop("facility", None)
    request["patient"] = _inside("patient")
    request["insurer"] = _inside("insurer")
    request["provider"] = _inside("provider")
    request["insurance"] = [{"focal": True, "coverage": _inside("coverage")}]
    if packing is Packing.BUNDLE:
        return to_bytes(_bundle(question, request, people))
    head = {"resourceType": request.pop("resourceType")}
    contained = {**head, "contained": list(people.values()), **request}
    if packing is Packing.RESOURCE:
        return to_bytes(contained)
    return to_bytes({"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": contained}]})


def _inside(id: str) -> Resource:
    return {"reference": f"#{id}"}


def _people(question: Question) -> dict[str, Resource]:
    """Everybody the question names, by the id inside it."""
    patient = question.dependent or question.subscriber
    people = {"patient": _patient("patient", patient)}
    if question.dependent is not None:
        people["subscriber"] = _patient("subscriber", question.subscriber)
    insurer: Resource = {"resourceType": "Organization", "id": "insurer", "active": True}
    insurer["identifier"] = [{"value": question.payer_id}]
    if question.payer_name.strip():
        insurer["name"] = question.payer_name.strip()
    people["insurer"] = insurer
    people["provider"] = _provider(question)
    people["coverage"] = _coverage(question)
    return people


def _patient(id: str, person: Person) -> Resource:
    name: Resource = {"family": person.last_name}
    if given := [part for part in (person.first_name, person.middle_name) if part]:
        name["given"] = given
    if person.suffix:
        name["suffix"] = [person.suffix]
    patient: Resource = {"resourceType": "Patient", "id": id, "name": [name]}
    if person.gender in _GENDERS:
        patient["gender"] = _GENDERS[person.gender]
    if person.birth_date is not None:
        patient["birthDate"] = person.birth_date.isoformat()
    return patient


def _provider(question: Question) -> Resource:
    asker = question.asker
    npi = [{"system": names.NPI, "value": asker.npi}]
    if not asker.first_name:
        return {
            "resourceType": "Organization", "id": "provider", "identifier": npi, "active": True, "name": asker.name,
        }  # fmt: skip
    name = {"family": asker.name, "given": [asker.first_name]}
    return {"resourceType": "Practitioner", "id": "provider", "identifier": npi, "active": True, "name": [name]}


def _coverage(question: Question) -> Resource:
    subscriber = "patient" if question.dependent is None else "subscriber"
    coverage: Resource = {
        "resourceType": "Coverage",
        "id": "coverage",
        "identifier": [{"type": _MEMBER_NUMBER, "value": question.member_id}],
        "status": "active",
        "subscriber": _inside(subscriber),
        "subscriberId": question.member_id,
        "beneficiary": _inside("patient"),
        "payor": [_inside("insurer")],
    }
    if question.relationship:
        coding = {"system": _RELATIONSHIP, "code": question.relationship}
        coverage["relationship"] = {"coding": [coding]}
    if question.group_number:
        coding = {"system": _CLASS, "code": "group"}
        coverage["class"] = [{"type": {"coding": [coding]}, "value": question.group_number}]
    return coverage


def _bundle(question: Question, request: Resource, people: Mapping[str, Resource]) -> Resource:
    """References by urn:uuid, which are a function of the question's key, so that two tries are alike."""
    urls = {f"#{id}": full_url(str(one["resourceType"]), f"{question.key}/{id}") for id, one in people.items()}
    entries = [(full_url("CoverageEligibilityRequest", question.key), request)]
    entries += [(urls[f"#{id}"], {name: value for name, value in one.items() if name != "id"})
                for id, one in people.items()]  # fmt: skip
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": url, "resource": _pointed(one, urls)} for url, one in entries],
    }


def _pointed(node: object, urls: Mapping[str, str]) -> object:
    """The same with references inside turned into those urls."""
    if isinstance(node, list):
        return [_pointed(entry, urls) for entry in node]
    if isinstance(node, Mapping):
        pointed = {name: _pointed(value, urls) for name, value in node.items()}
        reference = node.get("reference")
        return (
            {**pointed, "reference": urls[reference]} if isinstance(reference, str) and reference in urls else pointed
        )
    return node


# --- what comes back --------------------------------------------------------------------------------------------------


def parsed(body: bytes) -> JsonObject | None:
    """The JSON object of a body; None where it is none."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return cast(JsonObject, found) if isinstance(found, dict) else None


def resources(node: JsonObject, depth: int = 0) -> Iterator[JsonObject]:
    """The resource itself, and those that a Bundle or Parameters carries, outermost first."""
    yield node
    if depth >= _DEEPEST:
        return
    kind = fj.text(node, "resourceType")
    for entry in fj.children(node, {"Bundle": "entry", "Parameters": "parameter"}.get(kind or "", "")):
        for inner in (fj.child(entry, "resource"), fj.child(fj.child(entry, "response"), "outcome")):
            if inner:
                yield from resources(inner, depth + 1)


def responses(node: JsonObject) -> list[JsonObject]:
    """Every CoverageEligibilityResponse in what came back."""
    return [one for one in resources(node) if fj.text(one, "resourceType") == "CoverageEligibilityResponse"]


def outcomes(node: JsonObject) -> list[JsonObject]:
    """Every OperationOutcome in it."""
    return [one for one in resources(node) if fj.text(one, "resourceType") == "OperationOutcome"]


def keys_of(response: JsonObject) -> set[str]:
    """Keys of our questions that a response names: its own identifiers, and that of the request it answers."""
    request = fj.child(fj.child(response, "request"), "identifier")
    asked = [(fj.text(request, "system") or "", fj.text(request, "value") or "")]
    return {value for system, value in (*fj.identifiers(response), *asked) if system == names.SID_QUESTION_KEY}


def asked_by(response: JsonObject) -> str:
    """ "CoverageEligibilityRequest/7", which it answers, however the reference is written."""
    reference = fj.text(fj.child(response, "request"), "reference") or ""
    return "/".join(reference.partition("/_history/")[0].split("/")[-2:])


def unfinished(response: JsonObject) -> bool:
    """Whether it says that it is still being worked on: what comes of that stands in its place or beside it."""
    return fj.text(response, "status") == "draft" or fj.text(response, "outcome") == "queued"


def pending(response: JsonObject) -> bool:
    """Whether it is no answer yet: unfinished, or a payer's "try later"."""
    return read_response(response, Date.min).kind is AnswerKind.TRY_LATER


def rank(response: JsonObject) -> tuple[bool, str, str]:
    """Which of several responses to one request counts: the newest, and a withdrawn one only where there is no
    other."""
    updated = fj.text(fj.child(response, "meta"), "lastUpdated") or ""
    return fj.text(response, "status") not in _WITHDRAWN, fj.text(response, "created") or "", updated


def patient_of(response: JsonObject, around: JsonObject) -> JsonObject:
    """The Patient that a response is about, where it came along; empty where not."""
    reference = fj.text(fj.child(response, "patient"), "reference") or ""
    if reference.startswith("#"):
        inside = fj.children(response, "contained")
        return next((one for one in inside if fj.text(one, "id") == reference[1:]), fj.NOTHING)
    for one in resources(around):
        for entry in fj.children(one, "entry"):
            if reference and fj.text(entry, "fullUrl") == reference:
                return fj.child(entry, "resource")
    return fj.NOTHING


def member_id_of(response: JsonObject) -> str | None:
    """The member id of a contained Coverage that the response refers to; None where none came along."""
    inside = {f"#{fj.text(one, 'id')}": one for one in fj.children(response, "contained")}
    for insurance in fj.children(response, "insurance"):
        coverage = inside.get(fj.text(fj.child(insurance, "coverage"), "reference") or "", fj.NOTHING)
        if member_id := fj.text(coverage, "subscriberId"):
            return member_id
    return None


def with_limits_in_words(answer: Answer) -> Answer:
    """The answer with the counts that stand only in its texts, read by the patterns that the 271 is read by."""
    return replace(answer, benefits=tuple(with_text_limits(one) for one in answer.benefits))
