"""Which resources make up a visit or a coming appointment, and by which element each is tied to it. Data, for every
host that is searched.

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
    only: tuple[str, str] | None = None
    """(search parameter and element, code): the only ones that are wanted."""
    picked: bool = False
    """Searched by ``only``, and only where a server can: there would be too many others. Where there are few, they are
    left out here: HAPI takes seconds for some pairs of parameters."""
    since: str = ""
    """First day of ``created`` ("2026-01-31") that is wanted; "": any."""

    def wants(self, resource: JsonObject) -> bool:
        """Whether a resource is one that is wanted; for what a server gives beyond."""
        if self.only is not None and resource.get(self.only[0]) != self.only[1]:
            return False
        created = resource.get("created")
        return not self.since or not isinstance(created, str) or created >= self.since[: len(created)]


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
    Link("Claim", "patient", "Patient", "patient", only=("use", "preauthorization"), picked=True),
    Link("ClaimResponse", "patient", "Patient", "patient", only=("use", "preauthorization"), picked=True),
)
"""What is the patient's, whichever visit it is."""

AHEAD_BY_PATIENT: Final = (
    *BY_PATIENT,
    Link("ServiceRequest", "patient", "Patient", "subject", only=("status", "active")),
    Link("CoverageEligibilityResponse", "patient", "Patient", "patient"),
)
"""What is the patient's, before a visit."""

BY_PRACTITIONER: Final = Link("PractitionerRole", "practitioner", "Practitioner", "practitioner")
"""Taxonomies of a therapist."""

BY_ORGANIZATION: Final = Link(
    "OrganizationAffiliation", "participating-organization", "Organization", "participatingOrganization"
)
"""Whose networks an organization takes part in."""

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
    "CoverageEligibilityResponse": ("patient",),
}
_KEY_SYSTEMS: Final[Mapping[str, tuple[str, ...]]] = {
    "Task": (names.SID_CLAIM_KEY, names.SID_APPOINTMENT_KEY, names.SID_OUTLOOK_KEY),
    "CoverageEligibilityRequest": (names.SID_QUESTION_KEY,),
    "CoverageEligibilityResponse": (names.SID_QUESTION_KEY,),
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


def key_systems(type: str) -> tuple[str, ...]:
    """Identifier systems (of a Provenance: tag systems) by which this program finds what it wrote of a type."""
    return _KEY_SYSTEMS.get(type, (names.SID_CLAIM_KEY, names.SID_VISIT_KEY))


def is_ours(resource: JsonObject) -> bool:
    """Whether this program wrote a Claim or Task: it carries our key."""
    return any(system == names.SID_CLAIM_KEY for system, _ in identifiers(resource))
