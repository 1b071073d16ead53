"""Billing: settings in, a program with its host, store, rules and checks out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from massage_billing.checks import claim_checker
from massage_billing.clinic_files import load_concept_map, settings_to_clinic, settings_to_reading
from massage_billing.explain import explanation
from massage_billing.explain_days import by_patient
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model import Clinic, Reading
from massage_billing.profiles import CONCEPT_MAPS
from massage_billing.profiles import folder as definitions
from massage_billing.program import Program
from massage_billing.rulebook.in_use import LAST_SOUND, RELEASES, InUse
from massage_billing.run.report import NoProgress, Progress
from massage_billing.run.setup import Setup
from massage_billing.settings import Settings
from massage_billing.store import open_store
from massage_billing.wiring.hosts import open_host, outputs
from massage_billing.wiring.state import one_at_a_time, private_folder, store_url

if TYPE_CHECKING:
    from massage_billing.coding.rulebook import Rulebook

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
    store = open_store(store_url(settings, state))
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
            outputs=outputs(chosen),
            progress=progress or NoProgress(),
            told=tuple(told),
            asking=store.asking(),
        )
        yield Program(setup, configured=chosen.id in settings.hosts, lock=partial(one_at_a_time, state, chosen.id))
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


# --- explain --------------------------------------------------------------------------------------------------------


def explain_path(
    path: Path, clinic: Clinic, reading: Reading, book: Rulebook, problem: Callable[[str], None] = lambda _: None
) -> Iterator[dict[str, object]]:
    """explain/1 of every visit in a file or folder; nothing is written but a temporary index. Memory stays flat.

    ``problem`` is told of everything that belongs to no visit: a file that is no FHIR, a Procedure without Encounter.
    """
    from massage_billing.hosts.folder import FolderHost

    with TemporaryDirectory(prefix="massage-billing-") as work:
        host = FolderHost(reading.host, path, out=Path(work) / "out", work=Path(work) / "index")
        shared = Shared(clinic.payers)
        records = (record for page in host.changes(None, None) for record in page.records)
        for visit, decision in by_patient((read_visit(one, reading, shared) for one in records), book, clinic):
            yield explanation(visit, decision, book)
        for where, what in host.problems():
            problem(f"{where}: {what}")
