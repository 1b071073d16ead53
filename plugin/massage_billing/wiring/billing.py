"""Billing: settings in, a program with its host, store, rules and checks out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from massage_billing.checks import claim_checker
from massage_billing.clinic_files import settings_to_clinic
from massage_billing.explain import explanation
from massage_billing.explain_days import by_patient
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model import Clinic, Reading
from massage_billing.ports import Asking, Store
from massage_billing.ports.desk import Desk
from massage_billing.ports.ledger import Ledger
from massage_billing.program import Program
from massage_billing.rulebook.in_use import LAST_SOUND, RELEASES, InUse
from massage_billing.run.report import NoProgress, Progress
from massage_billing.run.setup import Setup
from massage_billing.sending.lost import Places, recall
from massage_billing.settings import Settings
from massage_billing.store import open_store
from massage_billing.wiring.hosts import Opened, opened, outputs
from massage_billing.wiring.state import one_at_a_time, store_url

if TYPE_CHECKING:
    from massage_billing.coding.rulebook import Rulebook


@contextmanager
def open_program(settings: Settings, *, host: str | None = None, progress: Progress | None = None) -> Iterator[Program]:
    """The program on one host. Raises SettingsError, StoreError, RuleFileError; closes what it opened."""
    with opened(settings, host) as at, open_store(store_url(settings, at.state)) as store:
        told: list[str] = []
        book = rulebook_of(settings, told.append)
        clinic = settings_to_clinic(settings, at.reading)
        parts = Parts(at, store, store.asking(), store.ledger(), book, clinic, store.desk())
        yield program_of(settings, parts, progress, told)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a program is put together from, open already."""

    at: Opened
    """The host."""
    store: Store
    """What is remembered."""
    asking: Asking
    """What payers answered."""
    ledger: Ledger
    """What was sent."""
    book: Rulebook
    """The rules."""
    clinic: Clinic
    """What the clinic's files say."""
    desk: Desk | None = None
    """What is told how the holds stand after a run."""


def program_of(settings: Settings, parts: Parts, progress: Progress | None = None, told: Sequence[str] = ()) -> Program:
    """The program on a host that is open; whoever opened the parts closes them."""
    chosen = parts.at.settings
    setup = Setup(
        host=parts.at.host,
        store=parts.store,
        book=parts.book,
        clinic=parts.clinic,
        reading=parts.at.reading,
        check=claim_checker(parts.book, schema=settings.validate_.schema_, model=settings.validate_.model),
        start=chosen.billing.start,
        settle=chosen.billing.settle,
        capture=chosen.billing.no_charge_capture,
        draft=chosen.claims.write_as == "draft",
        demo=chosen.demo,
        retention=timedelta(days=settings.state.retention_days),
        outputs=outputs(chosen),
        progress=progress or NoProgress(),
        told=tuple(told),
        asking=parts.asking,
        ledger=parts.ledger,
        recall=partial(recall, sent_places(settings, parts)),
        desk=parts.desk,
    )
    configured = chosen.id in settings.hosts
    return Program(setup, configured=configured, lock=partial(one_at_a_time, parts.at.state, chosen.id))


def sent_places(settings: Settings, parts: Parts) -> Places:
    """Where files may lie that carry claims of this host."""
    folders = {name: one.folders for name, one in settings.export.receivers.items()}
    return Places(parts.at.host.id, parts.store, parts.ledger, folders)


def rulebook_of(settings: Settings, tell: Callable[[str], None] = lambda _: None) -> Rulebook:
    """The rules of a clinic: ours, its own policies, the releases it imported. Read again where a file was changed.

    Where a file of its own has a mistake, the policies that were last sound are used and ``tell`` hears why. Raises
    RuleFileError where there never were any.
    """
    with _READING:
        in_use = _in_use(settings.rules.own_policies, settings.state_folder() / "rulebook")
        book, refused = in_use.book(), in_use.refused
    if refused is not None:
        tell(f"{refused.what} What was last sound is used; `massage-billing rules check` names every mistake.")
    return book


_READING: Final = threading.Lock()


@lru_cache(maxsize=4)
def _in_use(own: Path | None, kept: Path) -> InUse:
    """The rules of one clinic; a process that does many jobs reads them once."""
    return InUse(own, kept / RELEASES, kept / LAST_SOUND)


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
