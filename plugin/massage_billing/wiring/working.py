"""What the processes of the service share: settings in, the jobs of their store out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from massage_billing.ports.jobs import JobQueue
from massage_billing.settings import Settings
from massage_billing.store import open_store
from massage_billing.store.askers import Askers
from massage_billing.wiring.state import private_folder, store_url

if TYPE_CHECKING:
    from massage_billing.store.sql import SqlStore

_BEFORE: Final = "serve.json"
"""Where earlier versions kept the last jobs; they are in the store now, and the first schedule works once more."""


@dataclass(frozen=True, slots=True)
class Shared:
    """One process's part in the service."""

    store: SqlStore
    """The store, open."""
    queue: JobQueue
    """Its jobs."""
    owner: str
    """This process, which lives while this is open."""


@contextmanager
def open_shared(settings: Settings) -> Iterator[Shared]:
    """What this process shares with the others; migrates the store where it has to. Raises StoreError."""
    state = settings.state_folder()
    private_folder(state)
    askers = Askers(state)
    (state / _BEFORE).unlink(missing_ok=True)
    with open_store(store_url(settings, state)) as store, askers.asker() as owner:
        yield Shared(store, store.jobs(askers.alive), owner)


def many_may_share(settings: Settings) -> bool:
    """Whether the store is one that several processes of the service may work on: PostgreSQL. Raises StoreError."""
    return str(store_url(settings, settings.state_folder())).startswith(("postgresql", "postgres"))
