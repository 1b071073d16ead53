"""A visit, read from its FHIR record: the one entry point of reading.

``read_visit`` is pure and never raises for what a host sent: whatever is missing, contradictory or of the wrong type
becomes a ``Problem`` of the visit, named by rule, resource and element, never by a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date as Date
from datetime import datetime
from typing import Final

from massage_billing.fhir import names
from massage_billing.fhir.charges import typed_charges
from massage_billing.fhir.claim_state import NOT_BILLING, owner_of
from massage_billing.fhir.coverages import Links, SoundCoverages, read_coverages, read_restriction
from massage_billing.fhir.dates import Span, utc
from massage_billing.fhir.diagnoses import Diagnoses
from massage_billing.fhir.duplicates import settle_duplicates
from massage_billing.fhir.json import Faults, child, children, identifiers, text
from massage_billing.fhir.keys import visit_key
from massage_billing.fhir.papers import Reader as Papers
from massage_billing.fhir.payer_keys import PayerKeys
from massage_billing.fhir.people import People, read_person, read_referral, read_role, read_supervisor
from massage_billing.fhir.record import READABLE, Kept, Record
from massage_billing.fhir.services import DONE, OVER, Found, Services, status_problems
from massage_billing.fhir.sites import Site, named_by_encounter, read_organization, read_site
from massage_billing.model import Diagnosis, ForeignClaim, Paper, Payer, Problem, Reading, Visit
from massage_billing.ports import JsonObject, VisitRecord

FINISHED: Final = "finished"
"""The only Encounter.status that is billed."""
_NEVER: Final = frozenset({"cancelled", "planned", "entered-in-error"})
"""Encounter.status of visits that did not take place."""
_GOING_ON: Final = frozenset({"arrived", "triaged", "in-progress", "onleave"})
"""Encounter.status of visits that are not over."""
LIVE_ORDER: Final = frozenset({"draft", "active", "on-hold", "completed"})
"""ServiceRequest.status of an order that a visit may stand on; revoked, entered in error and unknown ones are none."""
_DEAD_CLAIM: Final = frozenset({"cancelled", "entered-in-error"})
"""Claim.status of a Claim that no longer counts."""


class Shared:
    """Translations that many visits of one run share: therapists, roles, sites, organizations, coverages. Hand the
    same one to every ``read_visit`` of a run; results are the same without.

    ``payers``: payers.yaml, by which a therapist's role is known as an enrolment, and an authorization as a payer's.
    """

    __slots__ = ("coverages", "organizations", "payers", "people", "roles", "sites")

    def __init__(self, payers: Sequence[Payer] = ()) -> None:
        self.payers = PayerKeys(payers)
        self.people = Kept(read_person)
        self.roles = Kept(read_role)
        self.sites = Kept(read_site)
        self.organizations = Kept(read_organization)
        self.coverages = SoundCoverages()


def read_visit(
    record: VisitRecord, reading: Reading, shared: Shared | None = None, reader: Record | None = None
) -> Visit:
    """Make one frozen visit of what a host sent.

    ``record`` may hold more than this visit; what belongs to it is told by references. Pure and deterministic: the same
    record gives the same visit, whatever the order of its resources. ``reader``: the same record, opened, where it is
    read on afterwards.
    """
    where = f"Encounter/{record.encounter}"
    reader = reader or Record(record)
    encounter = reader.resources.get(where)
    if encounter is None:
        if where not in record.resources:
            reader.fail(READABLE, f"{where} is not among what the host gave.", about=where)
        problems = (*reader.problems, *reader.unreadable())
        return Visit(host=reading.host, encounter=record.encounter, status="unknown", patient=None, date=None,
                     problems=problems)  # fmt: skip
    return _Reader(reader, reading, where, encounter, shared or Shared()).visit()


class _Reader:
    """Reads one visit; a method a question."""

    def __init__(self, record: Record, reading: Reading, where: str, encounter: JsonObject, shared: Shared) -> None:
        self.record = record
        self.reading = reading
        self.where = where
        self.encounter = encounter
        self.shared = shared
        self.faults = record.faults(where)
        self.people = People(record, shared.people, shared.roles, shared.payers)
        self.diagnoses = Diagnoses(record)
        self.site = Site(self._place(), record, shared.sites)
        self.clock = self.site.clock(reading)
        self.period = self.clock.span(encounter, "period", self.faults)
        self.appointments = self._appointments()

    def visit(self) -> Visit:
        """Ask everything and put it together; the problems last, when all have been met."""
        status = self._status()
        patient = self.diagnoses.patient = self._patient()
        found = self._services(patient, status)
        day, last = self._days(found)
        diagnosed = self._diagnosed(found, day)
        orders = self._orders(found, patient)
        referral = read_referral(orders[0], self.record, self.people) if orders else None
        links = Links(self.record, self.encounter, self.where, orders, patient)
        organization, organization_npi = self._organization()
        return Visit(
            host=self.reading.host,
            encounter=self.where.partition("/")[2],
            status=status,
            patient=patient,
            date=day,
            date_end=last,
            start=self.period.start.time,
            end=self.period.end.time,
            site=self.site.key,
            place_of_service=self._place_of_service(),
            state=self.site.state,
            organization=organization,
            organization_npi=organization_npi,
            services=tuple(each.service for each in found),
            diagnoses=diagnosed,
            coverages=() if patient is None else read_coverages(self.record, patient, links, self.shared.coverages),
            referral=referral,
            supervisor=read_supervisor(self.encounter, self.where, self.record, self.people),
            accident=self.diagnoses.accident(self.encounter, self.where, self.clock),
            onset=self.diagnoses.onset(diagnosed, self.clock),
            authorization=None if referral is None else referral.authorization,
            papers=self._papers(patient, orders),
            restricted=self._restriction(patient, day, found),
            foreign_claims=tuple(self._foreign_claims()),
            charges=tuple(typed_charges(self.record, self.where, self.reading)),
            last_changed=self._last_changed(found),
            problems=self._problems(found),
        )

    def _problems(self, found: list[Found]) -> tuple[Problem, ...]:
        if self.clock.zone is None and not self.clock.as_written:
            self.record.lack("zone-known", f"No zone is set for {self.site.key or 'the clinic'}: dates are as written.")
        of_services = (problem for each in found for problem in each.problems)
        return (*self.record.problems, *of_services, *self.record.unreadable())

    # --- where and when -------------------------------------------------------------------------------------------

    def _place(self) -> str | None:
        """The Location the Encounter names, else that of its first Procedure which names one."""
        key = named_by_encounter(self.encounter, self.where, self.record)
        if key is not None:
            return key
        for _, procedure in self.record.all("Procedure"):
            if "location" in procedure and self.record.names(procedure, "encounter", self.where):
                key = self.record.resolver.key(child(procedure, "location"), procedure)
                if key is not None and key.startswith("Location/"):
                    return key
        return None

    def _place_of_service(self) -> str | None:
        place, disagree = self.site.place_of_service(self.reading)
        about = self.site.key or self.where
        if disagree:
            self.record.fail("place-of-service", f"{about} has types of several places of service.", about=about)
        elif place is None:
            self.record.lack("place-of-service", f"Neither {about} nor a setting says the place.", about=about)
        elif not (len(place) == 2 and place.isascii() and place.isdigit()):
            detail = f"The place of service of {about} is not a CMS number of two digits."
            self.record.fail("place-of-service", detail, about=about, key="no-number")
            return None
        return place

    def _organization(self) -> tuple[str | None, str | None]:
        """(reference, NPI) of the serviceProvider."""
        reference = child(self.encounter, "serviceProvider", self.faults)
        found = self.record.resolver.resolve(reference, self.encounter, self.faults)
        if found is None:
            return self.record.resolver.key(reference, self.encounter), None
        return found[0], self.shared.organizations.of(found[0], found[1], self.record).npi

    def _days(self, found: list[Found]) -> tuple[Date | None, Date | None]:
        """First and last calendar date of the services; problems where they are not one visit's."""
        counted = [each for each in found if each.service.status not in OVER and each.service.duplicate_of is None]
        days = [each.day for each in counted if each.day is not None]
        day = min(days) if days else self.period.start.day
        for each in counted:
            if each.service.status == DONE:
                self._check_day(each, day)
        if day is None:
            partial = self.period.start.partial
            what = "gives only a part of its date" if partial else "has no date"
            tell = self.record.fail if partial else self.record.lack
            tell("date-of-service", f"{self.where} {what}.", about=self.where, key="partial" if partial else "no-date")
        elif days and not self._within(day, counted):
            detail = f"The services of {self.where} are of another day than the visit."
            self.record.fail("date-of-service", detail, about=self.where, key="another-day")
        ends = [end for each in counted if (end := each.span.end.day or each.day) is not None]
        return day, max([*ends, day]) if day is not None else None

    def _check_day(self, each: Found, day: Date | None) -> None:
        if each.partial:
            detail = f"{each.where} gives only a part of its date."
            self.record.fail("date-of-service", detail, about=each.where, key="partial")
        elif each.day is not None and each.day != day:
            detail = f"{each.where} started on another day than the visit's first service."
            self.record.fail("date-of-service", detail, about=each.where, key="another-day")

    def _within(self, day: Date, counted: list[Found]) -> bool:
        """Whether the date of service is one of the Encounter's, by date or by the clock."""
        start, end = self.period.start, self.period.end
        if start.day is None or start.day <= day <= (end.day or start.day):
            return True
        first = min((moment for each in counted if (moment := each.span.start.moment)), default=None)
        if first is None or start.moment is None or end.moment is None:
            return False
        return start.moment <= first <= end.moment

    def _last_changed(self, found: list[Found]) -> datetime | None:
        """Latest meta.lastUpdated of the Encounter and its Procedures."""
        latest: datetime | None = None
        for key in (self.where, *(each.where for each in found)):
            faults = self.record.faults(key)
            changed = utc(child(self.record.resources[key], "meta", faults), "lastUpdated", faults)
            if changed is not None and (latest is None or changed > latest):
                latest = changed
        return latest

    # --- whether and for whom ---------------------------------------------------------------------------------------

    def _status(self) -> str:
        status = text(self.encounter, "status", self.faults) or "unknown"
        if status in _NEVER:
            detail = f"{self.where} is {status}: it did not take place."
            self.record.fail("visit-finished", detail, about=self.where, key="not-performed")
        elif status in _GOING_ON:
            self.record.fail("visit-finished", f"{self.where} is {status}.", about=self.where, key="in-progress")
        elif status != FINISHED:
            detail = f"{self.where} has no status that says whether it is finished."
            self.record.lack("visit-finished", detail, about=self.where, key="status-unknown")
        return status

    def _patient(self) -> str | None:
        """The patient; a group, or several in the appointment, is a group session."""
        reference = child(self.encounter, "subject", self.faults)
        key = self.record.resolver.key(reference, self.encounter, self.faults)
        if key is not None and key.startswith("Group/"):
            self.record.fail("one-to-one", f"{self.where} is of a group.", about=self.where, key="group")
        if key is None or not key.startswith("Patient/"):
            self.record.lack("patient-named", f"{self.where} names no patient of the host.", about=self.where)
            return None
        for where, appointment in self.appointments:
            if len(set(self._patients_in(where, appointment))) > 1:
                self.record.fail("one-to-one", f"{where} is of several patients.", about=where, key="several-patients")
        return key

    def _patients_in(self, where: str, appointment: JsonObject) -> Iterator[str]:
        faults = self.record.faults(where.partition("#")[0])
        for participant in children(appointment, "participant", faults):
            actor = self.record.resolver.key(child(participant, "actor", faults), appointment, faults)
            if actor is not None and actor.startswith("Patient/") and participant.get("status") != "declined":
                yield actor

    def _appointments(self) -> list[tuple[str, JsonObject]]:
        """The Encounter's Appointments; one that is named and not given may carry a wish, and is told."""
        found = []
        for reference in children(self.encounter, "appointment", self.faults):
            appointment = self.record.resolver.resolve(reference, self.encounter, self.faults)
            if appointment is not None:
                found.append(appointment)
                continue
            key = self.record.resolver.key(reference, self.encounter)
            if key is not None and key.startswith("Appointment/"):
                detail = f"{self.where} names {key}, which the host did not give: a wish on it is not seen."
                self.record.lack(READABLE, detail, about=self.where, key="appointment")
        return found

    def _restriction(self, patient: str | None, day: Date | None, found: list[Found]) -> str | None:
        booked = [(self.where, self.encounter), *self.appointments]
        if not self.record.all("Consent") and not any("extension" in each for _, each in booked):
            return None
        keys = frozenset([key for key, _ in booked] + [each.where for each in found])
        return read_restriction(self.record, patient, day, booked, keys)

    def _papers(self, patient: str | None, orders: list[str]) -> tuple[Paper, ...]:
        papers = Papers(self.record, self.people, self.clock, self.reading.code_map, self.shared.payers)
        return papers.papers(patient, orders)

    # --- what was done ----------------------------------------------------------------------------------------------

    def _services(self, patient: str | None, status: str) -> list[Found]:
        services = Services(
            self.record, self.reading, self.where, self.clock, self.people, self.diagnoses, self._booked()
        )
        linked = services.linked()
        for problem in status_problems(linked):
            self.record.problems.append(problem)
        if patient is not None:
            for each in linked:
                self._check_subject(each, patient)
        if not linked and status == FINISHED:
            detail = f"{self.where} is finished and has no Procedure."
            self.record.lack("service-recorded", detail, about=self.where, key="no-charge-capture")
        day = min((each.day for each in linked if each.day is not None), default=self.period.start.day)
        services.note_stray(day)
        return settle_duplicates(linked, services.unlinked(patient, day))

    def _booked(self) -> tuple[tuple[str, Span], ...]:
        """Periods that are no treatment time by themselves: the Encounter's, the Appointments'."""
        booked = [(self.where, self.period)]
        for where, appointment in self.appointments:
            faults = self.record.faults(where.partition("#")[0])
            start, end = (self.clock.when(appointment, name, faults) for name in ("start", "end"))
            booked.append((where, Span(start, end)))
        return tuple(booked)

    def _check_subject(self, each: Found, patient: str) -> None:
        if each.service.status not in OVER:
            self.record.check_patient(each.where, self.record.resources[each.where], patient)

    def _orders(self, found: list[Found], patient: str | None) -> list[str]:
        """The orders the visit stands on: those of its services, else the Encounter's; a revoked one is none."""
        keys = [each.service.order for each in found if each.service.order and each.service.status not in OVER]
        if not keys:
            for reference in children(self.encounter, "basedOn", self.faults):
                key = self.record.resolver.key(reference, self.encounter, self.faults)
                if key is not None and key.startswith("ServiceRequest/"):
                    keys.append(key)
        live = []
        for key in dict.fromkeys(keys):
            order = self.record.resources.get(key)
            if order is not None and text(order, "status", self.record.faults(key)) not in LIVE_ORDER:
                continue
            if order is not None and patient is not None:
                self.record.check_patient(key, order, patient)
            live.append(key)
        return live

    def _diagnosed(self, found: list[Found], day: Date | None) -> tuple[Diagnosis, ...]:
        recorded = []
        for key, condition in self.record.all("Condition"):
            named = self.record.names(condition, "encounter", self.where)
            if named:
                recorded.append(key)
            if named or (named is None and self._may_be_of(condition, key, day)):
                faults = self.record.faults(key)
                text(child(condition, "encounter", faults), "reference", faults)
        reasons = [reason for each in found for reason in each.reasons]
        return self.diagnoses.of_visit(self.encounter, self.where, reasons, recorded)

    def _may_be_of(self, condition: JsonObject, key: str, day: Date | None) -> bool:
        """Whether a Condition whose Encounter cannot be read may be this visit's: recorded that day, or on no day."""
        recorded = self.clock.when(condition, "recordedDate", Faults(key, condition)).day
        return recorded is None or day is None or recorded == day

    def _foreign_claims(self) -> Iterator[ForeignClaim]:
        """Live Claims for this Encounter which this program did not write. One that asks for an authorization bills
        nothing, and what is wrong with it is no fault of the visit."""
        for key, claim in self.record.all("Claim"):
            if text(claim, "use") in NOT_BILLING:
                continue
            doubts = Faults(key, claim)
            references = [e for item in children(claim, "item", doubts) for e in children(item, "encounter", doubts)]
            named = [self.record.points_to(reference, claim, self.where) for reference in references]
            if True not in named and None not in named and not doubts:
                continue
            faults = self.record.faults(key)
            for item in children(claim, "item", faults):
                for reference in children(item, "encounter", faults):
                    text(reference, "reference", faults)
            status = text(claim, "status", faults) or "unknown"
            text(claim, "use", faults)
            # Under another host id this program is somebody else: its claims are not to be billed again. Under ours
            # the claim may be that of another visit of the day, which bills this one too.
            own = (names.SID_VISIT_KEY, visit_key(self.reading.host, self.where.partition("/")[2]))
            ours = own in identifiers(claim, faults) or owner_of(claim, self.reading.host) is not None
            if True in named and not ours and status not in _DEAD_CLAIM:
                yield ForeignClaim(key, status)
