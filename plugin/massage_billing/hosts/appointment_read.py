"""Putting coming appointments together from a host that is searched: a page of Appointments, then all that asking a
payer and judging rest on.

As with visits (``fhir_read``), everything is asked for a whole page at once: requests grow with pages, not with
appointments. What is not listed by a host is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date as Date
from datetime import timedelta
from typing import ClassVar, Final

from massage_billing.fhir.json import text
from massage_billing.fhir.links import AHEAD, AHEAD_TO, Steps, steps
from massage_billing.hosts.fhir_gather import Gatherer, Page, Source
from massage_billing.hosts.visit_links import AHEAD_BY_PATIENT, BY_ORGANIZATION, ids_at
from massage_billing.ports import AppointmentRecord, JsonObject

NOT_COMING: Final = frozenset({"cancelled", "noshow", "entered-in-error"})
"""Appointment.status of what will not take place."""
MARGIN: Final = timedelta(days=1)
"""How far the day at a site may be from the day of the host's clock."""
ANSWERS_KEPT: Final = timedelta(days=366)
"""How old an eligibility answer of the host may be to be read."""


class AppointmentReader(Gatherer):
    """Reads appointments of one pass; make a new one for each pass."""

    steps: ClassVar[Steps] = steps(AHEAD)
    to: ClassVar[frozenset[str]] = AHEAD_TO

    def __init__(self, source: Source, *, first: Date, kept: int = 5000) -> None:
        super().__init__(source, kept=kept)
        since = (first - ANSWERS_KEPT).isoformat()
        self.of_patients = [
            replace(link, since=since) if link.type == "CoverageEligibilityResponse" else link
            for link in AHEAD_BY_PATIENT
        ]
        self._affiliations: dict[str, list[JsonObject]] = {}

    def read(self, appointments: Sequence[JsonObject]) -> list[AppointmentRecord]:
        """These Appointments with all that belongs to them, in order."""
        page = Page()
        wanted = [key for one in appointments if (key := self._add(page, one, "Appointment"))]
        self._forwards(page)
        owners: dict[str, list[str]] = {}
        for key in dict.fromkeys(wanted):
            for patient in patients_in(page.pool[key]):
                owners.setdefault(patient, []).append(key)
        self._of_patients(page, owners)
        self._forwards(page)
        self._roles_of(page)
        self._forwards(page)
        self._affiliations_of(page)
        self._forwards(page)
        return [self._record(page, key) for key in dict.fromkeys(wanted)]

    def _affiliations_of(self, page: Page) -> None:
        """Networks that the organizations of sites and therapists take part in; looked up once a pass."""
        if not self._source.reads(BY_ORGANIZATION.type):
            return
        named = [
            found
            for key, resource in page.pool.items()
            for kind, element in _OF_ORGANIZATION
            if key.startswith(f"{kind}/")
            for found in ids_at(resource, element, "Organization")
        ]
        here = list(dict.fromkeys(named))
        missing = [one for one in here if one not in self._affiliations]
        if missing:
            self._affiliations.update({one: [] for one in missing})
            for resource in self._source.linked(BY_ORGANIZATION, missing, []):
                for one in ids_at(resource, BY_ORGANIZATION.element, "Organization"):
                    if one in missing:
                        self._affiliations[one].append(resource)
        for one in here:
            for resource in self._affiliations[one]:
                if key := self._add(page, resource, BY_ORGANIZATION.type):
                    page.linked.setdefault(f"Organization/{one}", []).append(key)

    def _record(self, page: Page, key: str) -> AppointmentRecord:
        resources = self._reached(page, key)
        return AppointmentRecord(
            appointment=key.partition("/")[2],
            resources=resources,
            aliases=self._aliases(resources),
            unreadable=tuple(page.odd.get(key, ())),
        )


_OF_ORGANIZATION: Final = (("Location", "managingOrganization"), ("PractitionerRole", "organization"))
"""Where the clinic's own organizations are named."""


def patients_in(appointment: JsonObject) -> list[str]:
    """Ids of the patients that an Appointment names, each once."""
    return list(dict.fromkeys(ids_at(appointment, "participant.actor", "Patient")))


def is_coming(appointment: JsonObject, first: Date, last: Date) -> bool:
    """Whether an Appointment may start on one of these days at its site, and is not cancelled.

    A day further on both sides is let in: the zone of the site is not known here.
    """
    if text(appointment, "status") in NOT_COMING:
        return False
    day = day_of(appointment)
    return day is not None and first - MARGIN <= day <= last + MARGIN


def day_of(appointment: JsonObject) -> Date | None:
    """The day an Appointment is written under; None where it has none."""
    try:
        return Date.fromisoformat((text(appointment, "start") or "")[:10])
    except ValueError:
        return None
