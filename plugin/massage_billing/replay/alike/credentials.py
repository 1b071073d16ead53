"""Who treated, as far as the rules about credentials care.

What the clinic's own file says of a person changes only on its dates, which bound the spans (``spans.clinic_dates``);
what the host records of a person is in the key, each as it stands to the date of service.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from datetime import date as Date
from datetime import timedelta

from massage_billing.model import Clinic, Credential, Service, Therapist, Visit


def recorded(services: Sequence[Service]) -> bool:
    """Whether the host records any credential of whoever did these services."""
    return any([s.therapist is not None and bool(s.therapist.credentials) for s in services])


def of(visit: Visit, services: Sequence[Service], on: Date) -> Hashable:
    """Everybody whose credentials may be looked at, in the order of the services; and where they work."""
    supervisor = None if visit.supervisor is None else _person(visit.supervisor, on)
    people = tuple([None if s.therapist is None else _person(s.therapist, on) for s in services])
    return people, supervisor, visit.organization, visit.organization_npi


def dates(clinic: Clinic) -> Iterator[Date]:
    """Dates of service from which a credential of the clinic's file holds, or holds no more."""
    for one in clinic.credentials:
        if one.start is not None:
            yield one.start
        if one.end is not None and one.end < Date.max:
            yield one.end + timedelta(days=1)


def _person(therapist: Therapist, on: Date) -> Hashable:
    if not therapist.credentials:
        return therapist.id, therapist.npi
    return therapist.id, therapist.npi, tuple([_one(each, on) for each in therapist.credentials])


def _one(one: Credential, on: Date) -> Hashable:
    later = one.start is not None and on < one.start
    ended = one.end is not None and one.end < on
    return one.kind, one.npi, one.holder, one.payer, one.enrolled, one.state, later, ended
