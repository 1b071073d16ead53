"""JSON as a payer sent it, and paths into it that remember what they took: whatever no path took can be listed.

A path is names joined by dots, from the place it is looked up at:

    subscriber.memberId              the value, where it is there
    benefitsInformation[]            each entry of a list (a single object counts as a list of one)
    traces[?traceTypeCode=2].value   only entries in which that name has that value
    ^name                            from the list entry that contains this one; ^^ from the one around that

No library of the kind (JMESPath, JSONPath) says which values it used, and a value that nobody used must not be lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

Json = str | bool | None | Sequence["Json"] | Mapping[str, "Json"]
"""What ``parse`` makes, of lists and dicts; a number stays the text it was sent as."""
Key = str | int

_DEEPEST: Final = 100
_as_json = json.JSONEncoder(ensure_ascii=False).encode
_STEP: Final = re.compile(
    r"(?P<name>[^.\[\]^|]+)(?:\[(?P<each>)\]|\[\?(?P<test>[^=\[\].]+)=(?P<value>[^\[\]]*)\])?(?:\.|$)"
)


class Number(str):
    """A JSON number, as it was written: nothing is rounded, 12.50 stays 12.50."""

    __slots__ = ()


def parse(body: bytes) -> Json:
    """JSON with numbers as written and repeated keys kept apart ("name#2"). Raises ValueError where it is no JSON."""
    try:
        text = body.decode("utf-8-sig")
        parsed: Json = json.loads(
            text, parse_float=Number, parse_int=Number, parse_constant=Number, object_pairs_hook=_pairs
        )
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if _deep(parsed):
        raise ValueError("is nested too deeply")
    return parsed


def _deep(value: Json) -> bool:
    """Whether anything lies deeper than any payer's answer does; what follows may then walk it without a care."""
    level, depth = [value], 0
    while level:
        depth += 1
        level = [inner for each in level for inner in _inside(each)]
        if depth > _DEEPEST:
            return True
    return False


def _inside(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _pairs(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, value in pairs:
        key, again = name, 1
        while key in found:
            again += 1
            key = f"{name}#{again}"
        found[key] = value
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path."""

    name: str
    """Name of the element."""
    each: bool = False
    """Whether it goes into the entries of a list."""
    test: tuple[str, str] | None = None
    """(name, value) that an entry has to have."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path, taken apart."""

    up: int
    """How many list entries to go up first."""
    steps: tuple[Step, ...]
    """The steps from there."""


@lru_cache(maxsize=1024)
def path(text: str) -> Path:
    """A path from its text. Raises ValueError for text that is none."""
    rest = text.strip()
    up = len(rest) - len(rest.lstrip("^"))
    rest, steps, at = rest[up:], [], 0
    while at < len(rest):
        found = _STEP.match(rest, at)
        if found is None:
            raise ValueError(f"{text!r} is no path")
        test = (found["test"], found["value"]) if found["test"] is not None else None
        steps.append(Step(found["name"], found["each"] is not None or test is not None, test))
        at = found.end()
    if not steps or rest.endswith("."):
        raise ValueError(f"{text!r} is no path")
    return Path(up, tuple(steps))


@dataclass(frozen=True, slots=True)
class Place:
    """A value, and where it stands."""

    keys: tuple[Key, ...]
    """Names and list places from the root."""
    value: Json
    """The value there."""
    around: Place | None = None
    """The list entry (or the root) that contains it."""
    with_it: tuple[tuple[Key, ...], ...] = ()
    """Places of values that say nothing more once this one is taken: what a path tested, the same in other words."""


class Document:
    """A payer's JSON, and which of its values somebody took."""

    def __init__(self, value: Json) -> None:
        self.root = Place((), value)
        self._taken: set[tuple[Key, ...]] = set()

    def select(self, at: Place, wanted: str) -> Sequence[Place]:
        """The places that a path leads to from a place, in order. Takes nothing."""
        where = path(wanted)
        start: Place | None = at
        for _ in range(where.up):
            start = start.around if start else None
        # Most paths of a mapping lead nowhere in most entries, and most others to a value of the entry itself.
        first = where.steps[0]
        if start is None or not isinstance(start.value, dict) or first.name not in start.value:
            return ()
        if len(where.steps) == 1 and not first.each:
            return (Place((*start.keys, first.name), start.value[first.name], start),)
        return list(_walk(Place(start.keys, start.value, start.around), start, where.steps))

    def take(self, place: Place) -> None:
        """Say that a value has found its place in the answer."""
        self._taken.add(place.keys)
        self._taken.update(place.with_it)

    def texts(self, at: Place, wanted: str) -> list[tuple[str, Place]]:
        """The texts and numbers that a path leads to, not yet taken by being looked at; blanks are left out."""
        places = self.select(at, wanted)
        if not places:
            return []
        entries = [each for place in places for each in _entries(place)]
        return [(text, each) for each in entries if isinstance(each.value, str) and (text := each.value.strip())]

    def left(self) -> list[str]:
        """Everything that nobody took: "payer.name = …", in the order of the document."""
        left = leaves(self.root.value, but=self._taken)
        return [f"{name_of(keys)} = {shown(value)}" for keys, value in left]


def _walk(place: Place, around: Place, steps: tuple[Step, ...]) -> Iterator[Place]:
    if not steps:
        yield place
        return
    step, rest = steps[0], steps[1:]
    if not isinstance(place.value, dict) or step.name not in place.value:
        return
    found = Place((*place.keys, step.name), place.value[step.name], around, place.with_it)
    if not step.each:
        yield from _walk(found, around, rest)
        return
    for entry in _entries(found):
        if step.test is None:
            yield from _walk(entry, entry, rest)
        elif _has(entry.value, *step.test):
            tested = (*entry.with_it, (*entry.keys, step.test[0]))
            yield from _walk(replace(entry, with_it=tested), entry, rest)


def _has(value: Json, name: str, wanted: str) -> bool:
    return isinstance(value, dict) and value.get(name) == wanted


def _entries(place: Place) -> Iterator[Place]:
    """The entries of a list; anything else is its own only entry."""
    if not isinstance(place.value, list):
        yield place
        return
    for index, value in enumerate(place.value):
        yield Place((*place.keys, index), value, place.around, place.with_it)


def leaves(
    value: Json, keys: tuple[Key, ...] = (), but: Container[tuple[Key, ...]] = frozenset()
) -> Iterator[tuple[tuple[Key, ...], Json]]:
    """Every value that contains no other, with its place; an empty list or object is one too. Left out is ``but``, and
    whatever lies in it."""
    if keys in but:
        return
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*keys, name), but)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, (*keys, index), but)
    else:
        yield keys, value


def name_of(keys: tuple[Key, ...]) -> str:
    """ "benefitsInformation[3].name"; "$" for the root."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.lstrip(".") or "$"


def shown(value: Json) -> str:
    """A leaf as text: a string as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def compact(value: Json) -> str:
    """A part of the document as JSON again, numbers as they were sent."""
    if isinstance(value, Number):
        return value
    if isinstance(value, dict):
        return "{" + ",".join([f"{json.dumps(name)}:{compact(inner)}" for name, inner in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([compact(inner) for inner in value]) + "]"
    return _as_json(value)
