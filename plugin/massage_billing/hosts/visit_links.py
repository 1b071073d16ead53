"""Which resources make up a visit, and by which element each is tied to it. Data, for every host that is searched.

Element names and search parameters are those of FHIR R4 (http://hl7.org/fhir/R4/searchparameter-registry.html).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from massage_billing.fhir import names
from massage_billing.fhir.json import identifiers
from massage_billing.fhir.links import values_at
from massage_billing.fhir.references import split
from massage_billing.ports import JsonObject


@dataclass(frozen=True, slots=True)
class Link:
    """A type that points at something the visit has: found by searching it backwards."""

    type: str
    """The type searched for."""
    parameter: str
    """Its search parameter."""
    target: str
    """Type that it points at."""
    element: str
    """The element that points, "item.encounter"."""
    patient: str = ""
    """Search parameter for the patient, where a server does not offer the other."""


BY_ENCOUNTER: Final = (
    Link("Procedure", "encounter", "Encounter", "encounter", "patient"),
    Link("Condition", "encounter", "Encounter", "encounter", "patient"),
    Link("Claim", "encounter", "Encounter", "item.encounter", "patient"),
    Link("Task", "focus", "Encounter", "focus", "patient"),
)
"""What names its Encounter."""

BY_PROCEDURE: Final = Link("Observation", "part-of", "Procedure", "partOf", "patient")
"""Measured minutes, where the clinic keeps them in Observations."""

BY_PATIENT: Final = (
    Link("Coverage", "beneficiary", "Patient", "beneficiary"),
    Link("Consent", "patient", "Patient", "patient"),
)
"""What is the patient's, whichever visit it is."""

BY_PRACTITIONER: Final = Link("PractitionerRole", "practitioner", "Practitioner", "practitioner")
"""Taxonomies of a therapist."""

SHARED: Final = frozenset({"Practitioner", "PractitionerRole", "Organization", "Location"})
"""Types that many visits share: kept for a whole pass."""

WATCHED: Final = (
    "Encounter",
    "Procedure",
    "Condition",
    "Observation",
    "ServiceRequest",
    "Coverage",
    "Account",
    "Consent",
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "Organization",
    "Location",
    "Appointment",
    "Claim",
    "Task",
    "ClaimResponse",
    "ExplanationOfBenefit",
)
"""Types asked for changes, in this order (DESIGN 4)."""

_PATIENT_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "Coverage": ("beneficiary",),
    "Appointment": ("participant.actor",),
    "Task": ("for",),
    "Consent": ("patient",),
    "Claim": ("patient",),
    "ClaimResponse": ("patient",),
    "ExplanationOfBenefit": ("patient",),
}
_ENCOUNTERS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "Claim": ("item.encounter",),
    "ExplanationOfBenefit": ("item.encounter",),
    "Task": ("focus", "encounter"),
}


def ids_at(resource: JsonObject, path: str, type: str) -> Iterator[str]:
    """Logical ids of the resources of one type that the references at a path name, on whatever base."""
    for reference in values_at(resource, path):
        literal = reference.get("reference")
        found = split(literal) if isinstance(literal, str) else None
        if found is not None and found[0] == type:
            yield found[1]


def patient_of(resource: JsonObject) -> str | None:
    """ "Patient/3" that a resource is about; of a Patient, itself."""
    kind = str(resource.get("resourceType"))
    if kind == "Patient":
        return f"Patient/{resource.get('id')}"
    paths = _PATIENT_OF.get(kind, ("subject", "patient"))
    return next((f"Patient/{found}" for path in paths for found in ids_at(resource, path, "Patient")), None)


def encounters_of(resource: JsonObject) -> tuple[str, ...]:
    """Ids of the Encounters a resource names, each once; of an Encounter, its own."""
    kind = str(resource.get("resourceType"))
    if kind == "Encounter":
        return (str(resource.get("id")),)
    paths = _ENCOUNTERS_OF.get(kind, ("encounter",))
    return tuple(dict.fromkeys(found for path in paths for found in ids_at(resource, path, "Encounter")))


def is_ours(resource: JsonObject) -> bool:
    """Whether this program wrote a Claim or Task: it carries our key."""
    return any(system == names.SID_CLAIM_KEY for system, _ in identifiers(resource))
