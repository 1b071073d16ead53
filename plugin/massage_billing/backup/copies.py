"""Copies of a store: taken while it is used, checked, and put back in its place."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Copies(Protocol):
    """One store. Raises StoreError."""

    name: str
    """How the copy is called in a backup: manifest.SQLITE or POSTGRESQL."""

    def save(self, to: Path) -> str:
        """Write a copy of one moment to a file that is not there, checked; the migration it stands at."""
        ...

    def put_back(self, copy: Path) -> str:
        """Put a copy in the store's place, whole or not at all; where what was there before lies now, or "".

        Refuses where a process uses the store, or the copy is of a newer version.
        """
        ...
