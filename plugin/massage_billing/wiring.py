"""The one place that picks adapters: settings in, a program with its host, store, rules and checks out."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from massage_billing.auth_settings import BearerAuth, SmartAuth
from massage_billing.checks import claim_checker
from massage_billing.clinic_files import load_concept_map, settings_to_clinic, settings_to_reading
from massage_billing.errors import StoreError
from massage_billing.explain import explanation
from massage_billing.explain_days import by_patient
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model import Clinic, MinuteSource, Reading
from massage_billing.profiles import CONCEPT_MAPS
from massage_billing.profiles import folder as definitions
from massage_billing.program import HostCheck, Program
from massage_billing.rulebook.files import load_rulebook
from massage_billing.rulebook.in_use import LAST_SOUND, RELEASES, InUse
from massage_billing.run.report import NoProgress, Progress
from massage_billing.run.setup import Setup
from massage_billing.settings import HostKind, HostSettings, Settings
from massage_billing.store import open_store

if TYPE_CHECKING:
    from massage_billing.coding.rulebook import Rulebook
    from massage_billing.net.credentials import Credentials
    from massage_billing.net.http import Limits
    from massage_billing.ports import Host

__all__ = ["HostCheck", "Program", "explain_path", "load_rulebook", "open_program", "rulebook_of", "shipped_maps"]

OUT_FOLDER = "billing-out"
"""Folder beside a folder host's files in which results are appended."""

CodeMap = dict[tuple[str, str], str]


def shipped_maps() -> tuple[CodeMap, CodeMap]:
    """The ConceptMaps of fhir_profiles/: (system, code) → CPT or HCPCS, and → CMS place of service."""
    codes: CodeMap = {}
    places: CodeMap = {}
    for name in CONCEPT_MAPS:
        more_codes, more_places = load_concept_map(Path(str(definitions() / f"ConceptMap-{name}.json")))
        codes.update(more_codes)
        places.update(more_places)
    return codes, places


@contextmanager
def open_program(settings: Settings, *, host: str | None = None, progress: Progress | None = None) -> Iterator[Program]:
    """The program on one host. Raises SettingsError, StoreError, RuleFileError; closes what it opened."""
    chosen = settings.host(host)
    state = settings.state_folder()
    private_folder(state)
    codes, places = shipped_maps()
    reading = settings_to_reading(settings, chosen, code_map=codes, place_map=places)
    told: list[str] = []
    book = rulebook_of(settings, told.append)
    adapter = open_host(chosen, state, reading)
    store = open_store(_store_url(settings, state))
    try:
        setup = Setup(
            host=adapter,
            store=store,
            book=book,
            clinic=settings_to_clinic(settings, reading),
            reading=reading,
            check=claim_checker(book, schema=settings.validate_.schema_, model=settings.validate_.model),
            start=chosen.billing.start,
            settle=chosen.billing.settle,
            capture=chosen.billing.no_charge_capture,
            draft=chosen.claims.write_as == "draft",
            demo=chosen.demo,
            retention=timedelta(days=settings.state.retention_days),
            outputs=_outputs(chosen),
            progress=progress or NoProgress(),
            told=tuple(told),
        )
        yield Program(setup, configured=chosen.id in settings.hosts, lock=partial(_one_at_a_time, state, chosen.id))
    finally:
        store.close()
        closing: object = getattr(adapter, "close", None)
        if callable(closing):
            closing()


def rulebook_of(settings: Settings, tell: Callable[[str], None] = lambda _: None) -> Rulebook:
    """The rules of a clinic: ours, its own policies, the releases it imported.

    Where a file of its own has a mistake, the policies that were last sound are used and ``tell`` hears why. Raises
    RuleFileError where there never were any.
    """
    kept = settings.state_folder() / "rulebook"
    refused = "{} What was last sound is used; `massage-billing rules check` names every mistake."
    in_use = InUse(
        settings.rules.own_policies, kept / RELEASES, kept / LAST_SOUND, lambda error: tell(refused.format(error.what))
    )
    return in_use.book()


