"""A question to a payer: is this coverage in force on this day, and what does it pay? Names and birth dates are PHI: a
question is made of the host's record when it is asked, and never stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from enum import StrEnum


class Purpose(StrEnum):
    """What is asked (FHIR R4 eligibilityrequest-purpose; discovery is never used)."""

    VALIDATION = "validation"
    BENEFITS = "benefits"
    AUTHORIZATION = "auth-requirements"


@dataclass(frozen=True, slots=True)
class Person:
    """Subscriber or patient, as a payer has to be told. PHI."""

    reference: str
    """"Patient/3" or "RelatedPerson/4"; "" for a subscriber the host holds no record of."""
    last_name: str
    """Family name."""
    first_name: str = ""
    """First given name."""
    middle_name: str = ""
    """Second given name, or its initial."""
    suffix: str = ""
    """Jr, III."""
    birth_date: Date | None = None
    """Birth date."""
    gender: str = ""
    """"M", "F" or "" (X12 DMG03 takes U too, and payers refuse it)."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: the clinic, or the therapist when solo (X12 2100B, FHIR CoverageEligibilityRequest.provider)."""

    reference: str
    """"Organization/1" or "Practitioner/7"."""
    npi: str
    """National Provider Identifier."""
    name: str
    """Organization's name, or family name."""
    first_name: str = ""
    """Given name of a person; "" for an organization."""
    taxonomy: str | None = None
    """NUCC taxonomy (2100B PRV)."""
    tin: str | None = None
    """Tax id, nine digits; never logged."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one coverage for one day."""

    key: str
    """Function of host, patient, coverage, payer and the day it is asked (``fhir.keys.question_key``)."""
    trace: str
    """Trace number sent along (TRN02): the same for every try. At most 50 characters of A-Z, 0-9."""
    host: str
    """Configured host id."""
    patient: str
    """"Patient/3"."""
    coverage: str
    """"Coverage/5"."""
    payer: str
    """Payer key of payers.yaml."""
    payer_id: str
    """The payer's id for this channel (2100A NM109)."""
    payer_name: str
    """The payer's name as the clinic wrote it (2100A NM103)."""
    payer_reference: str | None
    """The payer on the host, "Organization/9"."""
    asked_on: Date
    """The day it is asked, at the clinic."""
    serviced: Date
    """The date of service asked about."""
    member_id: str
    """Member id of the subscriber (2100C NM109). PHI."""
    subscriber: Person
    """Whose insurance it is. PHI."""
    dependent: Person | None
    """The patient, where the patient is not the subscriber. PHI."""
    relationship: str
    """Coverage.relationship of the patient to the subscriber: self, spouse, child, other …"""
    asker: Asker
    """Who asks."""
    service_types: tuple[str, ...]
    """X12 service types to ask, the one that is wanted most first."""
    codes: tuple[str, ...] = ()
    """CPT or HCPCS numbers to ask about."""
    purposes: tuple[Purpose, ...] = (Purpose.VALIDATION, Purpose.BENEFITS, Purpose.AUTHORIZATION)
    """What is asked."""
    group_number: str | None = None
    """Group number of the coverage, where recorded (REF*6P)."""
    facility: str | None = None
    """"Location/2"."""
    therapist: str | None = None
    """"Practitioner/7": who will treat."""
    appointment: str | None = None
    """"Appointment/4": for messages."""
