"""What the folder index must know of a resource to bring it to its visit: whose it is, and which visits it names.

Every resource belongs to one *group*: nearly always the patient it is about ("Patient/3"); a shared resource is a group
of its own, with the roles of a Practitioner in the Practitioner's group and the networks of an Organization in its own;
an answer belongs to its Claim's. A resource whose group cannot be told from itself (no patient, or one named by
identifier only) is *odd* and placed later, by the Encounter it names or the resource its identifier finds.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import unquote

from massage_billing.fhir.json import child, children, identifiers, text
from massage_billing.fhir.names import SID_CLAIM_KEY
from massage_billing.fhir.references import split
from massage_billing.ports import JsonObject

SHARED: Final = frozenset(
    {
        "Practitioner",
        "PractitionerRole",
        "Organization",
        "OrganizationAffiliation",
        "Location",
        "HealthcareService",
        "Group",
        "CareTeam",
    }
)
"""Types that visits of many patients point to."""

OWNER: Final = {
    "Patient": "",
    "Encounter": "subject",
    "Procedure": "subject",
    "Condition": "subject",
    "Observation": "subject",
    "Coverage": "beneficiary",
    "Account": "subject",
    "ServiceRequest": "subject",
    "Appointment": "participant",
    "Consent": "patient",
    "Claim": "patient",
    "RelatedPerson": "patient",
    "Task": "for",
    "CoverageEligibilityResponse": "patient",
}
"""Element that names the patient, by type."""

_WITH: Final = {
    "PractitionerRole": ("practitioner", "Practitioner"),
    "OrganizationAffiliation": ("participatingOrganization", "Organization"),
}
"""Shared types that stand in another's group: element that names it, and its type."""

ANSWERS: Final = {"ClaimResponse": "request", "ExplanationOfBenefit": "claim"}
"""Element that names the Claim, by type of answer."""

ANSWERS_TO: Final = "request|"
"""Beginning of the token by which an eligibility answer is found by its question; no identifier has such a system."""

WHOLE_PATIENT: Final = frozenset({"Patient", "Coverage", "Account", "Consent", "RelatedPerson"})
"""Types that matter to every visit of their patient, whether the visit names them or not."""

READABLE: Final = frozenset(OWNER) | SHARED | frozenset(ANSWERS)
"""Everything that is looked at; other types of an export are passed over."""

_BY_LITERAL: Final = frozenset({"Procedure", "Condition"})
"""Types whose identifiers are not indexed: there are many, and one that a reference means by identifier is looked for
among the patient's own."""

_ID: Final = re.compile(r"[A-Za-z0-9\-._]{1,128}")


class Place(NamedTuple):
    """Where a resource belongs."""

    key: str
    """"Procedure/9"."""
    groups: tuple[str, ...]
    """Its groups, "Patient/3"; empty for an odd one."""
    links: str
    """Ids of the Encounters it names, joined by ","; for an Encounter "@" and its last day ("@2026-03-01" or "@")."""
    tokens: tuple[str, ...]
    """Its identifiers as "system|value"."""


class Unusable(Exception):
    """The resource cannot be indexed; says why, without its content."""


def place(resource: dict[str, object]) -> Place | None:
    """Where a resource belongs; None where no visit needs its type. Raises Unusable."""
    kind = resource.get("resourceType")
    if type(kind) is not str:
        raise Unusable("is no FHIR resource: it has no resourceType")
    owner = OWNER.get(kind)
    if owner is None:
        return _place_other(kind, resource)
    logical_id = _id(resource)
    key = f"{kind}/{logical_id}"
    tokens = tokens_of(resource) if "identifier" in resource and kind not in _BY_LITERAL else ()
    if kind == "Patient":
        return Place(key, (key,), "", tokens)
    if kind == "CoverageEligibilityResponse":
        request = local_key(child(resource, "request"), "CoverageEligibilityRequest")
        return Place(key, _groups(resource, owner), "", (*tokens, *([f"{ANSWERS_TO}{request}"] if request else ())))
    if kind == "Encounter":
        return Place(key, _groups(resource, owner), _last_day(resource), tokens)
    if kind == "Observation" and "partOf" not in resource and "basedOn" not in resource:
        return None  # only an Observation of a Procedure or its order can be minutes (DESIGN 1)
    return Place(key, _groups(resource, owner), _links(kind, resource), tokens)


