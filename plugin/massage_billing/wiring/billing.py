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
from massage_billing.clinic_files import settings_to_clinic
from massage_billing.explain import explanation
from massage_billing.explain_days import by_patient
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model import Clinic, Reading
from massage_billing.program import Program
from massage_billing.rulebook.in_use import LAST_SOUND, RELEASES, InUse
from massage_billing.run.report import NoProgress, Progress
from massage_billing.run.setup import Setup
from massage_billing.settings import Settings
from massage_billing.store import open_store
from massage_billing.wiring.hosts import opened, outputs
from massage_billing.wiring.state import one_at_a_time, store_url

if TYPE_CHECKING:
    from massage_billing.coding.rulebook import Rulebook


@contextmanager
def open_program(settings: Settings, *, host: str | None = None, progress: Progress | None = None) -> Iterator[Program]:
    """The program on one host. Raises SettingsError, StoreError, RuleFileError; closes what it opened."""
    with opened(settings, host) as at, open_store(store_url(settings, at.state)) as store:
        told: list[str] = []
        book, chosen = rulebook_of(settings, told.append), at.settings
        setup = Setup(
            host=at.host,
            store=store,
            book=book,
            clinic=settings_to_clinic(settings, at.reading),
            reading=at.reading,
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
            ledger=store.ledger(),
        )
        yield Program(setup, configured=chosen.id in settings.hosts, lock=partial(one_at_a_time, at.state, chosen.id))


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