def private_folder(folder: Path) -> None:
    """Make a folder that only its owner can look into (DESIGN 23)."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be made ({error.strerror}).", "Set state.folder to one that can.") from None


def _store_url(settings: Settings, state: Path) -> str | Path:
    name = settings.state.database_env
    if name is None:
        return state
    url = os.environ.get(name)
    if not url:
        raise StoreError(f"Environment variable {name} is not set.", "Set it to the database's URL.")
    return url


def billed_codes(settings: Settings) -> frozenset[str]:
    """Service codes of the Claims written lately; none where nothing was ever written. Raises StoreError."""
    from massage_billing.store.billed import billed_codes as codes_of
    from massage_billing.store.opening import FILE_NAME

    state = settings.state_folder()
    if settings.state.database_env is None and not (state / FILE_NAME).is_file():
        return frozenset()
    return codes_of(_store_url(settings, state))


@contextmanager
def _one_at_a_time(state: Path, host: str) -> Iterator[None]:
    """One run a host on one machine: a second waits for the first. A killed process holds nothing."""
    descriptor = os.open(state / f"{host}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


# --- hosts ----------------------------------------------------------------------------------------------------------


def open_host(settings: HostSettings, state: Path, reading: Reading) -> Host:
    """The adapter for a host."""
    if settings.kind is HostKind.FOLDER:
        from massage_billing.hosts.folder import FolderHost

        folder = Path(settings.place)
        return FolderHost(settings.id, folder, out=_out(folder), work=state / f"{settings.id}.index")
    from massage_billing.hosts.fhir_server import FhirServer
    from massage_billing.hosts.fhir_source import FhirSettings

    limits = _limits(settings)
    observations = MinuteSource.OBSERVATION in reading.minute_sources and reading.minute_observations != frozenset()
    chosen = FhirSettings(limits=limits, observations=observations, verify=_verify(settings))
    adapter = FhirServer
    if settings.kind is HostKind.OPENEMR:
        from massage_billing.hosts.openemr import OpenEmr

        adapter = OpenEmr
    return adapter(settings.id, settings.place, _credentials(settings, limits), settings=chosen)


def _limits(settings: HostSettings) -> Limits:
    from massage_billing.net.http import Limits

    timeouts = settings.timeouts
    return Limits(connect=timeouts.connect.total_seconds(), read=timeouts.read.total_seconds())


def _credentials(settings: HostSettings, limits: Limits) -> Credentials:
    """How to log in; secrets are read when they are needed, never kept in settings."""
    from massage_billing.net.credentials import BearerToken, NoCredentials
    from massage_billing.net.smart import SmartBackend, SmartSettings

    auth = settings.auth
    if isinstance(auth, BearerAuth):
        return BearerToken(auth.token)
    if isinstance(auth, SmartAuth):
        registered = SmartSettings(
            client_id=auth.client_id,
            read_key=auth.key,
            token_url=auth.token_url,
            algorithm=auth.algorithm,
            key_id=auth.key_id,
        )
        scopes = auth.scopes or _scopes(settings.kind)
        if scopes:
            registered = replace(registered, scopes=scopes)
        return SmartBackend(settings.place, registered, limits=limits, verify=_verify(settings))
    return NoCredentials()


def _scopes(kind: HostKind) -> tuple[str, ...]:
    """What to ask for where the settings do not say; none leaves it to the adapter."""
    if kind is not HostKind.OPENEMR:
        return ()
    from massage_billing.hosts.openemr_can import SCOPES

    return SCOPES


def _verify(settings: HostSettings) -> bool | str:
    """Whose certificates are believed: the machine's, or those of ``ca_file``."""
    return True if settings.ca_file is None else str(settings.ca_file)


def _out(place: Path) -> Path:
    """Where results of a folder go: into the folder; of a single file, beside it."""
    return (place.parent if place.is_file() else place) / OUT_FOLDER


def _outputs(settings: HostSettings) -> tuple[str, ...]:
    if settings.kind is not HostKind.FOLDER:
        return (settings.place,)
    out = _out(Path(settings.place))
    return tuple(str(out / name) for name in ("Claim.ndjson", "Provenance.ndjson", "Task.ndjson"))


# --- explain --------------------------------------------------------------------------------------------------------


def explain_path(
    path: Path, clinic: Clinic, reading: Reading, book: Rulebook, problem: Callable[[str], None] = lambda _: None
) -> Iterator[dict[str, object]]:
    """explain/1 of every visit in a file or folder; nothing is written but a temporary index. Memory stays flat.

    ``problem`` is told of everything that belongs to no visit: a file that is no FHIR, a Procedure without Encounter.
    """
    from massage_billing.hosts.folder import FolderHost

    with TemporaryDirectory(prefix="massage-billing-") as work:
        host, shared = FolderHost(reading.host, path, out=Path(work) / "out", work=Path(work) / "index"), Shared()
        records = (record for page in host.changes(None, None) for record in page.records)
        for visit, decision in by_patient((read_visit(one, reading, shared) for one in records), book, clinic):
            yield explanation(visit, decision, book)
        for where, what in host.problems():
            problem(f"{where}: {what}")
