"""Where what is remembered is: the state folder, the store's URL, one run at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from massage_billing.errors import SettingsError, StoreError
from massage_billing.settings import Settings


def private_folder(folder: Path) -> None:
    """Make a folder that only its owner can look into (DESIGN 23)."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be made ({error.strerror}).", "Set state.folder to one that can.") from None


def store_url(settings: Settings, state: Path) -> str | Path:
    """The SQLAlchemy URL that the settings name, else the state folder."""
    if settings.state.in_folder:
        return state
    try:
        return settings.state.database()
    except SettingsError as problem:
        raise StoreError(problem.what, "Put the database's URL there.") from None


def billed_codes(settings: Settings) -> frozenset[str]:
    """Service codes of the Claims written lately; none where nothing was ever written. Raises StoreError."""
    from massage_billing.store.billed import billed_codes as codes_of
    from massage_billing.store.opening import FILE_NAME

    state = settings.state_folder()
    if settings.state.in_folder and not (state / FILE_NAME).is_file():
        return frozenset()
    return codes_of(store_url(settings, state))


@contextmanager
def one_at_a_time(state: Path, host: str) -> Iterator[None]:
    """One run a host on one machine: a second waits for the first. A killed process holds nothing."""
    descriptor = os.open(state / f"{host}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
