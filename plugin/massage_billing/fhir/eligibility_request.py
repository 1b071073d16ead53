"""A question to a payer as FHIR R4: CoverageEligibilityRequest.

It is built from references alone, so that it can be written to the host after a crash too, when the names it was asked
with are gone: nothing of the patient's but references is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date

from massage_billing.fhir import names
from massage_billing.fhir.serial import Resource
from massage_billing.model import Payer, Purpose, Question
from massage_billing.ports import QuestionRow

ALL_PURPOSES = tuple(Purpose)
"""What is asked where nobody said otherwise; discovery is never asked."""


@dataclass(frozen=True, slots=True)
class RequestRefs:
    """What a question comes to in references and codes: no name, birth date or member id."""

    host: str
    """Configured host id."""
    key: str
    """``Question.key``: identifier of request and response."""
    patient: str
    """"Patient/3"."""
    coverage: str
    """"Coverage/5"."""
    serviced: Date
    """The date of service asked about."""
    payer_reference: str | None = None
    """The payer on the host, "Organization/9"; None where the host has no record of it."""
    payer_identifier: tuple[str, str] | None = None
    """(system, value) that names the payer where the host has no record; the system may be ""."""
    payer_name: str = ""
    """The payer's name as the clinic wrote it, shown where the host has no record."""
    asker_reference: str | None = None
    """Who asks, "Organization/1" or "Practitioner/7"; None where only the NPI is known."""
    asker_npi: str = ""
    """NPI of who asks."""
    facility: str | None = None
    """"Location/2"."""
    service_types: tuple[str, ...] = ()
    """X12 service types, the one wanted most first."""
    codes: tuple[str, ...] = ()
    """CPT or HCPCS numbers asked about."""
    purposes: tuple[Purpose, ...] = ALL_PURPOSES
    """What is asked."""
    appointment: str | None = None
    """Appointment id or reference, for messages; never written."""

    @classmethod
    def of(cls, question: Question) -> RequestRefs:
        """The references of a question that was just asked."""
        return cls(
            host=question.host,
            key=question.key,
            patient=question.patient,
            coverage=question.coverage,
            serviced=question.serviced,
            payer_reference=question.payer_reference,
            payer_identifier=("", question.payer_id or question.payer),
            payer_name=question.payer_name,
            asker_reference=question.asker.reference or None,
            asker_npi=question.asker.npi,
            facility=question.facility,
            service_types=question.service_types,
            codes=question.codes,
            purposes=question.purposes,
            appointment=question.appointment,
        )

    @classmethod
    def of_row(
        cls, row: QuestionRow, payer: Payer, asker_npi: str = "", asker_reference: str | None = None
    ) -> RequestRefs:
        """The same of what the store and payers.yaml remember, for names and birth dates are not kept."""
        asking = payer.asking
        own = (asking.payer_id if asking else None) or payer.payer_id
        named = min(payer.identifiers, default=None)
        return cls(
            host=row.host,
            key=row.key,
            patient=row.patient,
            coverage=row.coverage,
            serviced=row.serviced,
            payer_reference=min(payer.references, default=None),
            payer_identifier=("", own) if own else named or ("", payer.key),
            payer_name=asking.name if asking else "",
            asker_reference=asker_reference,
            asker_npi=asker_npi,
            facility=row.facility or None,
            service_types=row.service_types,
            codes=row.codes,
            appointment=row.appointment or None,
        )


def build_request(refs: RequestRefs, created: str) -> Resource:
    """The CoverageEligibilityRequest of a question; ``created`` is a FHIR dateTime.

    Items stand in the order of wanting: first one a service type, then one a code.
    """
    request: Resource = {
        "resourceType": "CoverageEligibilityRequest",
        "meta": {"profile": [names.PROFILE_ELIGIBILITY_REQUEST]},
        "identifier": [{"system": names.SID_QUESTION_KEY, "value": refs.key}],
        "status": "active",
        "purpose": purposes(refs),
        "patient": {"reference": refs.patient},
        "servicedDate": refs.serviced.isoformat(),
        "created": created,
        "insurer": insurer(refs),
        "insurance": [{"focal": True, "coverage": {"reference": refs.coverage}}],
    }
    provider = asker(refs)
    if provider:
        request["provider"] = provider
    if refs.facility:
        request["facility"] = {"reference": refs.facility}
    items: list[object] = [{"category": service_type(code)} for code in refs.service_types]
    items += [{"productOrService": procedure(code)} for code in refs.codes]
    if items:
        request["item"] = items
    return request


def purposes(refs: RequestRefs) -> list[str]:
    """What is asked, as FHIR codes; at least one."""
    return [purpose.value for purpose in refs.purposes or ALL_PURPOSES]


def insurer(refs: RequestRefs) -> Resource:
    """The payer: by reference, else by the id it is asked under."""
    if refs.payer_reference:
        return {"reference": refs.payer_reference}
    system, value = refs.payer_identifier or ("", "unknown")
    identifier = {"system": system, "value": value} if system else {"value": value}
    named: Resource = {"type": "Organization", "identifier": identifier}
    if refs.payer_name.strip():
        named["display"] = refs.payer_name.strip()
    return named


def asker(refs: RequestRefs) -> Resource | None:
    """Who asks: by reference, else by NPI; None where neither is known."""
    if refs.asker_reference:
        return {"reference": refs.asker_reference}
    if refs.asker_npi:
        return {"type": "Organization", "identifier": {"system": names.NPI, "value": refs.asker_npi}}
    return None


def service_type(code: str) -> Resource:
    """An X12 service type as a concept."""
    return {"coding": [{"system": names.X12_SERVICE_TYPE, "code": code}]}


def procedure(code: str) -> Resource:
    """A CPT or HCPCS number as a concept: HCPCS level II starts with a letter (G0283), CPT with a digit (97124)."""
    return {"coding": [{"system": names.CPT if code[:1].isdigit() else names.HCPCS, "code": code}]}
