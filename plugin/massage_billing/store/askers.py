"""Which processes that ask payers are alive: each holds a lock on a file of its own, which goes with the process.

So what a killed process was asking is free at once, on the machines that share the state folder. Of an owner of another
state folder (two machines on one PostgreSQL store) nobody here can tell; its lease decides.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from massage_billing.errors import StoreError

_PLACE = "place"
"""File that holds the folder's own id, the first part of every owner id made here."""


class Askers:
    """The processes asking out of one state folder: ``<state>/askers/<uuid>.lock``."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "askers"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._place = self._own_id()
        except OSError as error:
            raise StoreError(
                f"{self._folder}: cannot be made or written ({error.strerror}).", "Set state.folder to one that can."
            ) from None

    @contextmanager
    def asker(self) -> Iterator[str]:
        """An owner id that is alive for as long as this context is open and the process lives. Raises StoreError."""
        name = str(uuid.uuid4())
        path = self._folder / f"{name}.lock"
        try:
            with self._turn():  # a file that nobody has locked yet looks like one that was left behind
                self._sweep()
                handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
                fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as error:
            raise StoreError(
                f"{path}: cannot be made or locked ({error.strerror}).", "Set state.folder to one that can."
            ) from None
        try:
            yield f"{self._place}/{name}"
        finally:
            with suppress(OSError):
                path.unlink()
            os.close(handle)

    def alive(self, owner: str) -> bool | None:
        """Whether the process with this owner id lives; None where it asks out of another state folder."""
        place, _, name = owner.partition("/")
        if place != self._place:
            return None
        return _locked(self._folder / f"{name}.lock")

    def _own_id(self) -> str:
        path = self._folder / _PLACE
        if not path.exists():
            made = self._folder / f"{uuid.uuid4()}.new"
            made.write_text(str(uuid.uuid4()), encoding="ascii")
            with suppress(FileExistsError):  # of two processes the second takes the first one's
                os.link(made, path)
            made.unlink()
        return path.read_text(encoding="ascii")

    @contextmanager
    def _turn(self) -> Iterator[None]:
        handle = os.open(self._folder / _PLACE, os.O_RDWR)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _sweep(self) -> None:
        """Remove what processes left behind that were killed."""
        for path in self._folder.glob("*.lock"):
            if not _locked(path):
                path.unlink(missing_ok=True)


def _locked(path: Path) -> bool:
    """Whether somebody holds the lock on this file. Asked with a shared lock: two who ask do not take one another for
    the owner."""
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(handle)
