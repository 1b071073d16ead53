"""Reading a file of answers in pieces: what it says, of which kind, whether it is whole, and its bytes again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from massage_billing.errors import InputError
from massage_billing.x12.kinds import kind_of
from massage_billing.x12.segments import Ended, Oddity, Outside, Transaction, read_slices

_CHUNK = 1 << 18
_CUT = frozenset({"trailer-missing", "transaction-count", "group-count"})
"""Oddities of a file of which something may be missing."""


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """A file that somebody gave us."""

    path: Path
    """Where it is."""
    digest: str
    """SHA-256 of what its transactions say: the same answer is known again under any name, and in another envelope."""
    kinds: tuple[str, ...]
    """What stands in it: "835", "277CA", "999", "TA1" …"""
    cut: tuple[str, ...] = ()
    """What is missing of it, with the place: "interchange 000000907: It has no IEA."."""

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
    kinds: dict[str, None] = {}
    odd: dict[Oddity, None] = {}
    told: Transaction | None = None
    for piece in read_slices(_read(path)):
        if isinstance(piece, Ended):
            odd |= dict.fromkeys(piece.oddities)
            continue
        if isinstance(piece, Outside):
            segments = [piece.segment]
            if piece.segment.startswith("TA1"):
                kinds["TA1"] = None
        else:
            segments = piece.segments
            if told is not piece.transaction:
                told = piece.transaction
                kinds[kind_of(told, segments)] = None
                segments = [f"ST{piece.transaction.delimiters.element}{told.kind}", *segments]
            if piece.ends:
                odd |= dict.fromkeys(told.oddities)
        digest.update("\n".join((*segments, "")).encode())
    if not kinds:
        raise InputError(
            f"{path.name} is no X12 file, or holds nothing.", "Give the file as the clearinghouse sent it."
        )
    cut = tuple(f"{one.where}: {one.message}" for one in odd if one.code in _CUT)
    return AnswerFile(path, digest.hexdigest(), tuple(kinds), cut)


def of_host(file: AnswerFile, host: str) -> AnswerFile:
    """The file as one host takes it: where it answers claims of several hosts, each takes it once."""
    return replace(file, digest=hashlib.sha256(f"{host}\n{file.digest}".encode()).hexdigest())


def _read(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).", "Give a file that this user may read.") from None
