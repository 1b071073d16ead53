"""Taking answers about claims: settings in, what applies them out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from massage_billing.clinic_files import settings_to_clinic
from massage_billing.remittance.answers import Answers
from massage_billing.remittance.book import ClaimBook
from massage_billing.remittance.setup import AnswersSetup
from massage_billing.run.garbage import few_collections
from massage_billing.run.report import NoProgress, Progress
from massage_billing.settings import Settings
from massage_billing.store import open_store
from massage_billing.wiring.hosts import opened
from massage_billing.wiring.sending import claim_payers
from massage_billing.wiring.state import private_folder, store_url


@contextmanager
def open_answers(settings: Settings, *, host: str | None = None, progress: Progress | None = None) -> Iterator[Answers]:
    """What takes answers about the claims of one host. Raises SettingsError, StoreError; closes what it opened."""
    with opened(settings, host) as at, few_collections(), open_store(store_url(settings, at.state)) as store:
        clinic = settings_to_clinic(settings, at.reading)
        yield Answers(
            AnswersSetup(
                host=at.host,
                store=store,
                ledger=store.ledger(),
                clinic=clinic,
                reading=at.reading,
                payer_ids={key: payer.payer_id for key, payer in claim_payers(clinic.payers).items()},
                now=lambda: datetime.now(UTC),
                progress=progress or NoProgress(),
            )
        )


@contextmanager
def open_book(settings: Settings, host: str) -> Iterator[ClaimBook]:
    """The life of the claims of one host. Raises StoreError; closes what it opened."""
    state = settings.state_folder()
    private_folder(state)
    with open_store(store_url(settings, state)) as store:
        yield ClaimBook(store, store.ledger(), host)
