"""Writing a file of claims where a clearinghouse client looks for it: whole or not at all, its manifest first."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

from massage_billing.errors import InputError
from massage_billing.ports.ledger import Batch, Submission
from massage_billing.sending.manifest import SUFFIX as MANIFEST
from massage_billing.sending.manifest import manifest

SUFFIX = ".837"
"""What clearinghouse clients take; the manifest's name ends otherwise."""
_PART = ".part"
_LEFT = 60.0
"""Seconds after which nobody is still writing a file."""


def file_name(receiver: str, number: int) -> str:
    """Name of a file, which sorts by number."""
    return f"837P-{receiver}-{number:09d}{SUFFIX}"


def highest(folders: Iterable[Path], receiver: str) -> int:
    """The highest number of a file or manifest that lies in one of the folders; 0 where there is none.

    A store that was lost, or another that writes there too, would give its number once more.
    """
    names: list[str] = []
    for folder in folders:
        with suppress(OSError):
            names += [path.name for path in folder.iterdir()]
    numbered = re.compile(rf"837P-{re.escape(receiver)}-([0-9]{{9}})\.")
    return max((int(found[1]) for name in names if (found := numbered.match(name))), default=0)


def write_batch(folder: Path, batch: Batch, claims: Sequence[Submission]) -> Path:
    """Write a batch and its manifest; where the file is. Written again, it is the same. Raises InputError."""
    if not batch.body:
        raise InputError(f"The bytes of batch {batch.number} are gone.", "They are kept for state.retention_days.")
    path = folder / batch.file
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _put(folder / f"{batch.file}{MANIFEST}", manifest(batch, claims))
        _put(path, batch.body)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror}).", "Give this user the right to write there."
        ) from None
    return path


def _put(path: Path, content: bytes) -> None:
    """Write beside, then rename: whoever looks sees a whole file or none. It is on the disk when this returns.

    Two that write the same file at once write two beside it. What a killed one left there goes with the next.
    """
    for old in path.parent.glob(f".{path.name}.*{_PART}"):
        with suppress(FileNotFoundError):  # another has just put it in its place
            if time.time() - old.stat().st_mtime > _LEFT:
                old.unlink()
    handle, beside = mkstemp(prefix=f".{path.name}.", suffix=_PART, dir=path.parent)  # only its owner may read it
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError:
        os.unlink(beside)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
