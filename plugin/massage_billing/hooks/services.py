"""The CDS services there are, as discovery tells of them (CDS Hooks 2.0, "Discovery").

Prefetch is asked for only where it saves a look-up that is made: the least that is necessary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Service:
    """One CDS service."""

    id: str
    """Last part of its address."""
    hook: str
    """The hook it answers."""
    title: str
    """Its name."""
    description: str
    """What it does."""
    usage: str
    """What it needs to be of use."""
    prefetch: Mapping[str, str] = field(default_factory=dict)
    """Key → template of what may be looked up for it beforehand."""

    def shown(self) -> dict[str, object]:
        """As discovery tells it."""
        told: dict[str, object] = {
            "hook": self.hook,
            "title": self.title,
            "description": self.description,
            "id": self.id,
            "usageRequirements": self.usage,
        }
        return {**told, "prefetch": dict(self.prefetch)} if self.prefetch else told


BOOK: Final = Service(
    id="appointment-book",
    hook="appointment-book",
    title="Before a massage visit: coverage, visits left, authorization, credentials",
    description="Tells what has to be settled before an appointment so that its visit can be billed: whether the"
    " coverage is in force, how many visits are left and what limits them, which authorization is missing or ends, and"
    " whether the therapist is enrolled with the payer. Asks no payer; shows what the clinic's own questions brought.",
    usage="For users at the clinic (Practitioner, PractitionerRole). Reads the FHIR server that the clinic configured.",
    prefetch={
        "patient": "Patient/{{context.patientId}}",
        "coverages": "Coverage?beneficiary={{context.patientId}}",
        "orders": "ServiceRequest?patient={{context.patientId}}&status=active",
        "answers": "CoverageEligibilityResponse?patient={{context.patientId}}",
        "appointments": "Appointment?patient={{context.patientId}}",
    },
)
DISCHARGE: Final = Service(
    id="encounter-discharge",
    hook="encounter-discharge",
    title="At the end of a massage visit: what the claim would lack",
    description="Tells what would hold or change the claim of a visit that ends: minutes that are not documented, a"
    " diagnosis that is missing or not valid, pairs of services of which one is not paid, papers the payer wants.",
    usage="For users at the clinic (Practitioner, PractitionerRole). Reads the FHIR server that the clinic configured.",
)
SERVICES: Final = {service.id: service for service in (BOOK, DISCHARGE)}
"""By id."""


def discovery() -> dict[str, object]:
    """The answer to GET /cds-services."""
    return {"services": [service.shown() for service in SERVICES.values()]}
