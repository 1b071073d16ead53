"""Opening a host: the adapter of its kind, how it logs in, and how its records are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from massage_billing.auth_settings import BasicAuth, BearerAuth, KeyAuth, PayerAuth, SmartAuth
from massage_billing.clinic_files import load_concept_map, settings_to_reading
from massage_billing.model import MinuteSource, Reading
from massage_billing.profiles import CONCEPT_MAPS
from massage_billing.profiles import folder as definitions
from massage_billing.settings import HostKind, HostSettings, Settings
from massage_billing.wiring.state import private_folder

if TYPE_CHECKING:
    from massage_billing.hosts.fhir_server import FhirServer
    from massage_billing.hosts.folder import FolderHost
    from massage_billing.net.credentials import Credentials
    from massage_billing.net.http import Limits

    Adapter = FolderHost | FhirServer

CodeMap = dict[tuple[str, str], str]
OUT_FOLDER = "billing-out"
"""Folder beside a folder host's files in which results are appended."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A host that is open, with what whoever uses it needs to know."""

    settings: HostSettings
    """The host as it is configured."""
    state: Path
    """The state folder, which is there."""
    reading: Reading
    """How the host's records are read."""
    host: Adapter
    """Its adapter: ``ports.Host`` and ``ports.Schedule``."""


@contextmanager
def opened(settings: Settings, host: str | None, limits: Limits | None = None) -> Iterator[Opened]:
    """A host, closed whatever happens. ``limits`` go before those of the settings. Raises SettingsError, StoreError."""
    chosen, state = settings.host(host), settings.state_folder()
    private_folder(state)
    codes, places = shipped_maps()
    reading = settings_to_reading(settings, chosen, code_map=codes, place_map=places)
    adapter = open_host(chosen, state, reading, limits)
    try:
        yield Opened(chosen, state, reading, adapter)
    finally:
        adapter.close()


def shipped_maps() -> tuple[CodeMap, CodeMap]:
    """The ConceptMaps of fhir_profiles/: (system, code) → CPT or HCPCS, and → CMS place of service."""
    codes: CodeMap = {}
    places: CodeMap = {}
    for name in CONCEPT_MAPS:
        more_codes, more_places = load_concept_map(Path(str(definitions() / f"ConceptMap-{name}.json")))
        codes.update(more_codes)
        places.update(more_places)
    return codes, places


def open_host(settings: HostSettings, state: Path, reading: Reading, limits: Limits | None = None) -> Adapter:
    """The adapter for a host."""
    if settings.kind is HostKind.FOLDER:
        from massage_billing.hosts.folder import FolderHost

        folder = Path(settings.place)
        return FolderHost(settings.id, folder, out=_out(folder), work=state / f"{settings.id}.index")
    from massage_billing.hosts.fhir_server import FhirServer
    from massage_billing.hosts.fhir_source import FhirSettings

    limits = limits or limits_of(settings)
    observations = MinuteSource.OBSERVATION in reading.minute_sources and reading.minute_observations != frozenset()
    chosen = FhirSettings(limits=limits, observations=observations, verify=verify(settings))
    adapter = FhirServer
    if settings.kind is HostKind.OPENEMR:
        from massage_billing.hosts.openemr import OpenEmr

        adapter = OpenEmr
    return adapter(settings.id, settings.place, credentials(settings, limits), settings=chosen)


def limits_of(settings: HostSettings) -> Limits:
    """Time limits of calls to a host."""
    from massage_billing.net.http import Limits

    timeouts = settings.timeouts
    return Limits(connect=timeouts.connect.total_seconds(), read=timeouts.read.total_seconds())


def credentials(settings: HostSettings, limits: Limits) -> Credentials:
    """How to log in at a host."""
    return login(settings.auth, settings.place, limits, verify(settings), ask_for=_scopes(settings, limits))


def login(
    auth: PayerAuth,
    place: str,
    limits: Limits,
    verify: bool | str,
    scopes: tuple[str, ...] = (),
    ask_for: Callable[[], Sequence[str]] | None = None,
) -> Credentials:
    """How to log in somewhere; secrets are read when they are needed, never kept in settings.

    ``scopes``, or what ``ask_for`` gives once the host is asked, are asked for where the settings name none; without
    either the adapter's own.
    """
    from massage_billing.net.credentials import BareKey, BasicPassword, BearerToken, NoCredentials
    from massage_billing.net.smart import SmartBackend, SmartSettings

    if isinstance(auth, BearerAuth):
        return BearerToken(auth.token)
    if isinstance(auth, BasicAuth):
        return BasicPassword(auth.user, auth.password)
    if isinstance(auth, KeyAuth):
        return BareKey(auth.key)
    if isinstance(auth, SmartAuth):
        registered = SmartSettings(
            client_id=auth.client_id,
            read_key=auth.key,
            token_url=auth.token_url,
            algorithm=auth.algorithm,
            key_id=auth.key_id,
        )
        if auth.scopes or scopes:
            registered = replace(registered, scopes=auth.scopes or scopes)
        elif ask_for is not None:
            registered = replace(registered, ask_for=ask_for)
        return SmartBackend(place, registered, limits=limits, verify=verify)
    return NoCredentials()


def _scopes(settings: HostSettings, limits: Limits) -> Callable[[], Sequence[str]] | None:
    """What to ask for where the settings do not say, by what the host offers; None leaves it to the adapter."""
    if settings.kind is not HostKind.OPENEMR:
        return None
    from massage_billing.hosts.openemr import scopes_of

    return lambda: scopes_of(settings.place, limits, verify=verify(settings))


def verify(settings: HostSettings) -> bool | str:
    """Whose certificates are believed: the machine's, or those of ``ca_file``."""
    return True if settings.ca_file is None else str(settings.ca_file)


def _out(place: Path) -> Path:
    """Where results of a folder go: into the folder; of a single file, beside it."""
    return (place.parent if place.is_file() else place) / OUT_FOLDER


def outputs(settings: HostSettings) -> tuple[str, ...]:
    """Where results are found, for reports."""
    if settings.kind is not HostKind.FOLDER:
        return (settings.place,)
    out = _out(Path(settings.place))
    return tuple(str(out / name) for name in ("Claim.ndjson", "Provenance.ndjson", "Task.ndjson"))
