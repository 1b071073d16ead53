"""The workbench: settings in, its hosts opened once, its pages on an application out.

Everything is opened once and shared by the threads that draw pages. A FHIR server serves many at a time, an adapter of
a folder one: of these there are several, and each is lent. Payers, fees, papers, credentials and policies are read
again when their files change: where one has a mistake, what was last sound stays in use, and Health says why.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import date as Date
from queue import LifoQueue
from typing import TYPE_CHECKING, Final, TypeVar

from massage_billing.clinic_files import settings_to_clinic
from massage_billing.coding.rulebook import Rulebook
from massage_billing.desk.office import Office, Offices
from massage_billing.desk.people import Names
from massage_billing.errors import SettingsError
from massage_billing.fhir.dates import zone_named
from massage_billing.model import Clinic
from massage_billing.ports import Asking
from massage_billing.ports.jobs import Jobs
from massage_billing.ports.ledger import Ledger
from massage_billing.ports.people import People
from massage_billing.program import Program
from massage_billing.releases.shelf import Shelf, folder_of
from massage_billing.rulebook.in_use import LAST_SOUND, RELEASES, InUse
from massage_billing.settings import HostKind, Settings
from massage_billing.store import open_store
from massage_billing.wiring.asking import sweep_setup
from massage_billing.wiring.billing import Parts, program_of
from massage_billing.wiring.hosts import Opened, opened
from massage_billing.wiring.learning import open_learning
from massage_billing.wiring.state import private_folder, store_url

if TYPE_CHECKING:
    from fastapi import FastAPI

    from massage_billing.access.guard import Guard
    from massage_billing.net.http import Limits
    from massage_billing.remittance.denials import Period
    from massage_billing.remittance.proposals import Proposals
    from massage_billing.store.sql import SqlStore
    from massage_billing.sweep.sweep import Sweep
    from massage_billing.web.site import Site

T = TypeVar("T")
_MINUTE: Final = 60.0
_FOLDERS: Final = 3
"""Adapters of a folder: a page, the day that is judged behind another, names."""
_CONNECT: Final = 3.0
_READ: Final = 8.0
"""Seconds that a page waits for a host: somebody looks at it meanwhile, where a run has more time."""


class _Files:
    """The clinic's files as they were last sound, and why the present ones are not in use. For several threads."""

    def __init__(self, settings: Settings, at: Opened, book: InUse) -> None:
        self._settings, self._at, self._book = settings, at, book
        self._lock = threading.Lock()
        self._stamp: tuple[tuple[str, int, int], ...] | None = None
        self._clinic: Clinic | None = None
        self._refused = ""

    def book(self) -> Rulebook:
        """The rules in use."""
        with self._lock:
            return self._book.book()

    def clinic(self) -> Clinic:
        """Payers, fees, papers and credentials in use. Raises SettingsError where they never were sound."""
        with self._lock:
            stamp = tuple(_stamps(self._settings))
            if self._clinic is None or stamp != self._stamp:
                try:
                    self._clinic = settings_to_clinic(self._settings, self._at.reading)
                    self._refused = ""
                except SettingsError as problem:
                    if self._clinic is None:
                        raise
                    self._refused = f"{problem.what} What was last sound is used."
                self._stamp = stamp
            return self._clinic

    def told(self) -> tuple[str, ...]:
        """Why files are not in use."""
        with self._lock:
            refused = self._book.refused
            rules = f"{refused.what} What was last sound is used." if refused is not None else ""
            return tuple(one for one in (rules, self._refused) if one)


def _stamps(settings: Settings) -> Iterator[tuple[str, int, int]]:
    """What tells whether one of the clinic's files was changed."""
    clinic = settings.clinic
    for file in (clinic.payers, clinic.fees, clinic.papers, clinic.credentials, *clinic.concept_maps):
        if file is not None:
            try:
                found = file.stat()
            except OSError:
                yield str(file), -1, -1
            else:
                yield str(file), found.st_size, found.st_mtime_ns


@dataclass(frozen=True, slots=True)
class _Place:
    """One host, open."""

    settings: Settings
    at: Opened
    """For what is configured; whoever asks the host is lent one."""
    store: SqlStore
    asking: Asking
    ledger: Ledger
    files: _Files
    lend: Callable[[], AbstractContextManager[Opened]]
    """The host, for as long as it is used."""
    owner: str

    def now(self) -> datetime:
        """The time at the clinic."""
        named = self.at.reading.zone
        zone = zone_named(named) if named else None
        if zone is None:
            host = self.at.settings.id
            what = f"Host {host} has no time zone, so no day is certain."
            raise SettingsError(what, f"Set hosts.{host}.zone to an IANA zone.")
        return datetime.now(UTC).astimezone(zone)

    @contextmanager
    def people(self) -> Iterator[People]:
        """Whoever knows people's names."""
        with self.lend() as at:
            yield at.host

    @contextmanager
    def program(self) -> Iterator[Program]:
        """Billing on the host."""
        files = self.files
        with self.lend() as at:
            parts = Parts(at, self.store, self.asking, self.ledger, files.book(), files.clinic())
            yield program_of(self.settings, parts, told=files.told())

    @contextmanager
    def sweep(self) -> Iterator[Sweep]:
        """The calendar."""
        from massage_billing.payers.guarded import GuardedAsker
        from massage_billing.sweep.sweep import Sweep

        files, settings = self.files, self.settings
        with ExitStack() as stack:
            at = stack.enter_context(self.lend())
            setup = sweep_setup(settings, at, self.store, self.asking, files.book(), files.clinic(), self.owner, stack)
            yield Sweep(setup, GuardedAsker(settings.eligibility.at_once))

    def propose(self, period: Period, at_least: int, today: Date) -> Proposals:
        """Policies drafted from denials; reads the host with an adapter of its own."""
        with open_learning(self.settings, self.at.settings.id) as learning:
            return learning.propose(period, at_least, today)


