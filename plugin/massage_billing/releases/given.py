"""Opens what was given to ``rules import``: text files, and zips as CMS sends them. The only reader of files here."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from massage_billing.errors import InputError
from massage_billing.releases.formats import recognize, told_of
from massage_billing.releases.model import Format, GivenFile, Part, refuse
from massage_billing.releases.reading import HEAD_BYTES, fault_of_bytes, head_text

_ZIP = b"PK\x03\x04"
_BUFFER = 1 << 20
_MOST = 2 << 30
"""Bytes of the largest member that is read; a quarter of NCCI pairs has a tenth of it."""
_WORKBOOK = "is an Excel file; take the text file of the same release, or save the sheet as CSV"


@dataclass(frozen=True, slots=True)
class FilePart:
    """A text file."""

    path: Path
    """Where it is."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.path.name

    @property
    def hints(self) -> tuple[str, ...]:
        """Its name."""
        return (self.path.name,)

    def lines(self) -> Iterator[bytes]:
        """Its lines."""
        try:
            with self.path.open("rb", buffering=_BUFFER) as stream:
                yield from stream
        except OSError as error:
            raise refuse(self.name, None, f"cannot be read ({error.strerror})") from None


@dataclass(frozen=True, slots=True)
class ZipPart:
    """A member of a zip; its checksum is compared when its end is reached."""

    path: Path
    """Where the zip is."""
    member: str
    """The member."""

    @property
    def name(self) -> str:
        """ "archive.zip:member.txt"."""
        return f"{self.path.name}:{Path(self.member).name}"

    @property
    def hints(self) -> tuple[str, ...]:
        """The member's name, then the zip's."""
        return (Path(self.member).name, self.path.name)

    def lines(self) -> Iterator[bytes]:
        """Its lines, unpacked as they are read."""
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as packed:
                yield from io.BufferedReader(packed, _BUFFER)  # type: ignore[type-var]
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
            raise _damaged(self.name, error) from None


def _damaged(name: str, error: Exception) -> Exception:
    said = str(error).partition("'")[0].strip() or type(error).__name__
    return refuse(name, None, f"is damaged or cut: it cannot be unpacked ({said})")


def open_given(files: Iterable[Path]) -> tuple[list[tuple[Format, list[Part]]], list[GivenFile]]:
    """What was given, sorted by kind, and the files with their sums.

    Raises ReleaseRefused for a file that is no release known here, InputError for one that is not there.
    """
    found: dict[str, tuple[Format, list[Part]]] = {}
    given: list[GivenFile] = []
    for path in files:
        given.append(GivenFile(path.name, _sum(path)))
        for known, part in _parts(path):
            # Several formats may give one kind; what they are apart by is how they recognize a file.
            found.setdefault(f"{known.kind}/{known.title}", (known, []))[1].append(part)
    twice = {one.sha256 for one in given if [other.sha256 for other in given].count(one.sha256) > 1}
    if twice:
        name = next(one.name for one in reversed(given) if one.sha256 in twice)
        raise refuse(name, None, "is given twice")
    return list(found.values()), given


def _sum(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).", "Name a file that was downloaded.") from None


def _parts(path: Path) -> list[tuple[Format, Part]]:
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if not head.startswith(_ZIP):
        fault = fault_of_bytes(head)
        known = None if fault else recognize(head_text(head))
        if known is None:
            raise refuse(path.name, None, fault or told_of(head_text(head)))
        return [(known, FilePart(path))]
    try:
        return list(_members(path))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(path.name, error) from None


def _members(path: Path) -> Iterator[tuple[Format, Part]]:
    """The members that are known; others (PDFs, workbooks) lie beside them in what CMS sends."""
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
        if any(info.filename == "[Content_Types].xml" for info in members):
            raise refuse(path.name, None, _WORKBOOK)
        any_known = False
        for info in members:
            if info.flag_bits & 1:
                raise refuse(f"{path.name}:{info.filename}", None, "is encrypted")
            if info.file_size > _MOST:
                raise refuse(f"{path.name}:{info.filename}", None, "is far larger than any release")
            with archive.open(info) as stream:
                head = stream.read(HEAD_BYTES)
            known = None if fault_of_bytes(head) or head.startswith(_ZIP) else recognize(head_text(head))
            if known is not None:
                any_known = True
                yield known, ZipPart(path, info.filename)
        if not any_known:
            inside = ", ".join(info.filename for info in members[:5]) or "nothing"
            raise refuse(path.name, None, f"holds no release that is known here, but {inside}")
