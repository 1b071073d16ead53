"""An NPI registry in memory, for tests and trials: it answers what it was given, or fails as it was told to."""

from __future__ import annotations

from collections.abc import Iterable

from massage_billing.errors import RegistryError
from massage_billing.ports.npi_registry import Registered


class MemoryRegistry:
    """Implements ``NpiRegistry``; ``asked`` lists the NPIs that were looked up, in order."""

    def __init__(self, entries: Iterable[Registered] = (), *, down: bool = False) -> None:
        self.entries = {entry.npi: entry for entry in entries}
        self.down = down
        self.asked: list[str] = []

    def look_up(self, npi: str) -> Registered | None:
        """The entry of an NPI; None where there is none. Raises RegistryError while ``down``."""
        self.asked.append(npi)
        if self.down:
            raise RegistryError("The NPI registry could not be asked.", "Try again later.")
        return self.entries.get(npi)

    def close(self) -> None:
        """Nothing is open."""
