"""What is a payer asked? The question about one coverage for one day, or what in our own data keeps it from that.

Every fault is named before anything leaves: a payer's "invalid" a day later costs more than a look at the card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date

from massage_billing.coding.day import Day
from massage_billing.coding.provider import npi_valid
from massage_billing.coding.terms import NpiRow
from massage_billing.fhir.keys import question_key
from massage_billing.model import Appointment, Asker, Coverage, Payer, Person, Question, Reason
from massage_billing.ports import Habit
from massage_billing.previsit import habits as learning
from massage_billing.previsit.ask import holder_of
from massage_billing.previsit.terms import Eligibility
from massage_billing.previsit.which import ToAsk

_SELF = "self"
"""Coverage.relationship of a patient who is the subscriber."""


@dataclass(frozen=True, slots=True)
class Made:
    """A question, or why there is none."""

    question: Question | None
    """The question."""
    faults: tuple[Reason, ...] = ()
    """What keeps it from being asked; empty where there is a question."""


@dataclass(frozen=True, slots=True)
class _Insured:
    subscriber: Person | None
    dependent: Person | None
    relationship: str
    faults: tuple[Reason, ...] = ()


def make(
    wanted: ToAsk,
    appointment: Appointment,
    asker: Asker | None,
    habits: Sequence[Habit],
    terms: Eligibility,
    day: Day,
    today: Date,
) -> Made:
    """The question about a coverage for an appointment, asked today.

    ``asker`` is who asks (the clinic, or the therapist when solo), None where the settings do not say. ``day`` is the
    rulebook's of the appointment's date.
    """
    coverage, payer = wanted.coverage, wanted.payer
    insured = _insured(coverage, appointment, terms)
    faults = [*_appointment(appointment, terms), *insured.faults, *_coverage(coverage, terms)]
    faults += [*_payer(payer, terms), *_asker(asker, day, terms)]
    subscriber = insured.subscriber
    if faults or appointment.patient is None or appointment.date is None or subscriber is None or asker is None:
        return Made(None, tuple(faults))
    assert payer.asking is not None  # noqa: S101
    assert coverage.member_id is not None  # noqa: S101
    holder = holder_of(coverage.id, appointment)
    version = holder.version if holder else ""
    key = question_key(
        appointment.host, appointment.patient, coverage.id, payer.key, today.isoformat(), version
    )  # fmt: skip
    return Made(
        Question(
            key=key, trace=key, host=appointment.host, patient=appointment.patient, coverage=coverage.id,
            payer=payer.key, payer_id=payer.asking.payer_id or payer.payer_id or "",
            payer_name=payer.asking.name or payer.key, payer_reference=coverage.payer.reference, asked_on=today,
            serviced=appointment.date, member_id=coverage.member_id, subscriber=subscriber,
            dependent=insured.dependent, relationship=insured.relationship, asker=asker,
            service_types=learning.to_ask(payer, habits, terms.asking.service_types), codes=appointment.codes,
            group_number=holder.group_number if holder else None, facility=appointment.site,
            therapist=appointment.therapists[0].id if appointment.therapists else None, appointment=appointment.id,
        )
    )  # fmt: skip


def _appointment(appointment: Appointment, terms: Eligibility) -> list[Reason]:
    if appointment.patient is None or appointment.person is None or appointment.date is None:
        return [terms.reason("appointment-unreadable", about=f"Appointment/{appointment.id}")]
    return []


def _insured(coverage: Coverage, appointment: Appointment, terms: Eligibility) -> _Insured:
    """Who is the subscriber, and who the dependent; with what the record lacks of who is asked about."""
    person, relation = appointment.person, coverage.relationship
    if person is None:
        return _Insured(None, None, "")
    holder = holder_of(coverage.id, appointment)
    subscriber = holder.subscriber if holder else None
    same = subscriber is not None and subscriber.reference == person.reference != ""
    if same or (subscriber is None and relation == _SELF):
        if relation not in (None, _SELF):
            return _Insured(None, None, "", (terms.reason("subscriber-unclear", about=coverage.id),))
        return _Insured(person, None, _SELF, tuple(_person(person, terms)))
    if subscriber is None:
        return _Insured(None, None, "", (terms.reason("subscriber-unknown", about=coverage.id),))
    if relation == _SELF:
        return _Insured(None, None, "", (terms.reason("subscriber-unclear", about=coverage.id),))
    faults = _person(person, terms)
    if not subscriber.last_name.strip():
        faults.append(terms.reason("no-name", about=subscriber.reference or coverage.id))
    return _Insured(subscriber, person, relation or "other", tuple(faults))


def _person(person: Person, terms: Eligibility) -> list[Reason]:
    """What is asked about is the patient: a payer finds nobody without a family name and a birth date."""
    found = []
    if not person.last_name.strip():
        found.append(terms.reason("no-name", about=person.reference))
    if person.birth_date is None:
        found.append(terms.reason("no-birth-date", about=person.reference))
    return found


def _coverage(coverage: Coverage, terms: Eligibility) -> list[Reason]:
    return [] if (coverage.member_id or "").strip() else [terms.reason("no-member-id", about=coverage.id)]


def _payer(payer: Payer, terms: Eligibility) -> list[Reason]:
    found, where = [], f"payers.yaml line {payer.line}"
    if payer.asking is None or not payer.asking.channel:
        found.append(terms.reason("payer-no-channel", about=payer.key, source=where))
    if not ((payer.asking.payer_id if payer.asking else None) or payer.payer_id):
        found.append(terms.reason("payer-no-id", about=payer.key, source=where))
    return found


def _asker(asker: Asker | None, day: Day, terms: Eligibility) -> list[Reason]:
    if asker is None or not asker.npi or not asker.name.strip():
        return [terms.reason("asker-unknown")]
    row = day.row("therapist-npi").says(NpiRow)
    valid = npi_valid(asker.npi, row.prefix, row.digits, row.first)
    return [] if valid else [terms.reason("asker-npi", about=asker.reference or None)]
