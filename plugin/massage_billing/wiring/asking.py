"""Asking payers: settings in, a sweep with its host, store, rules and channels out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from massage_billing.clinic_files import settings_to_clinic
from massage_billing.model import Asker, Clinic
from massage_billing.ports import Asking, Store
from massage_billing.rulebook.credential_files import load_credential_terms
from massage_billing.rulebook.eligibility_files import load_eligibility
from massage_billing.run.garbage import few_collections
from massage_billing.run.report import NoProgress, Progress
from massage_billing.settings import Settings
from massage_billing.store import open_store
from massage_billing.wiring.billing import rulebook_of
from massage_billing.wiring.channels import open_channels
from massage_billing.wiring.hosts import Opened, opened
from massage_billing.wiring.state import store_url

if TYPE_CHECKING:
    from massage_billing.coding.rulebook import Rulebook
    from massage_billing.sweep.setup import Effort, SweepSetup
    from massage_billing.sweep.sweep import Sweep


@contextmanager
def open_sweep(settings: Settings, *, host: str | None = None, progress: Progress | None = None) -> Iterator[Sweep]:
    """What asks payers for one host. Raises SettingsError, StoreError, RuleFileError; closes what it opened."""
    from massage_billing.payers.guarded import GuardedAsker
    from massage_billing.sweep.sweep import Sweep

    with few_collections(), ExitStack() as stack:
        setup = _setup(settings, host, stack)
        yield Sweep(replace(setup, progress=progress or NoProgress()), GuardedAsker(settings.eligibility.at_once))


def _setup(settings: Settings, host: str | None, stack: ExitStack) -> SweepSetup:
    """Everything a sweep works with; ``stack`` closes it."""
    from massage_billing.store.askers import Askers

    at = stack.enter_context(opened(settings, host))
    store = stack.enter_context(open_store(store_url(settings, at.state)))
    askers = Askers(at.state)
    owner = stack.enter_context(askers.asker())
    clinic = settings_to_clinic(settings, at.reading)
    return sweep_setup(settings, at, store, store.asking(askers.alive), rulebook_of(settings), clinic, owner, stack)


def sweep_setup(
    settings: Settings,
    at: Opened,
    store: Store,
    asking: Asking,
    book: Rulebook,
    clinic: Clinic,
    owner: str,
    stack: ExitStack,
) -> SweepSetup:
    """The same out of parts that are open already; ``stack`` closes the channels. Nothing is called yet."""
    from massage_billing.sweep.setup import SweepSetup

    channels = open_channels(settings.eligibility, at.host, at.host, at.state)
    for channel in channels.values():
        stack.callback(channel.close)
    terms = load_eligibility()
    max_age = settings.eligibility.max_age
    return SweepSetup(
        host=at.host,
        schedule=at.host,
        store=store,
        asking=asking,
        book=book,
        terms=terms,
        credential_terms=load_credential_terms(),
        clinic=clinic,
        reading=at.reading,
        asker=_asker(settings),
        channels=channels,
        owner=owner,
        max_age=timedelta(days=terms.asking.max_age.days) if max_age is None else max_age,
        days=settings.eligibility.days,
        effort=_effort(settings),
        retention=timedelta(days=settings.state.retention_days),
    )


def _asker(settings: Settings) -> Asker | None:
    """Who asks; None where the settings do not say."""
    clinic = settings.clinic
    if clinic.npi is None or not clinic.name:
        return None
    return Asker("", clinic.npi, clinic.name, tin=clinic.tin.replace("-", "") if clinic.tin else None)


def _effort(settings: Settings) -> Effort:
    from massage_billing.eligibility_settings import HostChannel, X12FolderChannel
    from massage_billing.sweep.setup import Effort

    given = settings.eligibility
    return Effort(
        at_once=given.at_once,
        per_payer={name: channel.per_payer for name, channel in given.channels.items()},
        seconds={name: channel.timeout.total_seconds() + 5 for name, channel in given.channels.items()},
        tries=given.tries,
        patience=given.patience,
        tries_a_day=given.tries_a_day,
        wait={
            name: channel.patience
            for name, channel in given.channels.items()
            if isinstance(channel, X12FolderChannel | HostChannel)
        },
    )
