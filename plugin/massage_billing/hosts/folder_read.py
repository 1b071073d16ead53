"""What is in a folder of FHIR files: which files are read, and every resource in them, one at a time.

NDJSON is read line by line. A JSON file may hold a resource, a Bundle or a list of them; a large one is read entry by
entry (``folder_bundle``), so that memory stays flat. References inside a Bundle that only its fullUrls explain
("urn:uuid:…") are made literal here, since they mean nothing outside of it (FHIR R4 bundle.html#references).
"""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple

import orjson

from massage_billing.errors import InputError
from massage_billing.fhir.references import split
from massage_billing.hosts.folder_bundle import Broken, Damaged, Deleted, entries_of, is_large, pair_of

LINES: Final = (".ndjson", ".jsonl")
WHOLE: Final = (".json",)
MARKER: Final = ".massage-billing"
"""A folder that holds this file was written by this program and is never read as input."""

LINE: Final = b"\n"

Report = Callable[[str, str], None]
"""Takes (file or file:line, what is wrong); never any content."""


class Read(NamedTuple):
    """One resource as it was read."""

    where: str
    """"Procedure.000.ndjson:17"."""
    resource: dict[str, object] | None
    """The resource; None where it is not JSON."""
    raw: bytes
    """The resource as JSON on one line, without escapes in references; where it is not JSON, what was there."""
    full_url: str = ""
    """http(s) fullUrl of its Bundle entry."""
    deleted: Deleted | None = None
    """Says, in the place of a resource, that one was deleted."""


class Source(NamedTuple):
    """One input file."""

    path: Path
    """Where it is."""
    name: str
    """Its name below the folder, with "/"; for messages."""
    size: int
    """Bytes."""
    stamp: str
    """Changes when the file does: size and times."""


def sources(folder: Path, skip: Iterable[Path], report: Report | None = None) -> list[Source]:
    """The input files, sorted by name. Not read: other endings, hidden files, symbolic links, what we wrote ourselves.

    ``folder`` may be a single file. InputError where it is not there.
    """
    try:
        if stat.S_ISREG(os.stat(folder).st_mode):
            return [_source(folder, folder.name)]
        skipped = {path.resolve() for path in skip}
        found = list(_walk(folder.resolve(), "", skipped, report or _ignore))
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror}.", "Name a folder or file of FHIR JSON.") from None
    return sorted(found, key=lambda source: source.name)