def _place_other(kind: str, resource: dict[str, object]) -> Place | None:
    if kind in SHARED:
        key = f"{kind}/{_id(resource)}"
        group = key
        if kind in _WITH:
            element, whose = _WITH[kind]
            group = local_key(child(resource, element), whose) or key
        return Place(key, (group,), "", tokens_of(resource))
    if kind in ANSWERS:
        request = child(resource, ANSWERS[kind])
        claim = local_key(request, "Claim") or claim_by_key(request)
        return Place(f"{kind}/{_id(resource)}", (claim,) if claim else (), "", ())
    return None


def _id(resource: dict[str, object]) -> str:
    logical_id = resource.get("id")
    if type(logical_id) is not str:
        raise Unusable(f"{_kind(resource)} has no id")
    if _ID.fullmatch(logical_id) is None:
        raise Unusable(f"{_kind(resource)} has an id that is not a FHIR id")
    return logical_id


def _kind(resource: dict[str, object]) -> str:
    kind = resource.get("resourceType")
    return kind if type(kind) is str and kind in READABLE else "resource"


def tokens_of(resource: JsonObject) -> tuple[str, ...]:
    """The identifiers of a resource as "system|value", fit to be looked for."""
    if type(resource.get("identifier")) is not list:
        return ()
    pairs = (f"{system}|{value}" for system, value in identifiers(resource))
    return tuple(pair for pair in pairs if pair.isprintable())


def local_key(reference: JsonObject, kind: str) -> str | None:
    """Key of the resource of this type a literal Reference points to; None where it does not say so itself.

    A "urn:uuid:x" that no Bundle explained is taken for the resource with id x.
    """
    literal = reference.get("reference")
    if type(literal) is not str:
        return None
    if literal.startswith(kind) and literal.find("/", len(kind) + 1) < 0 and literal[len(kind) : len(kind) + 1] == "/":
        return literal if _ID.fullmatch(literal, len(kind) + 1) else None
    parts = split(literal)
    if parts is not None:
        return f"{kind}/{parts[1]}" if parts[0] == kind else None
    if literal.startswith(("urn:uuid:", "urn:oid:")):
        logical_id = literal.rpartition(":")[2]
        return f"{kind}/{logical_id}" if _ID.fullmatch(logical_id) else None
    return None


def token_of(reference: JsonObject) -> tuple[str, str] | None:
    """(type or "", "system|value") of a Reference by identifier: a logical one, or a search as transactions use it."""
    literal = text(reference, "reference")
    if literal is not None:
        kind, found, token = literal.partition("?identifier=")
        return (kind, unquote(token)) if found and token.isprintable() else None
    identifier = child(reference, "identifier")
    value = text(identifier, "value")
    token = f"{text(identifier, 'system') or ''}|{value}"
    return (text(reference, "type") or "", token) if value and token.isprintable() else None


def claim_by_key(reference: JsonObject) -> str | None:
    """The Claim of ours that a Reference names by claim key: in a folder its id is its key."""
    found = token_of(reference)
    if found is None:
        return None
    system, _, value = found[1].partition("|")
    return f"Claim/{value}" if system == SID_CLAIM_KEY else None


def owners(resource: JsonObject, element: str) -> list[JsonObject]:
    """The References that may name the patient."""
    value = resource.get(element)
    if type(value) is dict:
        return [value]
    if element == "participant":
        return [child(entry, "actor") for entry in children(resource, element)]
    return children(resource, element)


