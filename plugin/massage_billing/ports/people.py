"""The port to people's names: what a page asks the host for to call somebody by name. Names are never stored here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from massage_billing.ports.host import JsonObject


@runtime_checkable
class People(Protocol):
    """Who people are, as the host knows them. Raises HostError."""

    def people(self, references: Sequence[str]) -> Iterator[JsonObject]:
        """The Patients, Practitioners, PractitionerRoles, RelatedPersons and Organizations with these references
        ("Patient/3"), in any order; what is gone, or is of another type, is left out. PHI."""
        ...
