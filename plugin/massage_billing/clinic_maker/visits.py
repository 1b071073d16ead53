"""The resources of one synthetic visit, as a pure function of seed and number."""

from __future__ import annotations

from datetime import UTC, datetime, time
from datetime import date as Date
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from massage_billing.clinic_maker import cast
from massage_billing.clinic_maker.cast import HOUSE, LOCAL, SITES, V3, WITHOUT_NPI, ZONE, meta
from massage_billing.clinic_maker.draw import SLOT, WEEKDAYS, Clinic, Person, mix
from massage_billing.clinic_maker.shares import Done, Plan, Scenario
from massage_billing.fhir import names

Resource = dict[str, object]

DIAGNOSES: Final = (
    ("M54.2", "Neck pain"),
    ("M79.18", "Muscle pain"),
    ("M54.50", "Low back pain"),
    ("M62.830", "Muscle spasm of back"),
    ("M25.511", "Pain in right shoulder"),
    ("G44.209", "Tension-type headache"),
)
"""ICD-10-CM (public domain) with short words of ours; neighbours may stand on one claim (Excludes1)."""
_ASKED_IN: Final = 67
"""Minutes after a visit began when a colleague may be asked in: then nobody's own visit is being treated."""
REGIONS: Final = ("neck", "upper back", "lower back", "right shoulder", "left shoulder", "legs")


@lru_cache(maxsize=512)
def _offset(day: Date) -> str:
    """UTC offset at noon of a day, "-06:00"."""
    moment = datetime.combine(day, time(12), ZoneInfo(ZONE))
    return moment.isoformat()[-6:]


