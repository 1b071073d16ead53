"""The out folder: results as NDJSON, appended so that nothing is written twice and no half line ever counts.

``Claim.ndjson``, ``Task.ndjson`` and ``Provenance.ndjson`` are the truth. A change of a resource is a further line with
the same id and the next meta.versionId: **the last line of an id is the one in force** (README.txt there says so). An
index in ``work`` (SQLite; key → file, offset) keeps memory flat; it is brought up to date from the files, and rebuilt
where they are not what it remembers, so that losing it costs nothing but time.

Every write happens under a lock on the folder: bring the index up to date, look up what is there, append, fsync, note
it in the index. A process that is killed leaves at worst lines that the index does not know yet, and one torn last
line, which the next process cuts off before it reads on.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from massage_billing.errors import HostConflict, HostError, HostFault, HostNotFound, HostRejected, InputError
from massage_billing.hosts.folder_body import Body, derived_id
from massage_billing.hosts.folder_build import private
from massage_billing.hosts.folder_index import write_all
from massage_billing.hosts.folder_read import MARKER
from massage_billing.ports import JsonObject, Operation, Write, WriteGroup, WriteResult, Written

README: Final = """Results of massage-billing.

One FHIR R4 resource a line. A resource that changed stands here again, further down, with the same id and the next
meta.versionId: the last line of an id is the one in force. Lines are only ever added, by massage-billing alone; while
it runs, the last line may be incomplete. This folder is never read as input. It holds patient data.
"""
LAST: Final = "Provenance"
"""Written after all others: it refers to them."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS file (name TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, inode INTEGER);
CREATE TABLE IF NOT EXISTS resource (
    key TEXT PRIMARY KEY, version INTEGER, offset INTEGER, length INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS token (token TEXT, key TEXT, PRIMARY KEY (token, key)) WITHOUT ROWID;
"""


Row = tuple[str, int, int, int]


class Line(NamedTuple):
    """Where a resource's version in force stands."""

    key: str
    version: int
    offset: int
    length: int


class Out:
    """The out folder and its index; made on the first write."""

    def __init__(self, folder: Path, work: Path) -> None:
        self.folder = folder
        self._work = work
        self._connection: sqlite3.Connection | None = None

    def write(self, groups: Sequence[WriteGroup]) -> list[WriteResult]:
        """Write groups of one batch; each is whole or not there, but for a kill between two of its files."""
        with self._locked():
            self._sync()
            batch = _Batch(self)
            results = [batch.take(group) for group in groups]
            try:
                batch.append()
            except OSError as error:
                fault = HostFault(f"{self.folder} cannot be written: {error.strerror}.", "Make room, then run again.")
                return [WriteResult(group.key, problem=fault) for group in groups]
            return results

    def find(self, type: str, tokens: Iterable[str]) -> Iterator[JsonObject]:
        """Resources of a type in force with one of these "system|value"."""
        if not self.folder.is_dir():
            return
        with self._locked():
            self._sync()
            keys = [key for found in self.lookup([f"{type}?{token}" for token in tokens]).values() for key in found]
            lines = self.lines(keys)
        for key in dict.fromkeys(keys):
            if key in lines:
                yield self.load(lines[key])

    def lookup(self, tokens: Sequence[str]) -> dict[str, list[str]]:
        """Keys of the resources with a token "Claim?system|value", oldest id first."""
        found: dict[str, list[str]] = {}
        derived = {token: f"{token.partition('?')[0]}/{derived_id(token)}" for token in tokens if derived_id(token)}
        there = self.lines(list(derived.values()))
        for token, key in derived.items():
            if key in there:
                found[token] = [key]
        for some in _chunks(tokens):
            query = f"SELECT token, key FROM token WHERE token IN ({_marks(some)}) ORDER BY key"  # noqa: S608
            for token, key in self._database().execute(query, some):
                found.setdefault(token, []).append(key)
        return found

    def lines(self, keys: Sequence[str]) -> dict[str, Line]:
        """Where these resources' versions in force stand."""
        found = {}
        for some in _chunks(keys):
            query = f"SELECT key, version, offset, length FROM resource WHERE key IN ({_marks(some)})"  # noqa: S608
            found.update({row[0]: Line(*row) for row in self._database().execute(query, some)})
        return found

    def load(self, line: Line) -> JsonObject:
        """The resource on a line; decimals keep their digits."""
        with open(self._path(line.key.partition("/")[0]), "rb") as file:
            file.seek(line.offset)
            resource: JsonObject = json.loads(file.read(line.length), parse_float=Decimal)
            return resource

    def append(self, type: str, bodies: Sequence[Body]) -> None:
        """Append lines to one file, durably, and note them in the index. OSError leaves the file as it was."""
        path = self._path(type)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(file).st_size
            try:
                write_all(file, b"".join(body.line for body in bodies))
                os.fsync(file)
            except OSError:
                os.ftruncate(file, size)
                raise
            if size == 0:
                _sync_folder(self.folder)
            rows = []
            for body in bodies:
                rows.append((body.key, body.version, size, len(body.line)))
                size += len(body.line)
            self._note(rows, [(token, body.key) for body in bodies for token in body.tokens])
            self._remember(path.name, os.fstat(file))
        finally:
            os.close(file)

    def close(self) -> None:
        """Close the index."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # --- the index ---

    def _path(self, type: str) -> Path:
        return self.folder / f"{type}.ndjson"

    def _database(self) -> sqlite3.Connection:
        if self._connection is None:
            name = self._work / "out-index.sqlite"
            self._work.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connection = _open_database(name)
        return self._connection

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name, content in ((MARKER, ""), ("README.txt", README)):
                if not (self.folder / name).exists():
                    with open(self.folder / name, "w", opener=private) as file:
                        file.write(content)
            lock = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise InputError(f"{self.folder} cannot be written: {error.strerror}.", "Choose another folder.") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with self._database():  # one transaction of the index
                yield
        finally:
            os.close(lock)

    def _sync(self) -> None:
        """Bring the index up to date with the files; what it remembers wrongly, it reads again from the start."""
        known = {row[0]: row[1:] for row in self._database().execute("SELECT name, size, mtime, inode FROM file")}
        there = sorted(self.folder.glob("*.ndjson"))
        for name in known.keys() - {path.name for path in there}:
            self._forget(name)
        for path in there:
            status = path.stat()
            size, mtime, inode = known.get(path.name, (0, 0, status.st_ino))
            if (size, mtime, inode) == (status.st_size, status.st_mtime_ns, status.st_ino):
                continue
            if inode != status.st_ino or size >= status.st_size or not self._read_on(path, size):
                self._forget(path.name)
                self._read_on(path, 0)

    def _read_on(self, path: Path, size: int) -> bool:
        """Index the lines from here on; False where they are not the continuation of what the index knows."""
        with open(path, "r+b") as file:
            file.seek(max(size - 1, 0))
            if size and file.read(1) != b"\n":
                return False
            kind = path.name.removesuffix(".ndjson")
            rows, tokens, offset = list[Row](), list[tuple[str, str]](), size
            for line in file:
                body = Body.read(kind, line)
                if not line.endswith(b"\n"):
                    if body is None:
                        file.truncate(offset)
                        os.fsync(file.fileno())
                        break
                    file.seek(0, os.SEEK_END)
                    file.write(b"\n")
                    line += b"\n"
                if body is not None:
                    rows.append((body.key, body.version, offset, len(line)))
                    tokens.extend((token, body.key) for token in body.tokens)
                elif size:
                    return False
                offset += len(line)
                if len(rows) >= 5000:
                    self._note(rows, tokens)
                    rows, tokens = [], []
            self._note(rows, tokens)
            file.flush()
            self._remember(path.name, os.fstat(file.fileno()))
        return True

    def _note(self, rows: list[Row], tokens: list[tuple[str, str]]) -> None:
        database = self._database()
        database.executemany("INSERT OR REPLACE INTO resource VALUES (?, ?, ?, ?)", sorted(rows))
        database.executemany("INSERT OR IGNORE INTO token VALUES (?, ?)", sorted(tokens))

    def _remember(self, name: str, status: os.stat_result) -> None:
        row = (name, status.st_size, status.st_mtime_ns, status.st_ino)
        self._database().execute("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?)", row)

    def _forget(self, name: str) -> None:
        kind = name.removesuffix(".ndjson")
        database = self._database()
        database.execute("DELETE FROM resource WHERE key >= ? AND key < ?", (f"{kind}/", f"{kind}0"))
        database.execute("DELETE FROM token WHERE key >= ? AND key < ?", (f"{kind}/", f"{kind}0"))
        database.execute("DELETE FROM file WHERE name = ?", (name,))


class _Batch:
    """Decides what becomes of each write of a batch, then appends all lines, a file at a time."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._bodies: dict[str, list[Body]] = {}
        self._fresh: dict[str, Body] = {}
        """What this batch has written so far, by key and by token."""

    def take(self, group: WriteGroup) -> WriteResult:
        """Decide one group; it fails alone."""
        try:
            written, bodies = self._decide(group)
        except HostError as problem:
            return WriteResult(group.key, problem=problem)
        for body in bodies:
            self._bodies.setdefault(body.key.partition("/")[0], []).append(body)
            self._fresh.update(dict.fromkeys((body.key, *body.tokens), body))
        return WriteResult(group.key, tuple(written))

    def append(self) -> None:
        """Write the lines."""
        for kind in sorted(self._bodies, key=lambda kind: (kind == LAST, kind)):
            self._out.append(kind, self._bodies[kind])

    def _decide(self, group: WriteGroup) -> tuple[list[Written], list[Body]]:
        written: list[Written] = []
        bodies: list[Body] = []
        names: dict[str, str] = {}
        for write in group.writes:
            done = self._existing(write) if write.operation is Operation.CREATE else None
            if done is None:
                body = self._body(write, names, group)
                bodies.append(body)
                done = Written(body.key, str(body.version), True)
            names[write.full_url] = done.reference
            written.append(done)
        return written, bodies

    def _existing(self, write: Write) -> Written | None:
        """What a conditional create finds already there."""
        token = f"{write.type}?{write.match.partition('=')[2]}"
        if not write.match:
            return None
        fresh = self._fresh.get(token) or self._fresh.get(f"{write.type}/{derived_id(token)}")
        if fresh is not None:
            return Written(fresh.key, str(fresh.version), False, json.loads(fresh.line, parse_float=Decimal))
        keys = self._out.lookup([token]).get(token)
        if not keys:
            return None
        line = self._out.lines(keys[:1])[keys[0]]
        return Written(line.key, str(line.version), False, self._out.load(line))

    def _body(self, write: Write, names: dict[str, str], group: WriteGroup) -> Body:
        content = write.body
        for full_url, reference in names.items():
            content = content.replace(f'"{full_url}"'.encode(), f'"{reference}"'.encode())
        version = 1
        if write.operation is Operation.UPDATE:
            key, version = self._next_version(write, group)
            logical_id = key.partition("/")[2]
        else:
            logical_id = derived_id(write.match) or write.full_url.rpartition(":")[2]
        try:
            return Body.make(write.type, logical_id, version, content)
        except ValueError:
            what = f"{write.type} for Encounter/{group.encounter} is not a JSON object of that type."
            raise HostRejected(what, "This is a bug: please report it.") from None

    def _next_version(self, write: Write, group: WriteGroup) -> tuple[str, int]:
        key = write.target or ""
        fresh = self._fresh.get(key)
        line = fresh or self._out.lines([key]).get(key)
        if line is None or not key.startswith(f"{write.type}/"):
            raise HostNotFound(f"{key} for Encounter/{group.encounter} is not in {self._out.folder}.")
        if write.if_match is not None and write.if_match != str(line.version):
            what = f"{key} for Encounter/{group.encounter} has version {line.version}, not {write.if_match}."
            raise HostConflict(what, "It is read again and decided anew.")
        return key, line.version + 1


def _open_database(name: Path) -> sqlite3.Connection:
    """The index; one that is damaged is thrown away, since the files are the truth."""
    for last in (False, True):
        os.close(os.open(name, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its other files the same mode
        connection = sqlite3.connect(name, timeout=60)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA cache_size=-16000")
            connection.executescript(_SCHEMA)
            connection.execute("SELECT name, size, mtime, inode FROM file").fetchall()
            connection.execute("SELECT key, version, offset, length FROM resource LIMIT 1").fetchall()
            return connection
        except sqlite3.DatabaseError:
            connection.close()
            if last:
                raise
            for ending in ("", "-wal", "-shm"):
                Path(f"{name}{ending}").unlink(missing_ok=True)
    raise AssertionError


def _sync_folder(folder: Path) -> None:
    """Make the names of new files durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), 500):
        yield values[start : start + 500]


def _marks(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))