class Workbench:
    """Every configured host, open: ``desk.office.Offices``."""

    def __init__(self, offices: dict[str, Office], store: SqlStore) -> None:
        self._offices = offices
        self.store = store
        """Sessions and the audit trail lie in it too."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Host ids, as the settings list them."""
        return tuple(self._offices)

    def office(self, host: str) -> Office | None:
        """A host by its id."""
        return self._offices.get(host)


@contextmanager
def open_offices(settings: Settings) -> Iterator[Workbench]:
    """Every configured host and the store, closed whatever happens. Raises SettingsError, StoreError."""
    from massage_billing.store.askers import Askers

    state = settings.state_folder()
    private_folder(state)
    with ExitStack() as stack:
        store = stack.enter_context(open_store(store_url(settings, state)))
        askers = Askers(state)
        owner = stack.enter_context(askers.asker())
        kept = state / "rulebook"
        book = InUse(settings.rules.own_policies, kept / RELEASES, kept / LAST_SOUND)
        offices = {}
        for host in settings.hosts:
            lent = _opened(settings, host, stack)
            place = _Place(
                settings=settings,
                at=lent[0],
                store=store,
                asking=store.asking(askers.alive),
                ledger=store.ledger(),
                files=_Files(settings, lent[0], book),
                lend=_lender(lent),
                owner=owner,
            )
            offices[host] = _office(settings, place)
        yield Workbench(offices, store)


def _opened(settings: Settings, host: str, stack: ExitStack) -> list[Opened]:
    """The adapters of a host: one of a FHIR server, several of a folder."""
    many = _FOLDERS if settings.hosts[host].kind is HostKind.FOLDER else 1
    return [stack.enter_context(opened(settings, host, _hurried(settings, host))) for _ in range(many)]


def _lender(lent: Sequence[Opened]) -> Callable[[], AbstractContextManager[Opened]]:
    """Lends one that nobody uses, and waits for one; a single one is everybody's."""
    if len(lent) == 1:
        return lambda: nullcontext(lent[0])
    free: LifoQueue[Opened] = LifoQueue()
    for one in lent:
        free.put(one)

    @contextmanager
    def lend() -> Iterator[Opened]:
        at = free.get()
        try:
            yield at
        finally:
            free.put(at)

    return lend


def _hurried(settings: Settings, host: str) -> Limits | None:
    """Time limits of a page; None of a folder."""
    given = settings.hosts[host]
    if given.kind is HostKind.FOLDER:
        return None
    from massage_billing.net.http import Limits

    connect, read = given.timeouts.connect.total_seconds(), given.timeouts.read.total_seconds()
    return Limits(
        connect=min(connect, _CONNECT),
        read=min(read, _READ),
        total=2 * _READ,
        attempts=2,
        patience=_READ,
        retry_after=1,
    )


def _minutely(make: Callable[[], T], clock: Callable[[], float] = time.monotonic) -> Callable[[], T]:
    """What ``make`` gives, made anew after a minute. For several threads, which may make it twice."""
    kept: list[tuple[float, T]] = []

    def get() -> T:
        now = clock()
        if kept and now - kept[-1][0] < _MINUTE:
            return kept[-1][1]
        made = make()
        kept[:] = [(now, made)]
        return made

    return get


def _office(settings: Settings, place: _Place) -> Office:
    from massage_billing.store.tables import HEAD

    chosen, desk = place.at.settings, place.store.desk()
    login = settings.workbench.login(chosen.id)
    staff = {} if login is None else {who: worker.name for who, worker in login.people.items()}
    shelf = Shelf(folder_of(place.at.state))
    return Office(
        id=chosen.id,
        kind=chosen.kind.value,
        name=settings.clinic.name,
        url=str(chosen.url) if chosen.url is not None else None,
        schema=HEAD,
        store=place.store,
        desk=desk,
        ledger=place.ledger,
        asking=place.asking,
        names=Names(place.people, given=staff),
        staff=tuple(staff),
        payers=_minutely(lambda: tuple(desk.payers(chosen.id))),
        now=place.now,
        book=place.files.book,
        clinic=place.files.clinic,
        program=place.program,
        sweep=place.sweep,
        propose=place.propose,
        releases=shelf.releases,
        told=place.files.told,
    )


def mount(app: FastAPI, settings: Settings, jobs: Jobs) -> Callable[[], None]:
    """Put the workbench on an application: its pages, the door, the audit trail; what is returned closes it.

    Raises SettingsError, StoreError.
    """
    from massage_billing.wiring.entrance import guard_of

    stack = ExitStack()
    try:
        offices = stack.enter_context(open_offices(settings))
        put_together(app, offices, guard_of(settings, offices.store.access(), last_visit(offices)), jobs)
    except BaseException:
        stack.close()
        raise
    return stack.close


def put_together(app: FastAPI, offices: Offices, guard: Guard, jobs: Jobs) -> Site:
    """The pages of these hosts behind this door."""
    from massage_billing.access.audit_routes import audit_routes
    from massage_billing.access.routes import routes
    from massage_billing.web.app import mount as mount_pages
    from massage_billing.web.site import Site

    site = Site(guard, offices, jobs)
    mount_pages(app, site)
    app.include_router(routes(guard, site.page))
    app.include_router(audit_routes(guard, site.page))
    return site


def last_visit(offices: Workbench) -> Callable[[str, str], str | None]:
    """Finds the page of a patient whom the EHR had open: (host id, "Patient/3") -> Encounter id of the last visit."""

    def find(host: str, patient: str) -> str | None:
        rows = offices.store.of_patients(host, [patient])
        return rows[-1].encounter if rows else None

    return find
