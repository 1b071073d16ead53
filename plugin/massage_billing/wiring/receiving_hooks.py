"""What EHRs call: settings in, routes on an application out. Where the settings ask for nothing, nothing is mounted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Final

from massage_billing.errors import HostError, SettingsError
from massage_billing.fhir.dates import zone_named
from massage_billing.hooks import booking, discharge
from massage_billing.hooks.answers import Answers
from massage_billing.hooks.app import Desk, cds_routes
from massage_billing.hooks.cards import Card
from massage_billing.hooks.feedback import Counts
from massage_billing.hooks.notices import Receiver, notice_routes
from massage_billing.hooks.places import Places
from massage_billing.hooks.trust import FileKeys, Keys, Known, Trust, UrlKeys
from massage_billing.hooks.waker import Waker
from massage_billing.metering.meters import meters
from massage_billing.ports import JsonObject
from massage_billing.ports.booking import Prefetched
from massage_billing.ports.jobs import JobKind, Jobs
from massage_billing.settings import HostKind, Settings
from massage_billing.sweep.proposed import judge_proposed
from massage_billing.wiring.workbench import Workbench, open_offices

if TYPE_CHECKING:
    from fastapi import FastAPI

    from massage_billing.desk.office import Office

BY: Final = "subscription"
"""Who asks for a job that a notice began."""


class OfficeAdviser:
    """Implements ``hooks.app.Adviser`` over open hosts; asks no payer, writes nothing."""

    def __init__(self, offices: Workbench, places: Places) -> None:
        self._offices, self._places = offices, places

    def booking(self, host: str, patient: str, appointments: Sequence[JsonObject], given: Prefetched) -> list[Card]:
        """See ``Adviser``."""
        with self._office(host).sweep() as sweep:
            judged = judge_proposed(sweep.setup, patient, appointments, given, sweep.today())
        return booking.cards_of(judged, self._places)

    def discharge(self, host: str, patient: str, encounter: str) -> list[Card]:
        """See ``Adviser``; of a visit that is another patient's, nothing."""
        with self._office(host).program() as program:
            visit, decision = program.visit_and_decision(encounter)
        return discharge.cards_of(decision, host, self._places) if visit.patient == f"Patient/{patient}" else []

    def warm(self, host: str) -> list[Card]:
        """Read rules, files and what the host can do, so that the first call finds them read. No cards."""
        with self._office(host).program() as program, self._office(host).sweep():
            program.setup.host.capabilities()
        return []

    def _office(self, host: str) -> Office:
        office = self._offices.office(host)
        if office is None:
            raise HostError(f"Host {host} is not configured.")
        return office


def mount(app: FastAPI, settings: Settings, jobs: Jobs) -> Callable[[], None]:
    """Put the routes on an application; what closes what they need. Raises SettingsError, StoreError."""
    told = meters(frozenset(settings.hosts))
    with ExitStack() as stack:
        if settings.hooks.clients:
            app.include_router(cds_routes(_desk(settings, stack, told)))
        if settings.hooks.subscription.on:
            app.include_router(notice_routes(_receiver(settings, jobs, stack, told)))
        return stack.pop_all().close
    raise AssertionError("an ExitStack swallows nothing")


def _desk(settings: Settings, stack: ExitStack, counts: Counts) -> Desk:
    hooks = settings.hooks
    known = {client.issuer: _known(settings, name, stack) for name, client in hooks.clients.items()}
    offices = stack.enter_context(open_offices(settings))
    access, adviser = offices.store.access(), OfficeAdviser(offices, Places(hooks.url or ""))
    desk = Desk(
        base=hooks.url or "",
        trust=Trust(known, lambda: access),
        adviser=adviser,
        record=access.record,
        seconds=hooks.answer_ms / 1000,
        counts=counts,
        origins=frozenset(hooks.origins),
        answers=Answers(),
    )
    stack.callback(desk.close)
    for host in {one.host for one in known.values()}:
        desk.answers.begin(f"warm {host}", partial(adviser.warm, host))  # a host that is away is no matter yet
    return desk


def _known(settings: Settings, name: str, stack: ExitStack) -> Known:
    """An EHR of the settings, with the host whose records it means."""
    client = settings.hooks.clients[name]
    host = settings.host(client.host)
    if host.kind is HostKind.FOLDER or host.url is None:
        what = f"hooks.clients.{name}: host {host.id} is a folder, and no EHR calls for one."
        raise SettingsError(what, "Name a host of kind fhir or openemr.")
    if host.zone is None or zone_named(host.zone) is None:
        raise SettingsError(f"Host {host.id} has no time zone, so no day is certain.", f"Set hosts.{host.id}.zone.")
    keys: Keys
    if client.jwks_file is not None:
        keys = FileKeys(client.jwks_file)
    else:
        keys = from_url = UrlKeys(str(client.jwks_url))
        stack.callback(from_url.close)
    servers = frozenset(one.rstrip("/") for one in (host.url, *client.fhir_servers))
    return Known(name, host.id, servers, keys, client.tenant)


def _receiver(settings: Settings, jobs: Jobs, stack: ExitStack, counts: Counts) -> Receiver:
    subscription = settings.hooks.subscription
    subscription.token()  # says now that it is not there, and not only when a host calls
    waker = Waker(lambda host, encounters: begin(jobs, host, encounters), subscription.pause.total_seconds())
    waker.open()
    stack.callback(waker.close)
    return Receiver(hosts=tuple(settings.hosts), token=subscription.token, wake=waker.wake, counts=counts)


def begin(jobs: Jobs, host: str, encounters: Sequence[str]) -> bool:
    """Have the news of a host read: of some Encounters, or everything new. False where it is busy."""
    kind = JobKind.VISIT if encounters else JobKind.RUN
    return jobs.ask(kind, host, BY, tuple(encounters)).new or kind is JobKind.VISIT
