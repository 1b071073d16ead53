"""The workbench's door: who may log in where, by the settings as they stand now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import structlog

from massage_billing.access.guard import Guard, VisitOf
from massage_billing.access.links import Links
from massage_billing.access.place import place_of
from massage_billing.access.roles import LoginHost
from massage_billing.access.sessions import Sessions
from massage_billing.access.smart_login import SmartLogin
from massage_billing.errors import MassageBillingError
from massage_billing.model.desk import Role
from massage_billing.ports import JsonObject
from massage_billing.ports.access import Access
from massage_billing.settings import Settings, load_settings
from massage_billing.wiring.hosts import credentials, verify
from massage_billing.wiring.state import private_folder, store_url

if TYPE_CHECKING:
    from massage_billing.net.http import HttpClient

_log = structlog.get_logger(__name__)
_LOOK: Final = 1.0
"""Seconds after which the settings file is looked at again."""


def guard_of(settings: Settings, access: Access, visit_of: VisitOf | None = None) -> Guard:
    """The door of a workbench. ``settings.serve.address`` is where it really listens. Nothing is called yet.

    Raises SettingsError where others than this machine reach it, and no https address of it is set.
    """
    place, chosen, roster = place_of(settings), settings.workbench, RosterFile(settings)
    sessions = Sessions(access, roster, chosen.session_idle, chosen.session_whole, place.loopback)
    smart = SmartLogin(access, roster, place, StaffReader(settings))
    links = Links(access, place, chosen.link_life)
    guard = Guard(place, access, sessions, smart, links, tuple(settings.hosts))
    if visit_of is not None:
        guard.visit_of = visit_of
    return guard


@contextmanager
def open_access(settings: Settings) -> Iterator[Access]:
    """What is remembered of people at the workbench, for the command line. Raises SettingsError, StoreError."""
    from massage_billing.store import open_store

    state = settings.state_folder()
    private_folder(state)
    with open_store(store_url(settings, state)) as store:
        yield store.access()


def offer_links(settings: Settings, access: Access, role: Role, host: str | None = None) -> list[str]:
    """One-time links for the console, one a host. Raises SettingsError where others than this machine reach the
    workbench; StoreError."""
    chosen = [settings.host(host).id] if host is not None else list(settings.hosts)
    links = Links(access, place_of(settings), settings.workbench.link_life)
    return [links.offer(one, role) for one in chosen]


def roster_of(settings: Settings) -> dict[str, LoginHost]:
    """Hosts at which people log in, by id."""
    found = {}
    for key, login in settings.workbench.hosts.items():
        host = settings.hosts[key]
        found[key] = LoginHost(key, (host.url or "").rstrip("/"), login, verify(host))
    return found


class RosterFile:
    """Who has which role, read again when the settings file changes: whoever is struck out is out at the next click.
    While the file has a mistake, what was last sound counts."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._file, self._clock = settings.source, clock
        self._roster = roster_of(settings)
        self._stamp, self._looked = self._stamped(), clock()
        self._lock = threading.Lock()

    def __call__(self) -> Mapping[str, LoginHost]:
        """The hosts, by id."""
        with self._lock:
            now = self._clock()
            if self._file is not None and now - self._looked >= _LOOK:
                self._looked = now
                self._read()
            return self._roster

    def _read(self) -> None:
        stamp = self._stamped()
        if self._file is None or stamp == self._stamp or stamp is None:
            return
        self._stamp = stamp
        try:
            self._roster = roster_of(load_settings(self._file))
        except MassageBillingError:
            _log.warning("workbench.settings_refused", file=str(self._file), used="the last sound ones")

    def _stamped(self) -> tuple[int, int] | None:
        try:
            found = self._file.stat() if self._file is not None else None
        except OSError:
            return None
        return (found.st_size, found.st_mtime_ns) if found is not None else None


class StaffReader:
    """Reads members of the clinic from their host, as this service: to see who a PractitionerRole or Person is, and
    what he or she is called. A host that does not answer, or does not allow it, leaves the reference as it is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, host: str, reference: str) -> JsonObject | None:
        """The resource; None where there is none, or none to be had."""
        from massage_billing.access.fetching import json_object

        try:
            client = self._client(host)
        except MassageBillingError:
            return None
        try:
            return client.call("GET", reference, attempts=1, read=json_object)
        except MassageBillingError:
            return None
        finally:
            client.close()

    def _client(self, host: str) -> HttpClient:
        from massage_billing.access.fetching import LIMITS
        from massage_billing.net.http import HttpClient

        chosen = self._settings.host(host)
        login = credentials(chosen, LIMITS)
        return HttpClient(chosen.place, login, limits=LIMITS, connections=1, verify=verify(chosen))
