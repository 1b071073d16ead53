"""What a batch folder remembers: which question was put out under which control number, and which files answered it.

One small file a trace number, replaced whole, so that a kill at any moment leaves the old or the new. What a power cut
takes of it costs questions that are asked once more under the same trace number, never an answer: ``settle`` makes it
last before a file that was read is filed away. No name, birth date or member id is in one.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import orjson

LARGEST_CONTROL: Final = 999_999_999
"""ISA13 has nine digits; after this it begins anew (X12 asks for numbers that are unique for a long time)."""
_BLOCK: Final = 100
_TRACE: Final = re.compile(r"[A-Za-z0-9]{1,50}")


@dataclass(frozen=True, slots=True)
class Put:
    """A question that was put out."""

    trace: str
    """Its trace number."""
    control: int
    """ISA13 and GS06 of its interchange: what a 999 or TA1 names."""
    written_at: str
    """When, ISO 8601 with an offset: writing it again gives the same bytes."""
    exported: bool = False
    """True once the file was there whole."""
    answers: tuple[str, ...] = ()
    """SHA-256 of the files that answered it."""
    delivered: bool = False
    """True once an answer was given to whoever waited: asked again after that, it is put out again."""
    before: tuple[str, ...] = ()
    """SHA-256 of files that answered it in earlier rounds: sent twice, they are no answer any more."""

    @property
    def name(self) -> str:
        """The name of its file, and its ticket."""
        return f"270-{self.trace}.x12"


class Ledger:
    """The remembered questions of one folder; several processes may use it, each under ``lock``."""

    lasting: Final = frozenset({"lock", "control-number"})
    """Files that are never too old."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._reserved = iter(range(0))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Alone with the folder, among threads and processes. Makes it where it is not there."""
        for folder in (self.folder.parent, self.folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def next_control(self) -> int:
        """A control number that was not used before. They are reserved on disk by the hundred, before one is used."""
        last = next(self._reserved, None)
        if last is None:
            counter = self.folder / "control-number"
            try:
                first = int(counter.read_text(encoding="ascii"))
            except (OSError, ValueError):
                # A counter that is lost goes on behind what is remembered; a first one begins somewhere: other programs
                # of the clinic count their own interchanges, and a TA1 names nothing but the number.
                first = max((put.control for put in self.all().values()), default=0) or secrets.randbelow(900_000_000)
            write_whole(counter, str((first + _BLOCK) % LARGEST_CONTROL).encode())
            self._reserved = iter(range(first, first + _BLOCK))
            last = next(self._reserved)
        return last % LARGEST_CONTROL + 1

    def get(self, trace: str) -> Put | None:
        """What is remembered of a trace number."""
        return _read(self._path(trace)) if _TRACE.fullmatch(trace) else None

    def save(self, put: Put) -> None:
        """Remember; a kill does not undo it."""
        write_whole(self._path(put.trace), orjson.dumps(asdict(put)), lasting=False)

    def settle(self) -> None:
        """Make everything remembered last through a power cut. One call for many, for each costs a disk's turn."""
        os.sync()

    def all(self) -> dict[str, Put]:
        """Everything remembered, by trace number."""
        found = (_read(path) for path in self.folder.glob("*.json"))
        return {put.trace: put for put in found if put is not None}

    def _path(self, trace: str) -> Path:
        return self.folder / f"{trace}.json"


def can_be_named(trace: str) -> bool:
    """Whether a trace number can stand in a file name."""
    return _TRACE.fullmatch(trace) is not None


def _read(path: Path) -> Put | None:
    try:
        data = orjson.loads(path.read_bytes())
        return Put(**{**data, "answers": tuple(data["answers"]), "before": tuple(data["before"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_whole(path: Path, content: bytes, *, lasting: bool = True) -> None:
    """Write a file, 0600, so that it is there whole or not at all; ``lasting``: through a power cut too.

    What is begun has a name with a dot in front, which clients that watch folders leave alone."""
    begun = path.with_name(f".{path.name}.tmp")
    descriptor = os.open(begun, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        if lasting:
            os.fsync(descriptor)
    os.replace(begun, path)
    if lasting:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
