"""The port to the public NPI registry (NPPES): who an NPI belongs to. Providers are public; no patient is in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Registered:
    """What the registry says of one NPI."""

    npi: str
    """The NPI."""
    kind: str
    """"person" (NPI-1) or "organization" (NPI-2)."""
    name: str
    """Name as registered."""
    active: bool
    """False where it was deactivated."""
    taxonomies: tuple[str, ...] = ()
    """NUCC taxonomy codes, the primary one first."""
    licences: tuple[tuple[str, str, str], ...] = ()
    """(state, licence number, taxonomy) as registered."""
    deactivated: Date | None = None
    """When it was deactivated, where it says."""
    updated: Date | None = None
    """When the entry was last updated."""


class NpiRegistry(Protocol):
    """Looks NPIs up. Raises RegistryError where it cannot be asked."""

    def look_up(self, npi: str) -> Registered | None:
        """What the registry says of an NPI; None where it does not know it."""
        ...