def fingerprint(files: Iterable[Source]) -> str:
    """A digest of the names, sizes and times of these files: the same as long as none of them is touched."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0{file.stamp}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()[:32]


def _ignore(where: str, what: str) -> None:
    del where, what


def _source(path: Path, name: str) -> Source:
    status = path.stat()
    return Source(path, name, status.st_size, f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}")


def _walk(folder: Path, prefix: str, skipped: set[Path], report: Report) -> Iterator[Source]:
    with os.scandir(folder) as entries:
        inside = sorted(entries, key=lambda entry: entry.name)
    if any(entry.name == MARKER for entry in inside):
        return
    for entry in inside:
        name = f"{prefix}{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            if _endings(entry.name)[0] or entry.is_dir():
                report(name, "is a symbolic link, which is not followed")
        elif entry.is_dir():
            if Path(entry.path) not in skipped:
                yield from _walk(Path(entry.path), f"{name}/", skipped, report)
        elif entry.is_file() and _endings(entry.name)[0]:
            yield _source(Path(entry.path), name)


def _endings(name: str) -> tuple[str, bool]:
    """(".ndjson", True) of "Patient.000.NDJSON.gz"; ("", …) for what is not ours to read."""
    name = name.lower()
    packed = name.endswith(".gz")
    ending = os.path.splitext(name.removesuffix(".gz"))[1]
    return (ending if ending in LINES + WHOLE else ""), packed


def read(file: Source, report: Report, quick: Callable[[bytes], bool] | None = None) -> Iterator[Read]:
    """Every resource of a file, Bundles opened. What cannot be read is reported or given as a Read without resource.

    ``quick`` is shown each line of NDJSON first; what it takes is not given.
    """
    ending, packed = _endings(file.name)
    try:
        if ending in LINES:
            with _open(file.path, packed) as lines:
                yield from read_lines(file.name, lines, report, quick)
        else:
            yield from _read_whole(file, packed, report)
    # Which visits would lack something cannot be known: none is billed.
    except (EOFError, zlib.error, gzip.BadGzipFile):
        what = f"{file.path} cannot be read to its end: the compressed data is damaged or ends too early."
        raise InputError(what, "Nothing was billed: export it again and run again.") from None
    except OSError as error:
        what = f"{file.path} cannot be read: {error.strerror}."
        raise InputError(what, "Nothing was billed: put that right and run again.") from None


def _open(path: Path, packed: bool) -> IO[bytes]:
    return gzip.open(path, "rb") if packed else open(path, "rb", buffering=1 << 20)  # type: ignore[return-value]


def read_lines(
    name: str, lines: Iterable[bytes], report: Report, quick: Callable[[bytes], bool] | None = None
) -> Iterator[Read]:
    """Every resource of NDJSON lines, but those that ``quick`` takes."""
    loads = orjson.loads
    for number, line in enumerate(lines, 1):
        if quick is not None and quick(line):
            continue
        try:
            resource = loads(line)
        except orjson.JSONDecodeError:
            if number == 1 and line.startswith(b"\xef\xbb\xbf"):
                yield from read_lines(name, [line[3:]], report)
            elif line.strip():
                yield Read(f"{name}:{number}", None, line)
            continue
        if type(resource) is dict and resource.get("resourceType") != "Bundle":
            text = _one_line(resource, line)
            yield Read(f"{name}:{number}", resource, text) if text else Read(f"{name}:{number}", None, line)
        else:
            yield from _opened(f"{name}:{number}", resource, report)


def _one_line(resource: dict[str, object], line: bytes) -> bytes:
    """The line itself where it can be searched for references as it stands, else written anew ("Patient\\/1")."""
    if b"\\" in line:
        try:
            return orjson.dumps(resource) + b"\n"
        except orjson.JSONEncodeError:
            return b""
    return line if line.endswith(b"\n") else line + b"\n"


def _read_whole(file: Source, packed: bool, report: Report) -> Iterator[Read]:
    if is_large(file.size, packed):
        with _open(file.path, packed) as stream:
            yield from _large(file, stream, report)
        return
    with _open(file.path, packed) as stream:
        data = stream.read().removeprefix(b"\xef\xbb\xbf")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        report(file.name, "is UTF-16 and not UTF-8, as FHIR JSON has to be: nothing of it is used")
        return
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        yield from _not_json(file.name, data, report)
    else:
        yield from _opened(file.name, value, report)


def _not_json(name: str, data: bytes, report: Report) -> Iterator[Read]:
    """A .json file that is not JSON: NDJSON under a wrong name, a Bundle that was cut off, or nothing we know."""
    lines = data.splitlines(keepends=True)
    if len(lines) > 1 and _is_object(lines[0]):
        yield from read_lines(name, lines, report)
        return
    found: list[tuple[str, object]] = []
    whole = True
    try:
        for url, resource in entries_of([data]):
            if type(resource) is Damaged:
                yield Read(f"{name}:{data.count(LINE, 0, resource.offset) + 1}", None, resource.raw)
            else:
                found.append((url, resource))
    except Broken as broken:
        whole = False
        yield Read(f"{name}:{data.count(LINE, 0, broken.offset) + 1}", None, data[broken.offset :] or data[-4096:])
    yield from _entries(name, found, report)
    for _, resource in () if whole else found:
        if type(resource) is dict and resource.get("resourceType") == "Encounter":
            # The rest of the file may have said more of this visit.
            yield Read(name, None, orjson.dumps({"encounter": {"reference": f"Encounter/{resource.get('id')}"}}))


def _is_object(line: bytes) -> bool:
    try:
        return type(orjson.loads(line)) is dict
    except orjson.JSONDecodeError:
        return False


def _large(file: Source, stream: IO[bytes], report: Report) -> Iterator[Read]:
    """A large Bundle or list, entry by entry. Its fullUrls are gathered first: an entry may name a later one."""
    chunks = iter(lambda: stream.read(1 << 20), b"")
    try:
        names = _Names((url, resource) for url, resource in entries_of(chunks))
        stream.seek(0)
        for number, (url, resource) in enumerate(entries_of(iter(lambda: stream.read(1 << 20), b"")), 1):
            yield from _entry(f"{file.name}#{number}", url, resource, names, report)
    except Broken:
        what = f"{file.path} is damaged or ends too early, and is too large to be read in part."
        raise InputError(what, "Nothing was billed: export it again and run again.") from None


def _opened(where: str, value: object, report: Report) -> Iterator[Read]:
    """The resources of a JSON value: a resource, a Bundle, or a list of either."""
    if type(value) is dict and value.get("resourceType") != "Bundle":
        yield _as_read(where, value, "")
        return
    if type(value) is dict:
        entries = value.get("entry", [])
        pairs = [_entry_pair(entry) for entry in entries] if type(entries) is list else []
    elif type(value) is list:
        pairs = [("", resource) for resource in value]
    else:
        report(where, "is JSON, but no FHIR resource")
        return
    yield from _entries(where, pairs, report)


def _entry_pair(entry: object) -> tuple[str, object]:
    return pair_of(entry) if type(entry) is dict else ("", entry)


def _entries(where: str, pairs: list[tuple[str, object]], report: Report) -> Iterator[Read]:
    names = _Names(pairs)
    for number, (full_url, resource) in enumerate(pairs, 1):
        yield from _entry(f"{where}#{number}", full_url, resource, names, report)


def _entry(where: str, full_url: str, resource: object, names: _Names, report: Report) -> Iterator[Read]:
    if resource is None:
        return  # an entry that only says what was asked or deleted
    if type(resource) is Deleted:
        yield Read(where, None, b"", deleted=resource)
    elif type(resource) is Damaged:
        yield Read(where, None, resource.raw)
    elif type(resource) is not dict:
        report(where, "is no FHIR resource")
    elif resource.get("resourceType") == "Bundle":
        yield from _opened(where, resource, report)
    else:
        if not resource.get("id") and full_url:
            resource["id"] = full_url.rstrip("/").rpartition("/")[2].rpartition(":")[2]
        names.make_literal(resource)
        yield _as_read(where, resource, full_url if full_url.startswith("http") else "")


def _as_read(where: str, resource: dict[str, object], full_url: str) -> Read:
    try:
        return Read(where, resource, orjson.dumps(resource) + b"\n", full_url)
    except (
        orjson.JSONEncodeError
    ):  # nested deeper than can be written again: read as damaged, by what it shows of itself
        shown = {name: value for name, value in resource.items() if type(value) is str or name in _WHOSE}
        try:
            return Read(where, None, orjson.dumps(shown))
        except orjson.JSONEncodeError:
            return Read(where, None, b"")


_WHOSE: Final = ("subject", "encounter", "patient", "beneficiary")


class _Names:
    """What the fullUrls of one Bundle stand for, where the reference itself does not say it."""

    def __init__(self, pairs: Iterable[tuple[str, object]]) -> None:
        self._meant: dict[str, str] = {}
        for full_url, resource in pairs:
            if not full_url or type(resource) is not dict:
                continue
            kind, logical_id = resource.get("resourceType"), resource.get("id")
            key = f"{kind}/{logical_id or full_url.rstrip('/').rpartition('/')[2].rpartition(':')[2]}"
            parts = split(full_url)
            if parts is None or f"{parts[0]}/{parts[1]}" != key:
                self._meant[full_url] = key

    def make_literal(self, resource: dict[str, object]) -> None:
        """Rewrite, in place, each reference that only this Bundle explains."""
        if not self._meant:
            return
        waiting: list[object] = [resource]
        while waiting:
            node = waiting.pop()
            if type(node) is dict:
                literal = node.get("reference")
                if type(literal) is str and literal in self._meant:
                    node["reference"] = self._meant[literal]
                waiting.extend(value for value in node.values() if type(value) in (dict, list))
            elif type(node) is list:
                waiting.extend(node)