class Slot(NamedTuple):
    """When a visit is."""

    day: Date
    start: int
    """Minutes after midnight."""

    def at(self, minute: int) -> str:
        """FHIR dateTime this many minutes after the start."""
        hours, minutes = divmod(self.start + minute, 60)
        return f"{self.day.isoformat()}T{hours:02}:{minutes:02}:00{_offset(self.day)}"

    def updated(self) -> str:
        """When the record was last changed: that evening."""
        moment = datetime.combine(self.day, time(23, self.start % 60), UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def visit_resources(clinic: Clinic, number: int) -> list[Resource]:
    """The Encounter of a visit, its diagnosis, its Procedures, and what its scenario needs."""
    patient, nth = clinic.owner_of(number)
    person, scenario = clinic.person(patient), clinic.scenario(number)
    draw = mix(clinic.seed, number, 4)
    slot = Slot(clinic.day(person, nth), 8 * 60 + person.seat // WEEKDAYS * SLOT)
    therapist = WITHOUT_NPI if scenario.special == "no-npi" else cast.therapist(person.house, person.place)
    visit = _Visit(clinic, person, scenario, number, slot, therapist, draw)
    return [visit.encounter(), *visit.conditions(), *visit.procedures(), *visit.extras()]


class _Visit:
    """Writes the resources of one visit."""

    def __init__(
        self,
        clinic: Clinic,
        person: Person,
        scenario: Scenario,
        number: int,
        slot: Slot,
        therapist: int,
        draw: int,
    ) -> None:
        self.clinic, self.person, self.scenario, self.number = clinic, person, scenario, number
        self.slot, self.therapist, self.draw = slot, therapist, draw
        self.updated = slot.updated()
        self.site = SITES[draw >> 24 & 1]
        self.subject = {"reference": f"Group/group-{number}"} if scenario.special == "group" else person.reference
        self.itself = {"reference": f"Encounter/visit-{number}"}
        self.diagnoses = 0 if not scenario.diagnosis else 1 + (draw >> 28) % 4 // 3

    def encounter(self) -> Resource:
        lasts = 15 + self._minutes()[-1]
        found: Resource = {
            "resourceType": "Encounter",
            "id": f"visit-{self.number}",
            "meta": meta("encounter", self.updated),
            "identifier": [{"use": "official", "system": f"{LOCAL}/visit", "value": f"V{self.number:08}"}],
            "status": self.scenario.status,
            "class": {"system": f"{V3}ActCode", "code": "AMB", "display": "ambulatory"},
            "type": [{"coding": [{"system": names.SNOMED, "code": "185349003"}], "text": "Massage visit"}],
            "subject": self.subject,
            "participant": [
                {
                    "type": [{"coding": [{"system": f"{V3}ParticipationType", "code": "PPRF"}]}],
                    "period": {"start": self.slot.at(0), "end": self.slot.at(lasts)},
                    "individual": {"reference": f"Practitioner/practitioner-{self.therapist}"},
                }
            ],
            "period": {"start": self.slot.at(0), "end": self.slot.at(lasts)},
            "location": [{"location": {"reference": f"Location/{self.site}"}, "status": "completed"}],
            "serviceProvider": {"reference": "Organization/clinic"},
        }
        if self.diagnoses:
            found["diagnosis"] = [
                {
                    "condition": {"reference": f"Condition/diagnosis-{self.number}-{place}"},
                    "use": {
                        "coding": [
                            {"system": "http://terminology.hl7.org/CodeSystem/diagnosis-role", "code": "billing"}
                        ]
                    },
                    "rank": place,
                }
                for place in range(1, self.diagnoses + 1)
            ]
        if self.person.plan is Plan.INJURY:
            found["account"] = [{"reference": f"Account/account-{self.person.number}"}]
            found["reasonCode"] = [{"coding": [{"system": f"{V3}ActCode", "code": "WPA"}]}]
        return found

    def conditions(self) -> list[Resource]:
        return [
            {
                "resourceType": "Condition",
                "id": f"diagnosis-{self.number}-{place}",
                "meta": meta("condition-encounter-diagnosis", self.updated),
                "clinicalStatus": {
                    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
                },
                "verificationStatus": {
                    "coding": [
                        {"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "confirmed"}
                    ]
                },
                "category": [
                    {
                        "coding": [
                            {
                                "system": "http://terminology.hl7.org/CodeSystem/condition-category",
                                "code": "encounter-diagnosis",
                            }
                        ]
                    }
                ],
                "code": {"coding": [{"system": names.ICD10CM, "code": code}], "text": words},
                "subject": self.person.reference,
                "encounter": self.itself,
                "recordedDate": self.slot.day.isoformat(),
            }
            for place in range(1, self.diagnoses + 1)
            for code, words in (DIAGNOSES[(self.person.number + place) % len(DIAGNOSES)],)
        ]

    def procedures(self) -> list[Resource]:
        minutes = self._minutes()
        return [
            self._procedure(place, done, minutes[place - 1] if done.therapist == 0 else _ASKED_IN)
            for place, done in enumerate(self.scenario.services, 1)
        ]

    def _minutes(self) -> list[int]:
        """When each service begins, in minutes after the visit does, and when the last one ends."""
        found = [5]
        for done in self.scenario.services:
            found.append((_ASKED_IN if done.therapist else found[-1]) + (done.minutes or 0))
        return found

    def _procedure(self, place: int, done: Done, minute: int) -> Resource:
        who = (
            self.therapist
            if done.therapist == 0
            else cast.therapist(self.person.house, (self.person.place + 1) % HOUSE)
        )
        found: Resource = {
            "resourceType": "Procedure",
            "id": f"service-{self.number}-{place}",
            "meta": meta("procedure", self.updated),
            "identifier": [{"system": f"{LOCAL}/service", "value": f"V{self.number:08}-{place}"}],
            "status": done.status,
            "category": {"coding": [{"system": names.SNOMED, "code": "277132007"}]},
            "code": _code(done.code),
            "subject": self.person.reference,
            "encounter": self.itself,
            "performer": [
                {
                    "actor": {"reference": f"Practitioner/practitioner-{who}"},
                    "onBehalfOf": {"reference": "Organization/clinic"},
                }
            ],
            "location": {"reference": f"Location/{self.site}"},
            "bodySite": [{"text": REGIONS[(self.draw >> 36) % 3 + (place - 1) * 3 % 6]}],
        }
        if self.person.number % 3 == 0:
            found["basedOn"] = [{"reference": f"ServiceRequest/order-{self.person.number}"}]
        if self.diagnoses:
            found["reasonReference"] = [{"reference": f"Condition/diagnosis-{self.number}-1"}]
        if done.minutes is None:
            found["performedDateTime"] = self.slot.day.isoformat()
            return found
        found["performedPeriod"] = {"start": self.slot.at(minute), "end": self.slot.at(minute + done.minutes)}
        if self.draw >> 40 & 3:  # three in four say the minutes themselves; the others leave them to the period
            duration = {"value": done.minutes, "unit": "min", "system": names.UCUM, "code": "min"}
            found["extension"] = [{"url": names.EXT_TREATMENT_MINUTES, "valueDuration": duration}]
        return found

    def extras(self) -> list[Resource]:
        if self.scenario.special == "consent":
            return [self_pay_wish(str(self.number), self.person, self.itself, self.slot.at(0), self.updated)]
        if self.scenario.special == "group":
            return [
                {
                    "resourceType": "Group",
                    "id": f"group-{self.number}",
                    "meta": {"versionId": "1", "lastUpdated": self.updated},
                    "type": "person",
                    "actual": True,
                    "quantity": 3,
                    "member": [{"entity": self.person.reference}],
                }
            ]
        return []


def self_pay_wish(name: str, person: Person, of: dict[str, str], when: str, updated: str) -> Resource:
    """A Consent: the patient pays and the plan is not told of what ``of`` refers to (45 CFR 164.522(a)(1)(vi))."""
    system = "http://terminology.hl7.org/CodeSystem/consentpolicycodes"
    return {
        "resourceType": "Consent",
        "id": f"wish-{name}",
        "meta": {"versionId": "1", "lastUpdated": updated},
        "status": "active",
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "category": [{"coding": [{"system": f"{V3}ActCode", "code": "IDSCL"}]}],
        "patient": person.reference,
        "dateTime": when,
        "policyRule": {"coding": [{"system": system, "code": "hipaa-self-pay"}]},
        "provision": {"type": "deny", "data": [{"meaning": "instance", "reference": of}]},
    }


@lru_cache(maxsize=64)
def _code(code: str) -> Resource:
    words = {"97124": "Massage", "97140": "Manual therapy", "97112": "Neuromuscular work"}
    words |= {"97110": "Therapeutic exercise", "97010": "Hot or cold pack"}
    if not code:
        return {"coding": [{"system": f"{LOCAL}/services", "code": "SPA-45"}], "text": "Spa session"}
    return {"coding": [{"system": names.CPT, "code": code}], "text": words[code]}
