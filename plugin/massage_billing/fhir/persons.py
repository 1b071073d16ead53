"""Names and birth dates of people, as a payer has to be told them, or as a list shows them. PHI."""

from __future__ import annotations

from datetime import date as Date
from typing import Final

from massage_billing.fhir.dates import last_day
from massage_billing.fhir.json import NOTHING, Faults, child, children, text
from massage_billing.model import Person
from massage_billing.ports import JsonObject

_ORDER: Final = {"official": 0, "usual": 1, "": 2, "temp": 3, "nickname": 4, "anonymous": 5, "maiden": 6}
"""HumanName.use, the one that a payer knows a person by first; old ones are left out."""
_GENDERS: Final = {"male": "M", "female": "F"}
"""Administrative gender → X12 DMG03; what is neither is not told."""


def read_subject(key: str, resource: JsonObject, faults: Faults, on: Date | None = None) -> Person:
    """A Patient or RelatedPerson. What the record does not say is "" or None; a birth date that is only a year or month
    is none. ``on``: names that ended before that day are left out."""
    name = best_name(resource, faults, on)
    given = _strings(name, "given", faults)
    return Person(
        reference=key,
        last_name=(text(name, "family", faults) or "").strip(),
        first_name=given[0] if given else "",
        middle_name=given[1] if len(given) > 1 else "",
        suffix=" ".join(_strings(name, "suffix", faults)),
        birth_date=_birth_date(resource, faults),
        gender=_GENDERS.get(text(resource, "gender", faults) or "", ""),
    )


def best_name(resource: JsonObject, faults: Faults, on: Date | None = None) -> JsonObject:
    """The name somebody is known by: official, then usual, then any other that is not old; ``NOTHING`` without one.
    One with a family name goes before one without."""
    names = [name for name in children(resource, "name", faults) if text(name, "use", faults) != "old"]
    current = [name for name in names if not _ended(name, on)] or names
    ranked = sorted(current, key=lambda name: (not text(name, "family"), _ORDER.get(text(name, "use") or "", 3)))
    return ranked[0] if ranked else NOTHING


def shown_name(resource: JsonObject, faults: Faults) -> str:
    """A name as a list shows it: "Ana Lopez", else the text of it; "" without one."""
    name = best_name(resource, faults)
    parts = [*_strings(name, "given", faults)[:1], (text(name, "family", faults) or "").strip()]
    return " ".join(part for part in parts if part) or (text(name, "text", faults) or "").strip()


def _ended(name: JsonObject, on: Date | None) -> bool:
    if on is None or "period" not in name:
        return False
    nobody = Faults("", name)
    end = last_day(child(name, "period", nobody), "end", nobody)
    return end is not None and end < on


def _strings(parent: JsonObject, name: str, faults: Faults) -> list[str]:
    """The strings of a list, without what is empty; null stands in it where an extension has the value (FHIR JSON)."""
    listed = parent.get(name)
    if listed is None and name not in parent:
        return []
    if not isinstance(listed, list):
        faults.add(parent, name, "is not a list")
        return []
    if any(one is not None and not isinstance(one, str) for one in listed):
        faults.add(parent, name, "is not a list of strings")
    return [one.strip() for one in listed if isinstance(one, str) and one.strip()]


def _birth_date(resource: JsonObject, faults: Faults) -> Date | None:
    written = text(resource, "birthDate", faults)
    if written is None:
        return None
    try:
        if len(written) == 10:
            return Date.fromisoformat(written)
    except ValueError:
        pass
    faults.add(resource, "birthDate", "is not a whole date")
    return None
