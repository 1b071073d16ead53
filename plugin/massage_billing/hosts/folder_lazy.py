"""A visit's resources that are parsed when they are looked at, and let go when the next visit's are.

A page of visits, parsed, is several megabytes that no processor cache holds and that the garbage collector walks
through again and again; as bytes it is a tenth. Visits are read one after another, so only one at a time needs to be
parsed: that saves a sixth of a run on a folder (tests/bench).
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import Final

import orjson

from massage_billing.ports import JsonObject

DAMAGED: Final = "!"
"""Name of the only element of what stands in the index for a resource that cannot be read: [resource, what]."""
UNREAD: Final[JsonObject] = {}
"""Stands for a resource of the visit that is not parsed yet."""


def parsed(raw: bytes, key: str) -> JsonObject:
    """The resource; where its bytes turn out not to be sound JSON after all, the note that it is not."""
    try:
        resource: JsonObject = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {DAMAGED: [key, "is not JSON"]}
    return resource


class Unparsed(dict[str, object]):
    """Stands for a resource of which only now it shows that it is no sound JSON: what it is indexed by was sound, but
    not, say, a number beyond all bounds. Whoever reads a visit takes anything but a dict for unreadable."""

    __slots__ = ()


def _own(raw: bytes) -> JsonObject:
    try:
        resource: JsonObject = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return Unparsed()
    return resource


class Desk:
    """Where one visit's resources lie at a time."""

    __slots__ = ("on_it",)

    def __init__(self) -> None:
        self.on_it: LazyResources | None = None


class LazyResources(Mapping[str, JsonObject]):
    """Resources by "Type/id". The same object is given for a key until another visit is looked at."""

    __slots__ = ("_desk", "_known", "_raw", "_whole")

    def __init__(self, known: dict[str, JsonObject], raw: dict[str, bytes], desk: Desk) -> None:
        self._known = known
        self._raw = raw
        self._desk = desk
        self._whole: dict[str, JsonObject] | None = None

    def _all(self) -> dict[str, JsonObject]:
        if self._whole is None:
            if self._desk.on_it is not None:
                self._desk.on_it._whole = None
            self._whole = self._known | {key: _own(raw) for key, raw in self._raw.items()}
            self._desk.on_it = self
        return self._whole

    def __getitem__(self, key: str) -> JsonObject:
        return self._all()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, key: object) -> bool:
        return key in self._known

    def items(self) -> ItemsView[str, JsonObject]:
        """All resources, with their keys."""
        return self._all().items()

    def values(self) -> ValuesView[JsonObject]:
        """All resources."""
        return self._all().values()
