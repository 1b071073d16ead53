"""Copies of an SQLite store: by SQLite's online backup, which goes on while others write."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from massage_billing.backup.manifest import SQLITE
from massage_billing.errors import StoreError
from massage_billing.store.faults import store_error
from massage_billing.store.tables import HEAD, VERSION_TABLE

_BUSY_SECONDS: Final = 60.0
_PAGES: Final = 1000
"""Pages copied between two moments at which others may write."""
_BESIDE: Final = ("", "-wal", "-shm")
"""What an SQLite file consists of."""


class SqliteCopies:
    """Implements ``Copies``."""

    name = SQLITE

    def __init__(self, file: Path) -> None:
        self._file = file

    def save(self, to: Path) -> str:
        """See ``Copies``."""
        if not self._file.is_file():
            raise StoreError(f"{self._file}: there is no store yet.", "Run first; then there is something to keep.")
        os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        try:
            with closing(sqlite3.connect(self._file, timeout=_BUSY_SECONDS)) as source:
                with closing(sqlite3.connect(to)) as copy:
                    source.backup(copy, pages=_PAGES)
                    copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
                    return _checked(copy, str(self._file))
        except sqlite3.Error as error:
            raise store_error(str(self._file), error) from None

    def put_back(self, copy: Path) -> str:
        """See ``Copies``; what was there is moved into a folder beside it."""
        try:
            with closing(sqlite3.connect(copy)) as read:
                check_revision(_checked(read, "The backup"))
                read.execute("PRAGMA journal_mode = WAL")  # as every store has it; stays with the file
        except sqlite3.Error as error:
            raise store_error("The backup", error) from None
        try:
            with _alone(self._file):
                kept = self._move_away()
                copy.chmod(0o600)
                copy.replace(self._file)
                _sync(self._file.parent)
        except OSError as error:
            what = f"{self._file}: cannot be replaced ({error.strerror})."
            raise StoreError(what, "Give this user the right to write there.") from None
        return kept

    def _move_away(self) -> str:
        there = [self._file.with_name(self._file.name + more) for more in _BESIDE]
        there = [one for one in there if one.exists()]
        if not there:
            return ""
        folder = self._file.parent / f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
        folder.mkdir(mode=0o700)
        for one in reversed(there):  # the log before the file it belongs to
            one.rename(folder / one.name)
        return str(folder)


def check_revision(revision: str) -> None:
    """StoreError where a copy was made by a newer version of this program."""
    if revision > HEAD:
        raise StoreError(
            f"The backup is of a newer version of massage-billing (store {revision}, this one knows {HEAD}).",
            "Install that version or a later one, then restore.",
        )


def _checked(copy: sqlite3.Connection, name: str) -> str:
    """The revision of a copy that is whole. StoreError where it is damaged, or no store of ours."""
    found = [str(row[0]) for row in copy.execute("PRAGMA integrity_check(5)")]
    if found != ["ok"] or copy.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise StoreError(f"{name} is damaged: SQLite's integrity check fails.", "Take an earlier backup.")
    row = copy.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608
    return str(row[0]) if row else ""


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Nobody else has the store open: only then can it leave write-ahead logging. A damaged one is nobody's."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists():
        yield
        return
    with closing(sqlite3.connect(file, timeout=1.0, isolation_level=None)) as held:
        try:
            held.execute("PRAGMA locking_mode = EXCLUSIVE")
            mode = held.execute("PRAGMA journal_mode = DELETE").fetchone()
            busy = mode is None or mode[0] != "delete"
            if not busy:
                held.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        except sqlite3.DatabaseError:
            busy = False
        if busy:
            what = f"{file}: another process uses the store."
            raise StoreError(what, "Stop `massage-billing serve`, wait for runs to end, then restore.")
        try:
            yield
        except BaseException:
            with suppress(sqlite3.Error):
                held.execute("ROLLBACK")
                held.execute("PRAGMA journal_mode = WAL")
            raise


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
