"""Writing a page with patient data: for this user alone, and whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from massage_billing.errors import InputError


def refuse_existing(output: Path | None, *, force: bool) -> None:
    """Raises InputError where the file is there already and is not to be overwritten."""
    if output is not None and output.exists() and not force:
        raise InputError(f"{output}: exists already.", "Name another file, or give --force.")


def write_page(output: Path, page: str) -> None:
    """Write a page; raises InputError where that is not possible."""
    write_pieces(output, [page.encode()])


def write_pieces(output: Path, pieces: Iterable[bytes]) -> None:
    """Write what comes in pieces; raises InputError where that is not possible."""
    partial = output.with_name(f".{output.name}.partial")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.writelines(pieces)
        partial.replace(output)
    except OSError as error:
        raise InputError(
            f"{output}: cannot be written ({error.strerror}).", "Name a file in a folder you own."
        ) from None
