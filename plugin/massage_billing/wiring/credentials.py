"""Checking credentials: the NPI registry with its memory, and what the host's calendar says of coming visits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from typing import TYPE_CHECKING

from massage_billing.clinic_files import settings_to_clinic
from massage_billing.errors import NoRuleForDate
from massage_billing.model import Appointment, Clinic, Credential, Therapist
from massage_billing.previsit.credentials import Planned, planned_of
from massage_billing.rulebook.eligibility_files import load_eligibility
from massage_billing.run.report import NoProgress, Progress
from massage_billing.settings import Settings
from massage_billing.wiring.billing import rulebook_of
from massage_billing.wiring.hosts import opened
from massage_billing.wiring.state import private_folder, store_url

if TYPE_CHECKING:
    from massage_billing.coding.rulebook import Rulebook
    from massage_billing.ports.npi_registry import NpiRegistry


@dataclass(frozen=True, slots=True)
class ComingVisits:
    """What a host's calendar says of coming visits."""

    therapists: tuple[Therapist, ...] = ()
    """Everybody who will treat, each once."""
    host: tuple[Credential, ...] = ()
    """What the host records of their credentials and the clinic's."""
    planned: tuple[tuple[str, Planned], ...] = ()
    """(Appointment id, what is planned), of those that a payer would be billed for."""


@contextmanager
def open_registry(settings: Settings) -> Iterator[NpiRegistry | None]:
    """The NPI registry, which remembers its answers in the store; None where the settings name none.

    Raises SettingsError, StoreError.
    """
    given = settings.npi_registry
    if given is None:
        yield None
        return
    from massage_billing.registries.cached import CachedRegistry
    from massage_billing.registries.nppes import Nppes
    from massage_billing.store import open_store

    state = settings.state_folder()
    private_folder(state)
    registry = Nppes(given.url, verify=True if given.ca_file is None else str(given.ca_file))
    try:
        with open_store(store_url(settings, state)) as store:
            asking = store.asking()
            yield CachedRegistry(registry, asking.kept, asking.keep, timedelta(days=given.max_age_days))
    finally:
        registry.close()


def coming_visits(
    settings: Settings, host: str | None, first: Date, last: Date, progress: Progress | None = None
) -> ComingVisits:
    """What the host's calendar says of these days. Payers are not asked, and what they answered is not looked at.
    Raises SettingsError, HostError."""
    from massage_billing.fhir.appointment import read_appointment

    told, found = progress or NoProgress(), []
    with opened(settings, host) as at:
        clinic = settings_to_clinic(settings, at.reading)
        for record in at.host.appointments(first, last):
            found.append(read_appointment(record, at.reading, clinic.payers))
            told.advance("appointments", len(found), None)
    return _coming([one for one in found if one.date and first <= one.date <= last], clinic, rulebook_of(settings))


def _coming(found: list[Appointment], clinic: Clinic, book: Rulebook) -> ComingVisits:
    terms = load_eligibility()
    coming = [one for one in found if one.status in terms.asking.appointments.statuses]
    therapists = {each.id: each for one in coming for each in one.therapists}
    host = dict.fromkeys(each for one in coming for each in one.credentials)
    planned = [(one.id, plan) for one in coming if (plan := _planned(one, clinic, book)) is not None]
    return ComingVisits(tuple(therapists.values()), tuple(host), tuple(planned))


def _planned(one: Appointment, clinic: Clinic, book: Rulebook) -> Planned | None:
    """What is planned, where a payer would be billed; None where the patient pays, or it cannot be told."""
    from massage_billing.previsit.which import billed

    if one.date is None:
        return None
    try:
        choice = billed(one, clinic, book.on(one.date), {}, load_eligibility())
    except NoRuleForDate:
        return None
    return planned_of(one, choice.payer, choice.coverage) if choice.payer is not None else None
