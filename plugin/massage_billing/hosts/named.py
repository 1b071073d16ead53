"""References of people, as every host is asked for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

PEOPLE: Final = ("Patient", "Practitioner", "PractitionerRole", "RelatedPerson", "Organization")
"""Types whose names pages show."""


def of_people(references: Sequence[str]) -> dict[str, list[str]]:
    """Ids by type, each once: "Patient/3" is of people, "Location/1" and "#p" are not."""
    found: dict[str, list[str]] = {}
    for reference in dict.fromkeys(references):
        kind, _, id = reference.partition("/")
        if kind in PEOPLE and id:
            found.setdefault(kind, []).append(id)
    return found
