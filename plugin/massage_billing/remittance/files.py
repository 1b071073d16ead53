"""Reading a file of answers in pieces: its digest, its kind, and its bytes again as often as they are needed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from massage_billing.errors import InputError
from massage_billing.x12.kinds import what_is

_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """A file that somebody gave us."""

    path: Path
    """Where it is."""
    digest: str
    """SHA-256 of its bytes: the same file is known again under any name."""
    kinds: tuple[str, ...]
    """What stands in it: "835", "277CA", "999", "TA1" …"""

    @property
    def name(self) -> str:
        """Its name, without a folder."""
        return self.path.name

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, some at a time. Raises InputError."""
        yield from _read(self.path)


def look_at(path: Path) -> AnswerFile:
    """What a file is. Raises InputError where it cannot be read, or is no X12."""
    digest = hashlib.sha256()
    for chunk in _read(path):
        digest.update(chunk)
    kinds = what_is(_read(path))
    if not kinds:
        raise InputError(
            f"{path.name} is no X12 file, or holds nothing.", "Give the file as the clearinghouse sent it."
        )
    return AnswerFile(path, digest.hexdigest(), kinds)


def _read(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).", "Give a file that this user may read.") from None
