"""The out folder: results as NDJSON, appended so that nothing is written twice and no half line ever counts.

``Claim.ndjson``, ``Task.ndjson``, ``CoverageEligibilityRequest.ndjson`` … are the truth. A change of a resource is a
further line with the same id and the next meta.versionId: **the last line of an id is the one in force** (README.txt
there says so). An index in ``work`` (SQLite; key → file, offset) keeps memory flat; it is brought up to date from the
files, and rebuilt where they are not what it remembers, so that losing it costs nothing but time.

Every write happens under a lock on the folder: bring the index up to date, look up what is there, append, fsync, note
it in the index. A process that is killed leaves at worst lines that the index does not know yet, and one torn last
line, which the next process cuts off before it reads on.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Final

from massage_billing.errors import HostConflict, HostError, HostFault, HostNotFound, HostRejected, InputError
from massage_billing.hosts.folder_body import Body, derived_id
from massage_billing.hosts.folder_build import private
from massage_billing.hosts.folder_index import write_all
from massage_billing.hosts.folder_out_index import Line, OutIndex
from massage_billing.hosts.folder_read import MARKER
from massage_billing.ports import JsonObject, Operation, Write, WriteGroup, WriteResult, Written

README: Final = """Results of massage-billing.

One FHIR R4 resource a line. A resource that changed stands here again, further down, with the same id and the next
meta.versionId: the last line of an id is the one in force. Lines are only ever added, by massage-billing alone; while
it runs, the last line may be incomplete. This folder is never read as input. It holds patient data.
"""
_DECODE: Final = json.JSONDecoder(parse_float=Decimal).decode
LAST: Final = "Provenance"
"""Written after all others: it refers to them."""


def _loaded(file: BinaryIO, line: Line) -> JsonObject:
    file.seek(line.offset)
    resource: JsonObject = _DECODE(file.read(line.length).decode())
    return resource


class Out:
    """The out folder and its index; made on the first write."""

    def __init__(self, folder: Path, work: Path) -> None:
        self.folder = folder
        self._index = OutIndex(work)

    def write(self, groups: Sequence[WriteGroup]) -> list[WriteResult]:
        """Write groups of one batch; each is whole or not there, but for a kill between two of its files."""
        with self._locked():
            batch = _Batch(self, groups)
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
            found = self.lookup([f"{type}?{token}" for token in tokens])
            lines = self.lines(list(dict.fromkeys(key for keys in found.values() for key in keys)))
        if lines:
            with open(self._path(type), "rb") as file:
                for line in lines.values():
                    yield _loaded(file, line)

    def lookup(self, tokens: Sequence[str]) -> dict[str, list[str]]:
        """Keys of the resources with a token "Claim?system|value"."""
        found: dict[str, list[str]] = {}
        derived = {token: f"{token.partition('?')[0]}/{own}" for token in tokens if (own := derived_id(token))}
        there = self.lines(list(derived.values()))
        for token in tokens:
            if derived.get(token) in there:
                found[token] = [derived[token]]
        for token, key in self._index.keys(tokens):
            found.setdefault(token, []).append(key)
        return found

    def lines(self, keys: Sequence[str]) -> dict[str, Line]:
        """Where these resources' versions in force stand."""
        return self._index.lines(keys)

    def load(self, line: Line) -> JsonObject:
        """The resource on a line; decimals keep their digits."""
        with open(self._path(line.key.partition("/")[0]), "rb") as file:
            return _loaded(file, line)

    def append(self, type: str, bodies: Sequence[Body]) -> None:
        """Append lines to one file, durably, and note them in the index. OSError leaves the file as it was."""
        path = self._path(type)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(file).st_size
            try:
                write_all(file, b"".join([body.line for body in bodies]))
                os.fsync(file)
            except OSError:
                os.ftruncate(file, size)
                raise
            if size == 0:
                _sync_folder(self.folder)
            for body in bodies:
                self._index.note(body, size)
                size += len(body.line)
            self._index.remember(path.name, os.fstat(file))
        finally:
            os.close(file)

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def _path(self, type: str) -> Path:
        return self.folder / f"{type}.ndjson"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Nobody else writes meanwhile, and the index knows what the files hold."""
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
            self._sync()
            yield
        finally:
            os.close(lock)

    def _sync(self) -> None:
        """Bring the index up to date with the files; what it remembers wrongly, it reads again from the start."""
        there = {path.name: path for path in sorted(self.folder.glob("*.ndjson"))}
        for name in self._index.files() - there.keys():
            self._index.forget(name)
        for name, path in there.items():
            status = path.stat()
            known = self._index.known(name)
            if known == (status.st_size, status.st_mtime_ns, status.st_ino):
                continue
            size = known[0] if known is not None and known[2] == status.st_ino else -1
            if size < 0 or size >= status.st_size or not self._read_on(path, size):
                self._index.forget(name)
                self._read_on(path, 0)

    def _read_on(self, path: Path, size: int) -> bool:
        """Index the lines from here on; False where they are not the continuation of what the index knows."""
        kind, offset = path.name.removesuffix(".ndjson"), size
        with open(path, "r+b") as file:
            file.seek(max(size - 1, 0))
            if size and file.read(1) != b"\n":
                return False
            for line in file:
                body = Body.read(kind, line)
                if not line.endswith(b"\n"):
                    if body is None:  # torn: it was never confirmed
                        file.truncate(offset)
                        os.fsync(file.fileno())
                        break
                    file.seek(0, os.SEEK_END)
                    file.write(b"\n")
                    line += b"\n"
                if body is not None:
                    self._index.note(body, offset)
                elif size:
                    return False
                offset += len(line)
            file.flush()
            self._index.remember(path.name, os.fstat(file.fileno()))
        return True


class _Batch:
    """Decides what becomes of each write of a batch, then appends all lines, a file at a time."""

    def __init__(self, out: Out, groups: Sequence[WriteGroup]) -> None:
        self._out = out
        writes = [write for group in groups for write in group.writes]
        found = out.lookup([_token(write) for write in writes if write.operation is Operation.CREATE and write.match])
        self._found = {token: keys[0] for token, keys in found.items()}
        self._lines = out.lines([*self._found.values(), *(write.target for write in writes if write.target)])
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
        if not write.match:
            return None
        token = _token(write)
        fresh = self._fresh.get(token) or self._fresh.get(f"{write.type}/{derived_id(token)}")
        if fresh is not None:
            return Written(fresh.key, str(fresh.version), False, json.loads(fresh.line, parse_float=Decimal))
        key = self._found.get(token)
        if key is None:
            return None
        line = self._lines[key]
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
        line = fresh or self._lines.get(key)
        if line is None or not key.startswith(f"{write.type}/"):
            raise HostNotFound(f"{key} for Encounter/{group.encounter} is not in {self._out.folder}.")
        if write.if_match is not None and write.if_match != str(line.version):
            what = f"{key} for Encounter/{group.encounter} has version {line.version}, not {write.if_match}."
            raise HostConflict(what, "It is read again and decided anew.")
        return key, line.version + 1


def _token(write: Write) -> str:
    return f"{write.type}?{write.match.partition('=')[2]}"


def _sync_folder(folder: Path) -> None:
    """Make the names of new files durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
