"""The resources of one coming appointment: the Appointment, its order, and what its case needs; who holds the plan."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date as Date
from datetime import timedelta
from typing import Any, Final

from massage_billing.clinic_maker import cast
from massage_billing.clinic_maker.cast import GIVEN, LOCAL, PAYERS, REFERRERS, SITES, V3, meta
from massage_billing.clinic_maker.coming import Coming, day_in_week
from massage_billing.clinic_maker.draw import SLOT, WEEKDAYS, Clinic, mix
from massage_billing.clinic_maker.shares import Plan
from massage_billing.clinic_maker.visits import Slot, self_pay_wish
from massage_billing.fhir import names

Resource = dict[str, Any]

LASTS: Final = 60
"""Minutes of an appointment."""
PLANNED: Final = ("97124", "97140")
"""CPT numbers that are planned."""
ORDERED_VISITS: Final = 12
"""Visits that an order is for."""
_SUBSCRIBERS: Final = {"child": ("PRN", "Parent"), "spouse": ("SPS", "Spouse")}
"""Whose insurance it is, seen from the patient: v3 RoleCode."""


def insured(coming: Coming, resources: Iterable[Resource], updated: str) -> list[Resource]:
    """A patient's resources with the member ids of the appointment's case, and the subscriber where it is another."""
    found = list(resources)
    coverages = [one for one in found if one["resourceType"] == "Coverage"]
    for order, coverage in enumerate(coverages, 1):
        if "subscriberId" in coverage:
            coverage["subscriberId"] = coverage["identifier"][0]["value"] = coming.member_id(order)
    if coming.case.relation and coverages:
        patient = next(one for one in found if one["resourceType"] == "Patient")
        subscriber = _subscriber(coming, patient, updated)
        coverages[0]["subscriber"] = {"reference": f"RelatedPerson/{subscriber['id']}"}
        coverages[0]["relationship"]["coding"][0]["code"] = coming.case.relation
        found.append(subscriber)
    return found


def _subscriber(coming: Coming, patient: Resource, updated: str) -> Resource:
    role, word = _SUBSCRIBERS[coming.case.relation]
    number = coming.person.number
    return {
        "resourceType": "RelatedPerson",
        "id": f"subscriber-{number}",
        "meta": meta("relatedperson", updated),
        "active": True,
        "patient": coming.person.reference,
        "relationship": [{"coding": [{"system": f"{V3}RoleCode", "code": role}], "text": word}],
        "name": [
            {
                "use": "official",
                "family": patient["name"][0]["family"],
                "given": [GIVEN[(number + 7) % len(GIVEN)], str(number)],
            }
        ],
        "gender": "male" if patient["gender"] == "female" else "female",
        "birthDate": f"{int(patient['birthDate'][:4]) - (28 if coming.case.relation == 'child' else 2)}-03-09",
    }


def appointment_resources(clinic: Clinic, coming: Coming, first: Date) -> list[Resource]:
    """The Appointment, for every other one the order it is based on, and what its case needs."""
    ahead = _Ahead(clinic, coming, first)
    found = [ahead.appointment()]
    if ahead.ordered:
        found.append(ahead.order())
    if coming.case.special == "authorized":
        found += ahead.authorization()
    if coming.case.special == "consent":
        found.append(self_pay_wish(f"ahead-{coming.number}", coming.person, ahead.itself, ahead.booked, ahead.updated))
    return found


class _Ahead:
    """Writes the resources of one appointment."""

    def __init__(self, clinic: Clinic, coming: Coming, first: Date) -> None:
        self.coming, self.person, self.number = coming, coming.person, coming.number
        self.draw = mix(clinic.seed, coming.number, 8)
        self.first = first
        self.slot = Slot(day_in_week(clinic, self.person, first), 8 * 60 + self.person.seat // WEEKDAYS * SLOT)
        self.therapist = cast.therapist(self.person.house, self.person.place)
        self.code = PLANNED[self.draw & 1]
        self.ordered = self.number % 2 == 1 or coming.case.special == "authorized"
        self.booked = Slot(first - timedelta(days=7), 9 * 60).at(0)
        self.updated = Slot(first - timedelta(days=7), 0).updated()
        self.itself = {"reference": f"Appointment/appointment-{self.number}"}

    def appointment(self) -> Resource:
        actors = [
            self.person.reference["reference"],
            f"Practitioner/practitioner-{self.therapist}",
            f"Location/{SITES[self.draw >> 24 & 1]}",
        ]
        found: Resource = {
            "resourceType": "Appointment",
            "id": f"appointment-{self.number}",
            "meta": {"versionId": "1", "lastUpdated": self.updated},
            "identifier": [{"system": f"{LOCAL}/appointment", "value": f"A{self.number:08}"}],
            "status": self.coming.case.status,
            "start": self.slot.at(0),
            "end": self.slot.at(LASTS),
            "minutesDuration": LASTS,
            "created": self.booked,
            "participant": [{"actor": {"reference": actor}, "status": "accepted"} for actor in actors],
        }
        if self.ordered:
            found["basedOn"] = [{"reference": f"ServiceRequest/order-ahead-{self.number}"}]
        else:
            found["serviceType"] = [{"coding": [{"system": names.CPT, "code": self.code}]}]
        if self.coming.case.special == "bill-to":
            found["extension"] = [{"url": names.EXT_BILL_TO, "valueCode": "self-pay"}]
        return found

    def order(self) -> Resource:
        found: Resource = {
            "resourceType": "ServiceRequest",
            "id": f"order-ahead-{self.number}",
            "meta": meta("servicerequest", self.updated),
            "status": "active",
            "intent": "order",
            "code": {"coding": [{"system": names.CPT, "code": self.code}]},
            "quantityQuantity": {"value": ORDERED_VISITS, "unit": "visits"},
            "subject": self.person.reference,
            "occurrencePeriod": self._period(weeks=12),
            "authoredOn": self.booked[:10],
            "requester": {"reference": f"Practitioner/practitioner-{REFERRERS[self.number % 2]}"},
        }
        insurance = []
        if self.person.plan is not Plan.NONE:
            insurance.append({"reference": f"Coverage/coverage-{self.person.number}-1"})
        if self.coming.case.special == "authorized":
            insurance.append({"reference": f"ClaimResponse/granted-{self.number}"})
        if insurance:
            found["insurance"] = insurance
        return found

    def _period(self, weeks: int) -> dict[str, str]:
        start = self.first - timedelta(days=7)
        return {"start": start.isoformat(), "end": (start + timedelta(weeks=weeks)).isoformat()}

    def authorization(self) -> list[Resource]:
        """What was asked of the payer before, and that it was granted."""
        coverage = {"reference": f"Coverage/coverage-{self.person.number}-1"}
        payer = {"reference": f"Organization/payer-{PAYERS[self.person.payer][0]}"}
        product = {"coding": [{"system": names.CPT, "code": self.code}]}
        both: Resource = {
            "meta": {"versionId": "1", "lastUpdated": self.updated},
            "status": "active",
            "type": {"coding": [{"system": names.CLAIM_TYPE, "code": "professional"}]},
            "use": "preauthorization",
            "patient": self.person.reference,
            "created": self.booked[:10],
            "insurer": payer,
        }
        asked: Resource = {
            "resourceType": "Claim",
            "id": f"asked-{self.number}",
            **both,
            "provider": {"reference": "Organization/clinic"},
            "priority": {"coding": [{"system": names.PROCESS_PRIORITY, "code": "normal"}]},
            "insurance": [{"sequence": 1, "focal": True, "coverage": coverage}],
            "item": [{"sequence": 1, "productOrService": product}],
        }
        granted: Resource = {
            "resourceType": "ClaimResponse",
            "id": f"granted-{self.number}",
            **both,
            "request": {"reference": f"Claim/asked-{self.number}"},
            "outcome": "complete",
            "preAuthRef": f"TA{self.draw % 10**8:08}",
            "preAuthPeriod": self._period(weeks=10),
        }
        return [asked, granted]
