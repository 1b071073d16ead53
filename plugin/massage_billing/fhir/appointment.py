"""A coming appointment, read from its FHIR record.

``read_appointment`` is pure and never raises for what a host sent: what is missing, contradictory or of the wrong type
becomes a ``Problem``, named by rule, resource and element, never by a value. Where the same is asked as of a visit
(coverages, papers, a wish that no plan be told), the same code answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date as Date
from typing import Final

from massage_billing.fhir.answered import answers_on_record
from massage_billing.fhir.codes import read_code
from massage_billing.fhir.coverages import Links, read_coverages, read_restriction
from massage_billing.fhir.credentials import read_credentials
from massage_billing.fhir.holders import read_holders
from massage_billing.fhir.json import NOTHING, Faults, child, children, text
from massage_billing.fhir.papers import Reader as Papers
from massage_billing.fhir.payer_keys import PayerKeys
from massage_billing.fhir.people import People, read_referral
from massage_billing.fhir.persons import read_subject, shown_name
from massage_billing.fhir.record import READABLE, Record
from massage_billing.fhir.sites import Site
from massage_billing.fhir.used import version_of
from massage_billing.fhir.visit import LIVE_ORDER, Shared
from massage_billing.model import Appointment, Credential, Payer, Person, Problem, Reading, Therapist
from massage_billing.ports import AppointmentRecord, JsonObject

_THERE: Final = frozenset({None, "accepted", "tentative"})
"""Appointment.participant.status of who comes; R4 asks for it, and a host that leaves it out says nothing against."""
_PLANNED: Final = ("serviceType", "serviceCategory", "reasonCode")
"""Where an Appointment says what is planned, the most exact first."""
_DEPTH: Final = 8
"""How many Locations up the organization of a site is looked for."""


def read_appointment(
    record: AppointmentRecord, reading: Reading, payers: Sequence[Payer] = (), shared: Shared | None = None
) -> Appointment:
    """Make one frozen appointment of what a host sent.

    ``payers``: payers.yaml, by which enrolments, authorizations and the host's own answers are known as a payer's.
    ``shared``: that of a whole run, for speed alone. ``record`` may hold more than this appointment; what belongs to it
    is told by references.
    """
    where = f"Appointment/{record.appointment}"
    reader = Record(record)
    appointment = reader.resources.get(where)
    if appointment is None:
        if where not in record.resources:
            reader.fail(READABLE, f"{where} is not among what the host gave.", about=where)
        problems = (*reader.problems, *reader.unreadable())
        return Appointment(reading.host, record.appointment, "unknown", None, None, problems=problems)
    return _Reader(reader, reading, where, appointment, payers, shared or Shared(payers)).read(record.aliases)


class _Reader:
    """Reads one appointment; a method a question."""

    def __init__(
        self,
        record: Record,
        reading: Reading,
        where: str,
        appointment: JsonObject,
        payers: Sequence[Payer],
        shared: Shared,
    ) -> None:
        self.record, self.reading, self.where, self.appointment = record, reading, where, appointment
        self.payers, self.shared = payers, shared
        self.known = shared.payers or PayerKeys(payers)
        self.faults = record.faults(where)
        self.people = People(record, shared.people, shared.roles, self.known)
        self.site = Site(self._first("Location"), record, shared.sites)
        self.clock = self.site.clock(reading)

    def read(self, aliases: Mapping[str, str]) -> Appointment:
        """Ask everything and put it together; the problems last, when all have been met."""
        patient = self._patient()
        start = self.clock.when(self.appointment, "start", self.faults)
        therapists = self._therapists()
        orders = self._orders(patient)
        person = self._person(patient, start.day)
        links = Links(self.record, NOTHING, self.where, orders, patient)
        coverages = () if patient is None else read_coverages(self.record, patient, links, self.shared.coverages)
        papers = Papers(self.record, self.people, self.clock, self.reading.code_map, self.known)
        organization = self._organization()
        if start.day is None:
            self.record.lack("date-of-service", f"{self.where} does not say on which day it starts.", about=self.where)
        return Appointment(
            host=self.reading.host,
            id=self.where.partition("/")[2],
            status=text(self.appointment, "status", self.faults) or "unknown",
            patient=patient,
            date=start.day,
            start=start.time,
            end=self.clock.when(self.appointment, "end", self.faults).time,
            therapists=tuple(therapists.values()),
            therapist_names=tuple(self._names(therapists)),
            site=self.site.key,
            organization=organization,
            codes=self._codes(orders),
            person=person,
            coverages=coverages,
            holders=read_holders(self.record, coverages, person, start.day),
            referral=read_referral(orders[0], self.record, self.people) if orders else None,
            papers=papers.papers(patient, orders),
            restricted=self._restricted(patient, start.day),
            answered_by_host=answers_on_record(self.record, patient, coverages, start.day, self.known),
            changed=version_of(self.appointment),
            credentials=self._credentials(therapists, aliases),
            state=self.site.state,
            problems=self._problems(),
        )

    def _problems(self) -> tuple[Problem, ...]:
        if self.clock.zone is None and not self.clock.as_written:
            self.record.lack("zone-known", f"No zone is set for {self.site.key or 'the clinic'}: dates are as written.")
        return (*self.record.problems, *self.record.unreadable())

    # --- who and where ------------------------------------------------------------------------------------------------

    def _actors(self) -> Iterator[tuple[str, JsonObject, str | None]]:
        """(key, reference, status) of every participant that is known."""
        for participant in children(self.appointment, "participant", self.faults):
            actor = child(participant, "actor", self.faults)
            status = text(participant, "status", self.faults)
            key = self.record.resolver.key(actor, self.appointment, self.faults)
            yield key or "", actor, status

    def _first(self, kind: str) -> str | None:
        """The first participant of a type that did not decline, and is no contained resource."""
        for key, _, status in self._actors():
            if key.startswith(f"{kind}/") and "#" not in key and status != "declined":
                return key
        return None

    def _patient(self) -> str | None:
        """The patient; several are a group session, and then none is."""
        named = {key for key, _, status in self._actors() if key.startswith("Patient/") and status != "declined"}
        if len(named) == 1:
            return named.pop()
        if named:
            detail = f"{self.where} is of several patients."
            self.record.fail("one-to-one", detail, about=self.where, key="several-patients")
        else:
            self.record.lack("patient-named", f"{self.where} names no patient of the host.", about=self.where)
        return None

    def _therapists(self) -> dict[str, Therapist]:
        """Who will treat: people among the participants who accepted, or will perhaps come."""
        found: dict[str, Therapist] = {}
        for key, actor, status in self._actors():
            if status in _THERE and not key.startswith(("Patient/", "RelatedPerson/", "Location/")):
                person = self.people.named(actor, self.appointment, self.faults)
                if person is not None:
                    found.setdefault(person.id, person)
        return found

    def _names(self, therapists: Mapping[str, Therapist]) -> Iterator[str]:
        for key in therapists:
            resource = self.record.resources.get(key)
            yield "" if resource is None else shown_name(resource, Faults(key, resource))

    def _organization(self) -> str | None:
        """Whom the site belongs to: Location.managingOrganization, of it or of one it is part of."""
        key = self.site.key
        for _ in range(_DEPTH):
            resource = self.record.resources.get(key or "")
            if resource is None:
                return None
            managed = self.record.resolver.key(child(resource, "managingOrganization"), resource)
            if managed is not None:
                return managed
            key = self.record.resolver.key(child(resource, "partOf"), resource)
        return None

    def _person(self, patient: str | None, on: Date | None) -> Person | None:
        resource = self.record.resources.get(patient or "")
        if patient is None or resource is None:
            return None
        return read_subject(patient, resource, self.record.faults(patient), on)

    def _credentials(self, therapists: Mapping[str, Therapist], aliases: Mapping[str, str]) -> tuple[Credential, ...]:
        """What the host records of the therapists' credentials, and of the clinic's."""
        kinds = ("Practitioner/", "PractitionerRole/", "OrganizationAffiliation/", "Organization/")
        resources = {key: one for key, one in self.record.resources.items() if key.startswith(kinds)}
        found = read_credentials(resources, self.payers, aliases)
        return tuple(one for one in found if one.holder in therapists or (one.holder or "").startswith("Organization/"))

    # --- what for ---------------------------------------------------------------------------------------------------

    def _orders(self, patient: str | None) -> list[str]:
        """The orders it is based on; a revoked one is none."""
        live = []
        for reference in children(self.appointment, "basedOn", self.faults):
            key = self.record.resolver.key(reference, self.appointment, self.faults)
            if key is None or not key.startswith("ServiceRequest/"):
                continue
            order = self.record.resources.get(key)
            if order is not None:
                if text(order, "status", self.record.faults(key)) not in LIVE_ORDER:
                    continue
                if patient is not None:
                    self.record.check_patient(key, order, patient)
            live.append(key)
        return list(dict.fromkeys(live))

    def _codes(self, orders: Sequence[str]) -> tuple[str, ...]:
        """What is planned: what the orders say, else the first element of the Appointment that can be read."""
        found = [
            code
            for order in orders
            if (request := self.record.resources.get(order)) is not None
            for concept in (child(request, "code"), *children(request, "orderDetail"))
            if (code := self._code(concept))
        ]
        for element in () if found else _PLANNED:
            concepts = children(self.appointment, element, self.faults)
            found = [code for concept in concepts if (code := self._code(concept))]
            if found:
                break
        return tuple(dict.fromkeys(found))

    def _code(self, concept: JsonObject) -> str | None:
        return read_code({"code": concept}, self.where, self.reading.code_map, self.faults).code if concept else None

    def _restricted(self, patient: str | None, day: Date | None) -> str | None:
        booked = [(self.where, self.appointment)]
        return read_restriction(self.record, patient, day, booked, frozenset({self.where}))
