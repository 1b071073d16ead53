"""The port to a host's calendar: coming appointments with what asking and judging rest on. A Host may have it too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from typing import Protocol, runtime_checkable

from massage_billing.ports.host import JsonObject


@dataclass(frozen=True, slots=True)
class AppointmentRecord:
    """The FHIR resources one appointment is judged by, as the host sent them."""

    appointment: str
    """Logical id of the Appointment."""
    resources: Mapping[str, JsonObject]
    """By "Type/id": the Appointment; the Patient with Coverages and what their payor and subscriber name, Consents,
    ServiceRequests, preauthorization Claims and their ClaimResponses, CoverageEligibilityResponses of the last year;
    the Practitioners with PractitionerRoles; Locations, Organizations, OrganizationAffiliations."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Other names by which references may point: fullUrl → "Type/id"."""
    unreadable: tuple[tuple[str, str], ...] = ()
    """(where, what) of resources that could not be read."""


@runtime_checkable
class Schedule(Protocol):
    """What a host with a calendar can be asked beside ``Host``. Raises HostError."""

    def appointments(self, first: Date, last: Date) -> Iterator[AppointmentRecord]:
        """Appointments that start on these days, both included, cancelled ones left out; days at the sites' zones
        may reach a day further, the caller looks at each date itself. Complete; memory is that of a page."""
        ...

    def appointments_by_id(self, ids: Sequence[str]) -> Iterator[AppointmentRecord]:
        """These appointments, whatever their status; one that is gone is left out."""
        ...

    def seen_before(self, patients: Sequence[str], day: Date) -> set[str] | None:
        """Which of these patients ("Patient/3") had a visit (Encounter) before a day; None where it cannot tell."""
        ...

    def eligibility_responses(self, requests: Sequence[str]) -> Iterator[JsonObject]:
        """CoverageEligibilityResponses that refer to these requests ("CoverageEligibilityRequest/7")."""
        ...
