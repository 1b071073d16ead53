"""Reading foreign JSON without loss: what was read is remembered, and the rest comes out as "path = value".

A ``Leaves`` is one object of a resource with its path. Its accessors read like those of ``fhir.json`` (a wrong type is
absent, never an error) and mark what they gave out as taken; ``rest`` lists every leaf that nobody took. A leaf is
whatever holds no further object or list, and an empty object or list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal

from massage_billing.fhir import json as fj
from massage_billing.ports import JsonObject

Path = tuple[str | int, ...]
"""Where a value stands: ("insurance", 0, "inforce")."""


class Leaves:
    """One JSON object of a resource that is being read."""

    __slots__ = ("_taken", "node", "path")

    def __init__(self, node: JsonObject, path: Path = (), taken: set[Path] | None = None) -> None:
        self.node = node
        self.path = path
        self._taken: set[Path] = set() if taken is None else taken

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.node)

    def take(self, name: str) -> None:
        """Mark an element as read; for values that were looked at in ``node`` first."""
        self._taken.add((*self.path, name))

    def text(self, name: str) -> str | None:
        """A string element."""
        value = fj.text(self.node, name)
        if value is not None:
            self.take(name)
        return value

    def number(self, name: str) -> Decimal | None:
        """A number."""
        value = fj.number(self.node, name)
        if value is not None:
            self.take(name)
        return value

    def flag(self, name: str) -> bool | None:
        """A boolean."""
        value = fj.flag(self.node, name)
        if value is not None:
            self.take(name)
        return value

    def constant(self, name: str, *expected: str) -> bool:
        """Whether a string element is one of these; only then is it taken."""
        known = fj.text(self.node, name) in expected
        if known:
            self.take(name)
        return known

    def child(self, name: str) -> Leaves:
        """An element that is an object; an empty one where it is absent or no object."""
        return Leaves(fj.child(self.node, name), (*self.path, name), self._taken)

    def children(self, name: str) -> list[Leaves]:
        """Those entries of a repeating element that are objects, each at its own place."""
        entries = self.node.get(name)
        if type(entries) is not list:
            return []
        return [
            Leaves(entry, (*self.path, name, place), self._taken)
            for place, entry in enumerate(entries)
            if type(entry) is dict
        ]

    def extensions(self, url: str) -> list[Leaves]:
        """Its extensions with this URL, the URL taken."""
        return [each for each in self.children("extension") if each.constant("url", url)]

    def rest(self) -> Iterator[str]:
        """Every leaf below that nobody took: "insurance[0].item[2].name = Massage"; in the order of the JSON."""
        waiting: list[tuple[Path, object]] = [(self.path, self.node)]
        while waiting:
            path, node = waiting.pop()
            if isinstance(node, Mapping) and node:
                waiting.extend(((*path, str(name)), value) for name, value in reversed(list(node.items())))
            elif isinstance(node, list) and node:
                waiting.extend(((*path, place), node[place]) for place in range(len(node) - 1, -1, -1))
            elif path not in self._taken and path != self.path:
                yield f"{written(path)} = {_shown(node)}"


def written(path: Path) -> str:
    """A path as it is read: "insurance[0].inforce"."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def _shown(value: object) -> str:
    """A leaf's value: a string as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value, default=str)