def _groups(resource: dict[str, object], element: str) -> tuple[str, ...]:
    subject = resource.get(element)
    if type(subject) is dict:  # nearly always; and nearly always written "Patient/3"
        literal = subject.get("reference")
        if type(literal) is str and literal.startswith("Patient/") and _ID.fullmatch(literal, 8):
            return (literal,)
    found = []
    for reference in owners(resource, element):
        key = local_key(reference, "Patient") or local_key(reference, "Group")
        if key is not None and key not in found:
            found.append(key)
    return tuple(found)


def _last_day(resource: JsonObject) -> str:
    """An "@" and the day an Encounter ended, else started, as written; "@" where no whole date is there."""
    period = child(resource, "period")
    moment = text(period, "end") or text(period, "start") or ""
    return f"@{moment[:10]}" if len(moment) >= 10 and moment[:10].isprintable() else "@"


def _links(kind: str, resource: dict[str, object]) -> str:
    """Ids of the Encounters this resource names."""
    encounter = resource.get("encounter")
    if type(encounter) is dict:
        literal = encounter.get("reference")
        if type(literal) is str and literal.startswith("Encounter/") and _ID.fullmatch(literal, 10):
            return literal[10:]
    references = [encounter] if type(encounter) is dict else children(resource, "encounter")
    if kind == "Claim":
        references = [one for item in children(resource, "item") for one in children(item, "encounter")]
    elif kind == "Task":
        references = [*references, child(resource, "focus")]
    keys = (local_key(reference, "Encounter") for reference in references)
    return ",".join(dict.fromkeys(key[10:] for key in keys if key))


def encounter_tokens(resource: JsonObject) -> list[str]:
    """Identifiers ("system|value") by which an odd resource names its Encounter."""
    found = (token_of(child(resource, name)) for name in ("encounter", "focus"))
    return [token for kind, token in filter(None, found) if kind in ("", "Encounter")]


def part_of(resource: JsonObject) -> list[str]:
    """Keys of the Procedures and orders a resource is part of or based on."""
    references = [*children(resource, "partOf"), *children(resource, "basedOn")]
    keys = (split(text(reference, "reference") or "") for reference in references)
    return [f"{kind}/{logical_id}" for kind, logical_id in filter(None, keys)]


# --- damaged --------------------------------------------------------------------------------------------------------

_TYPE = re.compile(rb'"resourceType"\s*:\s*"([A-Za-z]{1,64})"')
_LOGICAL_ID = re.compile(rb'"id"\s*:\s*"([A-Za-z0-9\-._]{1,128})"')
_ENCOUNTER = re.compile(rb'"reference"\s*:\s*"(?:https?:[^"\\]*/)?Encounter\\?/([A-Za-z0-9\-._]{1,128})"')
_PATIENT = re.compile(rb'"reference"\s*:\s*"(?:https?:[^"\\]*/)?Patient\\?/([A-Za-z0-9\-._]{1,128})"')


def salvage(raw: bytes) -> Place | None:
    """Whose a damaged resource was, as far as its bytes still show; None where they show no visit and no patient.

    A damaged Procedure that shows only its patient is not tied to any visit: which one it was cannot be known.
    """
    found = _TYPE.search(raw)
    kind = found[1].decode() if found else ""
    named = _LOGICAL_ID.search(raw)
    key = f"{kind}/{named[1].decode()}" if kind and named else ""
    patient = _PATIENT.search(raw)
    groups = (f"Patient/{patient[1].decode()}",) if patient else ()
    if kind == "Encounter":
        return Place(key, groups or (key,), "@", ()) if key else None
    links = ",".join(dict.fromkeys(one.decode() for one in _ENCOUNTER.findall(raw)))
    if links:
        return Place(key, (), links, ())
    if kind == "Patient" and key:
        return Place(key, (key,), "", ())
    if kind in SHARED and key:
        return Place(key, (key,), "", ())
    return Place(key, groups, "", ()) if kind in WHOLE_PATIENT and groups else None
