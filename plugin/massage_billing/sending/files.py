"""Writing a file of claims where a clearinghouse client looks for it: whole or not at all, its manifest first."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import orjson

from massage_billing.errors import InputError
from massage_billing.ports.ledger import Batch, Submission

SUFFIX = ".837"
"""What clearinghouse clients take; the manifest's name ends otherwise."""
_MANIFEST = ".manifest.json"


def file_name(receiver: str, number: int) -> str:
    """Name of a file, which sorts by number."""
    return f"837P-{receiver}-{number:09d}{SUFFIX}"


def write_batch(folder: Path, batch: Batch, claims: Sequence[Submission]) -> Path:
    """Write a batch and its manifest; where the file is. Written again, it is the same. Raises InputError."""
    if batch.body is None:
        raise InputError(f"The bytes of batch {batch.number} are gone.", "They are kept for state.retention_days.")
    path = folder / batch.file
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _put(folder / f"{batch.file}{_MANIFEST}", manifest(batch, claims))
        _put(path, batch.body)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror}).", "Give this user the right to write there."
        ) from None
    return path


def manifest(batch: Batch, claims: Sequence[Submission]) -> bytes:
    """What a file carries, by ids: no names, no member ids."""
    told = {
        "file": batch.file,
        "sha256": batch.digest,
        "batch": batch.number,
        "receiver": batch.receiver,
        "made": batch.at.isoformat(),
        "claims": batch.claims,
        "total": str(batch.total),
        "carries": [
            {
                "control": one.key, "claim": one.claim, "encounter": one.encounter, "payer": one.payer,
                "transaction": one.transaction, "frequency": one.frequency, "total": str(one.total),
            }
            for one in claims
        ],
    }  # fmt: skip
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _put(path: Path, content: bytes) -> None:
    """Write beside, then rename: whoever looks sees a whole file or none. It is on the disk when this returns."""
    beside = path.with_name(f".{path.name}.part")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
