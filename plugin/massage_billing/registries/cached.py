"""An NPI registry that remembers what another answered, so that a check asks once in so many days and not each time.

Only entries are remembered: an NPI that the registry does not list may be listed tomorrow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson
from pydantic import TypeAdapter, ValidationError

from massage_billing.ports.npi_registry import NpiRegistry, Registered

Kept = Callable[[str, datetime, timedelta], bytes | None]
"""``Asking.kept``: what was remembered under a key, where it is not older than that."""
Keep = Callable[[str, bytes, datetime], None]
"""``Asking.keep``: remember a value under a key."""
_KEY: Final = "npi-registry/1:"
_ENTRY: Final = TypeAdapter(Registered)


class CachedRegistry:
    """Implements ``NpiRegistry`` over another one. What cannot be read back is asked again."""

    def __init__(
        self,
        registry: NpiRegistry,
        kept: Kept,
        keep: Keep,
        longest: timedelta,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._registry, self._kept, self._keep = registry, kept, keep
        self._longest, self._clock = longest, clock

    def look_up(self, npi: str) -> Registered | None:
        """What is remembered of an NPI, else what the registry says now. Raises RegistryError."""
        now = self._clock()
        found = _read(self._kept(_KEY + npi, now, self._longest), npi)
        if found is None:
            found = self._registry.look_up(npi)
            if found is not None:
                self._keep(_KEY + npi, orjson.dumps(asdict(found)), now)
        return found


def _read(value: bytes | None, npi: str) -> Registered | None:
    if value is None:
        return None
    try:
        found = _ENTRY.validate_json(value)
    except ValidationError:
        return None
    return found if found.npi == npi else None
