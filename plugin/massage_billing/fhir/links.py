"""Which references lead from a visit, or from a coming appointment, to what it is built from: hosts follow them, and
what a visit misses is awaited.

Element names are those of FHIR R4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from massage_billing.ports import JsonObject

FOLLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "Encounter": (
        "subject",
        "participant.individual",
        "location.location",
        "serviceProvider",
        "account",
        "appointment",
        "basedOn",
        "diagnosis.condition",
        "reasonReference",
    ),
    "Procedure": ("subject", "performer.actor", "basedOn", "reasonReference", "location"),
    "Appointment": ("basedOn",),
    "ServiceRequest": ("insurance", "requester", "reasonReference"),
    "Account": ("coverage.coverage",),
    "Coverage": ("payor",),
    "PractitionerRole": ("practitioner", "organization", "extension.valueReference"),
    "Location": ("partOf",),
    "ClaimResponse": ("request",),
}
"""Elements whose references are followed, by type; everything else is left where it is. An extension of a
PractitionerRole names a payer's network (Da Vinci Plan-Net network-reference). To a ClaimResponse lead only orders: it
is a preauthorization, and its Claim says what for."""

FOLLOWED_TO: Final = frozenset(
    {
        "Patient",
        "Practitioner",
        "PractitionerRole",
        "Organization",
        "Location",
        "Account",
        "Appointment",
        "ServiceRequest",
        "Condition",
        "Coverage",
        "ClaimResponse",
        "Claim",
        "Procedure",
    }
)
"""Types that are fetched when a followed reference names them."""

AHEAD: Final[Mapping[str, tuple[str, ...]]] = {
    "Appointment": ("participant.actor", "basedOn"),
    "ServiceRequest": ("insurance", "requester"),
    "Coverage": ("payor", "subscriber", "policyHolder"),
    "ClaimResponse": ("request",),
    "PractitionerRole": ("practitioner", "organization", "extension.valueReference"),
    "OrganizationAffiliation": ("organization", "participatingOrganization", "network"),
    "Location": ("partOf", "managingOrganization"),
}
"""The same of a coming appointment."""

AHEAD_TO: Final = frozenset(
    {
        "Patient",
        "RelatedPerson",
        "Practitioner",
        "PractitionerRole",
        "Organization",
        "Location",
        "ServiceRequest",
        "Coverage",
        "ClaimResponse",
        "Claim",
    }
)
"""Types that are fetched when an appointment's followed reference names them."""


def values_at(resource: JsonObject, path: str) -> Iterator[JsonObject]:
    """The objects at an element path, lists opened ("performer.actor": every actor); what is no object is skipped."""
    first, _, rest = path.partition(".")
    value = resource.get(first)
    for entry in value if type(value) is list else (value,):
        if type(entry) is dict:
            if rest:
                yield from values_at(entry, rest)
            else:
                yield entry


Steps = Mapping[str, tuple[tuple[str, str], ...]]
"""Paths of one or two elements, by type."""


def steps(paths: Mapping[str, tuple[str, ...]]) -> Steps:
    """Paths in the form in which they are followed."""
    return {kind: tuple(path.partition(".")[::2] for path in listed) for kind, listed in paths.items()}


_STEPS: Final = steps(FOLLOWED)


def followed(resource: JsonObject, paths: Steps = _STEPS) -> list[JsonObject]:
    """The references of a resource that are followed, as they stand. (``values_at`` for each path, unrolled: this is
    done for every resource that is read.)"""
    found: list[JsonObject] = []
    for first, second in paths.get(str(resource.get("resourceType")), ()):
        value = resource.get(first)
        for entry in value if type(value) is list else (value,):
            inner = entry.get(second) if second and type(entry) is dict else entry
            if type(inner) is dict:
                found.append(inner)
            elif type(inner) is list:
                found.extend(one for one in inner if type(one) is dict)
    return found
