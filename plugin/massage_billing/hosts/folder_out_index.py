"""The index of the out folder: what stands where, so that memory stays flat however much was written.

SQLite, in the work folder. It holds nothing that the files do not: it may lag behind them (what came last is kept in
memory and handed over in large sorted portions, which is far cheaper), be lost, or be thrown away. Who uses it holds
the lock of the out folder. What another process handed over meanwhile is never put back to something older.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Final, NamedTuple

from massage_billing.hosts.folder_body import Body

RECENT: Final = 30_000
"""Resources kept in memory before they are handed over."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS file (name TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, inode INTEGER);
CREATE TABLE IF NOT EXISTS resource (
    key TEXT PRIMARY KEY, version INTEGER, offset INTEGER, length INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS token (token TEXT, key TEXT, PRIMARY KEY (token, key)) WITHOUT ROWID;
"""
_LINE: Final = (
    "INSERT INTO resource VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
    "version = excluded.version, offset = excluded.offset, length = excluded.length "
    "WHERE excluded.version >= resource.version"
)
_FILE: Final = (
    "INSERT INTO file VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
    "size = excluded.size, mtime = excluded.mtime, inode = excluded.inode "
    "WHERE excluded.size >= file.size OR excluded.inode != file.inode"
)
State = tuple[int, int, int]
"""Size, time of change and inode of a file, as far as it is indexed."""


class Line(NamedTuple):
    """Where a resource's version in force stands."""

    key: str
    version: int
    offset: int
    length: int


class OutIndex:
    """Finds resources by key and by token; opened when it is first needed."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._connection: sqlite3.Connection | None = None
        self._files: dict[str, State] = {}
        self._lines: dict[str, Line] = {}
        self._tokens: dict[str, list[str]] = {}
        self._filled = False
        """Whether the database holds anything."""

    def files(self) -> Set[str]:
        """Names of the files it knows."""
        self._database()
        return self._files.keys()

    def known(self, name: str) -> State | None:
        """State of a file up to which it is indexed."""
        self._database()
        return self._files.get(name)

    def lines(self, keys: Sequence[str]) -> dict[str, Line]:
        """Where these resources stand, as far as they are there."""
        found = {key: self._lines[key] for key in keys if key in self._lines}
        for some in self._chunks([key for key in keys if key not in found]):
            query = f"SELECT key, version, offset, length FROM resource WHERE key IN ({_marks(some)})"  # noqa: S608
            found.update({row[0]: Line(*row) for row in self._database().execute(query, some)})
        return found

    def keys(self, tokens: Sequence[str]) -> Iterator[tuple[str, str]]:
        """(token, key) of every resource with one of these tokens, each once."""
        seen = set[tuple[str, str]]()
        for some in self._chunks(tokens):
            query = f"SELECT token, key FROM token WHERE token IN ({_marks(some)}) ORDER BY key"  # noqa: S608
            seen.update(self._database().execute(query, some).fetchall())
        seen.update((token, key) for token in tokens for key in self._tokens.get(token, ()))
        return iter(sorted(seen))

    def note(self, body: Body, offset: int) -> None:
        """A resource stands here now."""
        self._lines[body.key] = Line(body.key, body.version, offset, len(body.line))
        for token in body.tokens:
            self._tokens.setdefault(token, []).append(body.key)

    def remember(self, name: str, status: os.stat_result) -> None:
        """All lines of a file are noted."""
        self._files[name] = (status.st_size, status.st_mtime_ns, status.st_ino)
        if len(self._lines) > RECENT:
            self._hand_over()

    def forget(self, name: str) -> None:
        """Forget everything of a file."""
        self._hand_over()
        kind = name.removesuffix(".ndjson")
        self._files.pop(name, None)
        with self._database() as database:
            database.execute("DELETE FROM resource WHERE key >= ? AND key < ?", (f"{kind}/", f"{kind}0"))
            database.execute("DELETE FROM token WHERE token >= ? AND token < ?", (f"{kind}?", f"{kind}@"))
            database.execute("DELETE FROM file WHERE name = ?", (name,))

    def close(self) -> None:
        """Hand over what is in memory and close."""
        if self._connection is not None:
            self._hand_over()
            self._connection.close()
            self._connection = None
            self._files.clear()

    def _hand_over(self) -> None:
        with self._database() as database:
            database.executemany(_LINE, sorted(self._lines.values()))
            tokens = sorted((token, key) for token, keys in self._tokens.items() for key in keys)
            database.executemany("INSERT OR IGNORE INTO token VALUES (?, ?)", tokens)
            database.executemany(_FILE, [(name, *state) for name, state in self._files.items()])
        self._filled = self._filled or bool(self._lines)
        self._lines.clear()
        self._tokens.clear()

    def _chunks(self, values: Sequence[str]) -> Iterator[Sequence[str]]:
        self._database()
        if self._filled:
            for start in range(0, len(values), 500):
                yield values[start : start + 500]

    def _database(self) -> sqlite3.Connection:
        if self._connection is None:
            self._work.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connection = _open(self._work / "out-index.sqlite")
            rows = self._connection.execute("SELECT name, size, mtime, inode FROM file").fetchall()
            self._files = {name: (size, mtime, inode) for name, size, mtime, inode in rows}
            self._filled = bool(self._connection.execute("SELECT 1 FROM resource LIMIT 1").fetchall())
        return self._connection


def _open(name: Path) -> sqlite3.Connection:
    """The database; one that is damaged is thrown away, since the files are the truth."""
    for last in (False, True):
        os.close(os.open(name, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its other files the same mode
        # The service's threads take turns at a folder; they are not the one that opened it.
        connection = sqlite3.connect(name, timeout=60, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA cache_size=-16000")
            connection.executescript(_SCHEMA)
            for table in ("file", "resource", "token"):
                connection.execute(f"SELECT * FROM {table} LIMIT 1").fetchall()  # noqa: S608
            return connection
        except sqlite3.DatabaseError:
            connection.close()
            if last:
                raise
            for ending in ("", "-wal", "-shm"):
                Path(f"{name}{ending}").unlink(missing_ok=True)
    raise AssertionError


def _marks(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))
