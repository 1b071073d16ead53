"""The on-disk index of a folder: its resources copied into parts, each small enough to be read at once.

A million visits do not fit in memory, and an export is not sorted by visit. So one pass over the files appends each
resource, as it stands, to one of K parts by a hash of its group (its patient); afterwards every part is joined by
itself. Three plain files a part:

    data-012   the resources, one a line
    keys-012   group, key, links, part, offset, length, fullUrl; tab-separated, sorted, so that a group is one run
    ids-012    key or "?system|value" to group; sorted; found by halving, without reading the file

Sorted text and offsets need no database, cost a few microseconds a resource, and memory stays the size of one part.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

import orjson

from massage_billing.hosts.folder_records import Place

VERSION: Final = 3
"""Of the layout and of what is put in; an index of another version is built anew."""
PART_BYTES: Final = 20 << 20
"""Size that a part is meant to have."""
BUFFER_BYTES: Final = 20 << 20
"""How much is held back before it is written."""
_NEAR: Final = 8192
"""Bytes that are read at once where halving has led."""
_REMEMBERED: Final = 512
"""Lines of a file at which its first halves meet."""


class Entry(NamedTuple):
    """One resource in the index."""

    key: str
    """"Procedure/9"."""
    links: str
    """Encounter ids, or "@" and the last day of an Encounter."""
    part: str
    """Number of the part whose data holds it."""
    offset: str
    """Where; a number, turned into one only when it is needed."""
    length: str
    """Bytes, with the line break."""
    full_url: str
    """http(s) fullUrl of its Bundle entry, or ""."""


def entry_of(line: str) -> tuple[str, Entry]:
    """(group, entry) of a line of a keys file."""
    group, *rest = line.split("\t")
    return group, Entry(*rest)


class Writer:
    """Takes resources in any order and appends them to the parts; what is not yet on disk stays under a limit."""

    def __init__(self, folder: Path, parts: int) -> None:
        self.folder = folder
        self.parts = parts
        self._sizes = [0] * parts
        self._data: list[list[bytes]] = [[] for _ in range(parts)]
        self._keys: list[list[str]] = [[] for _ in range(parts)]
        self._ids: list[list[str]] = [[] for _ in range(parts)]
        self._held = 0

    def add(self, place: Place, raw: bytes, full_url: str = "") -> None:
        """Keep a resource (JSON on one line, with its line break) under its groups and identifiers."""
        key, groups, links, tokens = place
        group = groups[0]
        parts = self.parts
        part = crc32(group.encode()) % parts
        size = len(raw)
        offset = self._sizes[part]
        self._sizes[part] = offset + size
        self._data[part].append(raw)
        self._keys[part].append(f"{group}\t{key}\t{links}\t{part}\t{offset}\t{size}\t{full_url}")
        self._ids[crc32(key.encode()) % parts].append(f"{key}\t{group}")
        for token in tokens:
            self._ids[crc32(f"?{token}".encode()) % self.parts].append(f"?{token}\t{key}\t{group}")
        for other in groups[1:]:
            line = f"{other}\t{key}\t{links}\t{part}\t{offset}\t{size}\t{full_url}"
            self._keys[crc32(other.encode()) % self.parts].append(line)
        self._held += size + 400
        if self._held > BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is held back."""
        for part in range(self.parts):
            if self._data[part]:
                self._append("data", part, b"".join(self._data[part]))
                self._data[part].clear()
            if self._keys[part]:
                self._append("keys", part, ("\n".join(self._keys[part]) + "\n").encode())
                self._keys[part].clear()
            if self._ids[part]:
                self._append("ids", part, ("\n".join(self._ids[part]) + "\n").encode())
                self._ids[part].clear()
        self._held = 0

    def _append(self, kind: str, part: int, content: bytes) -> None:
        file = os.open(part_file(self.folder, kind, part), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            write_all(file, content)
        finally:
            os.close(file)


def write_all(file: int, content: bytes) -> None:
    """Write every byte; a single write() where the system takes it whole."""
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


def part_file(folder: Path, kind: str, part: int) -> str:
    """Path of one of a part's files; it may not exist, where nothing fell into it."""
    return f"{folder}/{kind}-{part:04}"


def read_part(folder: Path, kind: str, part: int) -> bytes:
    """A part's file as a whole."""
    try:
        with open(part_file(folder, kind, part), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


class Index:
    """A finished index. Holds open files: ``close`` it."""

    def __init__(self, folder: Path) -> None:
        meta = orjson.loads((folder / "meta.json").read_bytes())
        self.folder = folder
        self.parts: int = meta["parts"]
        self.types: frozenset[str] = frozenset(meta["types"])
        """Types of resource that it holds."""
        self.fingerprint: str = meta["fingerprint"]
        """Of the folder it was made from."""
        self._files: dict[str, Sorted] = {}
        self._blob: tuple[str, bytes] = ("", b"")
        self.locate = lru_cache(maxsize=8192)(self._locate)

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()
        self._files.clear()
        self._blob = ("", b"")

    def groups(self, part: int) -> Iterator[tuple[str, list[Entry]]]:
        """Every group of a part with its entries, in order. The part's data is in memory until the next one."""
        self._blob = (str(part), read_part(self.folder, "data", part))
        here, entries = "", list[Entry]()
        for line in read_part(self.folder, "keys", part).decode().split("\n")[:-1]:
            fields = line.split("\t")
            if fields[0] != here:
                if entries:
                    yield here, entries
                here, entries = fields[0], []
            entries.append(Entry._make(fields[1:]))
        if entries:
            yield here, entries

    def group(self, group: str) -> list[Entry]:
        """The entries of one group, in order."""
        file = self._sorted("keys", crc32(group.encode()) % self.parts)
        return [entry_of(line)[1] for line in file.starting(f"{group}\t")]

    def _locate(self, key: str) -> str | None:
        """The group that holds the resource "Type/id"; None where the folder does not hold it."""
        if key.partition("/")[0] not in self.types:
            return None
        file = self._sorted("ids", crc32(key.encode()) % self.parts)
        return next((line.partition("\t")[2] for line in file.starting(f"{key}\t")), None)

    def identified(self, token: str) -> list[tuple[str, str]]:
        """(key, group) of each resource with an identifier "system|value"."""
        file = self._sorted("ids", crc32(f"?{token}".encode()) % self.parts)
        found = (line.split("\t") for line in file.starting(f"?{token}\t"))
        return [(key, group) for _, key, group in found]

    def raw(self, entry: Entry) -> bytes:
        """The resource as JSON."""
        offset, length = int(entry.offset), int(entry.length)
        if entry.part == self._blob[0]:
            return self._blob[1][offset : offset + length]
        return self._sorted("data", int(entry.part)).read(offset, length)

    def _sorted(self, kind: str, part: int) -> Sorted:
        name = part_file(self.folder, kind, part)
        file = self._files.get(name)
        if file is None:
            if len(self._files) >= 128:
                self._files.pop(next(iter(self._files))).close()
            file = self._files[name] = Sorted(name)
        return file


class Sorted:
    """A file of sorted lines, searched by halving with positioned reads; where the first halves meet is remembered."""

    def __init__(self, name: str) -> None:
        try:
            self._file = os.open(name, os.O_RDONLY)
            self._size = os.fstat(self._file).st_size
        except FileNotFoundError:
            self._file, self._size = -1, 0
        self._line_after = lru_cache(maxsize=_REMEMBERED)(self._read_line_after)

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def read(self, offset: int, length: int) -> bytes:
        """These bytes."""
        return os.pread(self._file, length, offset)

    def starting(self, prefix: str) -> Iterator[str]:
        """The lines that begin so, in order."""
        wanted = prefix.encode()
        low, high = 0, self._size  # the first such line begins at or after low, and at or before the line over high
        while high - low > 4096:
            middle = (low + high) // 2
            start, line = self._line_after(middle)
            if line and line[: len(wanted)] < wanted and start < high:
                low = start
            else:
                high = middle
        near = self.read(low, _NEAR) if self._size else b""
        skipped = 0 if near.startswith(wanted) else near.find(b"\n" + wanted) + 1
        for line in self._lines_from(low + skipped, near[skipped:]):
            head = line[: len(wanted)]
            if head == wanted:
                yield line.decode()
            elif head > wanted:
                return

    def _read_line_after(self, offset: int) -> tuple[int, bytes]:
        """(start, line) of the first line that begins after an offset; an empty line at the end."""
        step = 1024
        while True:
            data = self.read(offset, step)
            first = data.find(b"\n")
            last = data.find(b"\n", first + 1) if first >= 0 else -1
            if last >= 0:
                return offset + first + 1, data[first + 1 : last]
            if len(data) < step:
                return self._size, b""
            step *= 4

    def _lines_from(self, offset: int, data: bytes) -> Iterator[bytes]:
        """``data`` is what stands there, as far as it was read."""
        rest = b""
        while data:
            offset += len(data)
            *lines, rest = (rest + data).split(b"\n")
            yield from lines
            data = self.read(offset, _NEAR)
