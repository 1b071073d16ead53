"""Reading values out of FHIR JSON without trusting it: a wrong type is noted and read as absent, never raised.

Every accessor takes the JSON object, the element's name and, where somebody wants to know, a ``Faults`` that collects
what had the wrong type. A fault names the resource and the path of the element, never its value: values are patient
data. The path is only worked out for a fault, by looking for the object in its resource, so that reading a sound record
costs nothing but dictionary look-ups.

An explicit null is a fault too: FHIR R4 (json.html) has no null but in arrays of primitives, so where one stands the
host lost something. An empty string, list or object is read as absent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from massage_billing.ports import JsonObject

NOTHING: Final[JsonObject] = {}
"""What stands for an absent object: every accessor reads it as absent."""

_ABSENT: Final = object()


class Faults:
    """What could not be read in one resource."""

    __slots__ = ("found", "resource", "where")

    def __init__(self, where: str, resource: JsonObject) -> None:
        self.where = where
        self.resource = resource
        self.found: list[tuple[JsonObject, str, str]] = []
        """Empty in a sound resource: the quick question."""

    def add(self, parent: JsonObject, name: str, expected: str) -> None:
        """Note that element ``name`` of ``parent`` is not the ``expected`` kind of value ("is not an object")."""
        self.found.append((parent, name, expected))

    def __bool__(self) -> bool:
        return bool(self.found)

    def __iter__(self) -> Iterator[str]:
        """Each fault once, in the order met: "performer[0].actor is not an object"."""
        lines = (
            f"{path}.{name} {expected}" if path else f"{name} {expected}"
            for parent, name, expected in self.found
            for path in (path_of(parent, self.resource) or "",)
        )
        return iter(dict.fromkeys(lines))


def path_of(wanted: JsonObject, resource: JsonObject) -> str | None:
    """Element path at which this very object stands in the resource: "performer[0]"; "" for the resource itself."""
    waiting: list[tuple[str, object]] = [("", resource)]
    while waiting:
        path, node = waiting.pop()
        if node is wanted:
            return path
        if isinstance(node, Mapping):
            prefix = f"{path}." if path else ""
            waiting.extend((f"{prefix}{_plain(name)}", value) for name, value in node.items())
        elif isinstance(node, list):
            waiting.extend((f"{path}[{place}]", value) for place, value in enumerate(node))
    return None


def _plain(name: object) -> str:
    """An element name fit for a message; what is no FHIR element name could be anything, and is left out."""
    return name if isinstance(name, str) and len(name) <= 64 and name.isidentifier() else "?"


def text(parent: JsonObject, name: str, faults: Faults | None = None) -> str | None:
    """A string element; None where it is absent, empty or no string."""
    value = parent.get(name, _ABSENT)
    if type(value) is str:
        return value or None
    if value is not _ABSENT and faults is not None:
        faults.add(parent, name, "is not a string")
    return None


def child(parent: JsonObject, name: str, faults: Faults | None = None) -> JsonObject:
    """An element that is an object; ``NOTHING`` where it is absent or no object."""
    value = parent.get(name, _ABSENT)
    if type(value) is dict:
        return value
    if value is not _ABSENT and faults is not None:
        faults.add(parent, name, "is not an object")
    return NOTHING


def children(parent: JsonObject, name: str, faults: Faults | None = None) -> list[JsonObject]:
    """A repeating element of objects; entries that are no objects are noted and left out."""
    value = parent.get(name, _ABSENT)
    if value is _ABSENT:
        return []
    if type(value) is not list:
        if faults is not None:
            faults.add(parent, name, "is not a list")
        return []
    for entry in value:
        if type(entry) is not dict:
            break
    else:
        return value
    if faults is not None:
        for place, entry in enumerate(value):
            if type(entry) is not dict:
                faults.add(parent, f"{name}[{place}]", "is not an object")
    return [entry for entry in value if type(entry) is dict]


def number(parent: JsonObject, name: str, faults: Faults | None = None) -> Decimal | None:
    """A number as Decimal, as it was written; None where it is absent or no number (a number in quotes is none)."""
    value = parent.get(name, _ABSENT)
    if type(value) is int or type(value) is Decimal:
        return Decimal(value)
    if type(value) is float and value - value == 0:  # neither NaN nor infinite
        return Decimal(repr(value))
    if value is not _ABSENT and faults is not None:
        faults.add(parent, name, "is not a number")
    return None


def whole(parent: JsonObject, name: str, faults: Faults | None = None) -> int | None:
    """A whole number; None where it is absent or none."""
    value = parent.get(name, _ABSENT)
    if type(value) is int:
        return value
    if value is not _ABSENT and faults is not None:
        faults.add(parent, name, "is not a whole number")
    return None


def flag(parent: JsonObject, name: str, faults: Faults | None = None) -> bool | None:
    """A boolean; None where it is absent or none."""
    value = parent.get(name, _ABSENT)
    if type(value) is bool:
        return value
    if value is not _ABSENT and faults is not None:
        faults.add(parent, name, "is not a boolean")
    return None


def codings(concept: JsonObject, faults: Faults | None = None) -> list[tuple[str, str]]:
    """(system, code) of each coding of a CodeableConcept that has a code; the system may be ""."""
    found = []
    for coding in children(concept, "coding", faults):
        code, system = coding.get("code"), coding.get("system")
        if type(code) is str and code and type(system) is str:  # as nearly all are
            found.append((system, code))
            continue
        code = text(coding, "code", faults)
        system = text(coding, "system", faults)
        if code is not None:
            found.append((system or "", code))
    return found


def identifiers(resource: JsonObject, faults: Faults | None = None) -> list[tuple[str, str]]:
    """(system, value) of each identifier that has a value; the system may be ""."""
    found = []
    for identifier in children(resource, "identifier", faults):
        value, system = identifier.get("value"), identifier.get("system")
        if type(value) is str and value and type(system) is str:  # as nearly all are
            found.append((system, value))
            continue
        value = text(identifier, "value", faults)
        if value is not None:
            found.append((text(identifier, "system", faults) or "", value))
    return found


def extensions(parent: JsonObject, url: str, faults: Faults | None = None) -> list[JsonObject]:
    """The extensions with this URL."""
    return [each for each in children(parent, "extension", faults) if text(each, "url", faults) == url]
