"""Reading a large Bundle, or a list of resources, entry by entry, so that memory does not grow with the file.

The file's own structure is followed only as far as needed: the value of the top-level "entry" (or the top-level list)
is cut into its elements by counting brackets outside strings; each element is then parsed by orjson as usual.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import orjson

from massage_billing.fhir.references import split

_LARGE: Final = 32 << 20
_STEP: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{},:]', re.DOTALL)
"""A whole string, or a character of JSON's structure. A string that is not yet complete does not match at its quote."""


class Broken(Exception):
    """The file stops making sense at this byte."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class Damaged(NamedTuple):
    """An entry that is not JSON, while those around it are."""

    raw: bytes
    """What stands there."""
    offset: int
    """Where in the file."""


class Deleted(NamedTuple):
    """An entry that says that a resource was deleted (request.method DELETE)."""

    key: str
    """"Procedure/9"; "" where it does not say which."""
    when: str
    """response.lastModified, or ""."""


def pair_of(entry: dict[str, object]) -> tuple[str, object]:
    """(fullUrl or "", resource) of an entry of a Bundle; a Deleted in the resource's place where it was deleted."""
    full_url = entry.get("fullUrl")
    url = full_url if type(full_url) is str else ""
    resource, request = entry.get("resource"), entry.get("request")
    if resource is None and type(request) is dict and request.get("method") == "DELETE":
        named, response = request.get("url"), entry.get("response")
        parts = (split(named) if type(named) is str else None) or split(url)
        when = response.get("lastModified") if type(response) is dict else None
        return url, Deleted("/".join(parts) if parts else "", when if type(when) is str else "")
    return url, resource


def is_large(size: int, packed: bool) -> bool:
    """Whether a JSON file is better read entry by entry."""
    return size * (10 if packed else 1) > _LARGE


def entries_of(chunks: Iterable[bytes]) -> Iterator[tuple[str, object]]:
    """(fullUrl or "", resource) of each entry of a Bundle, or each element of a list, in order; raises Broken.

    A Damaged stands for one that is not JSON, a Deleted for one that was deleted.
    """
    listed = False
    for kind, text, offset in _elements(chunks):
        listed = listed or kind == "list"
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            yield "", Damaged(text, offset)
            continue
        yield ("", value) if listed or type(value) is not dict else pair_of(value)


def _elements(chunks: Iterable[bytes]) -> Iterator[tuple[str, bytes, int]]:
    """("entry" | "list", bytes, offset) of each element that is an object."""
    scan = _Scan()
    for chunk in chunks:
        yield from scan.feed(chunk)
    if scan.depth or not scan.seen:
        raise Broken(scan.base + len(scan.buffer))


class _Scan:
    """Where in the file we are: how deep, and whether inside the list that is wanted."""

    def __init__(self) -> None:
        self.buffer = b""
        self.base = 0
        self.depth = 0
        self.seen = False
        self._at = 0
        self._key: bytes | None = None
        self._last: bytes | None = None
        self._kind = ""
        self._list_depth = -1
        self._start = -1

    def feed(self, chunk: bytes) -> Iterator[tuple[str, bytes, int]]:
        """Elements that this further piece of the file completes."""
        self.buffer += chunk
        end = len(self.buffer)
        while True:
            match = _STEP.search(self.buffer, self._at)
            if match is None:
                quote = self.buffer.find(b'"', self._at)  # begins a string that is not complete yet
                self._at = end if quote < 0 else quote
                break
            if self._is_cut(match):
                break
            self._at = match.end()
            element = self._take(match)
            if element is not None:
                yield element
        keep = self._at if self._start < 0 else self._start
        self.buffer, self.base = self.buffer[keep:], self.base + keep
        self._at -= keep
        self._start = 0 if self._start >= 0 else -1

    def _is_cut(self, match: re.Match[bytes]) -> bool:
        """Whether an unfinished string begins before this match: what matched is then inside of it."""
        quote = self.buffer.find(b'"', self._at, match.start())
        if quote < 0:
            return False
        self._at = quote
        return True

    def _take(self, match: re.Match[bytes]) -> tuple[str, bytes, int] | None:
        step = match.group()
        self.seen = True
        if step in (b"{", b"["):
            self._enter(step, match.start())
        elif step in (b"}", b"]"):
            self.depth -= 1
            if self.depth < 0:
                raise Broken(self.base + match.start())
            return self._leave(match)
        elif self.depth == 1:
            self._name(step)
        return None

    def _name(self, step: bytes) -> None:
        if step == b":":
            self._key = self._last
        elif step == b",":
            self._key = self._last = None
        else:
            self._last = step

    def _enter(self, step: bytes, place: int) -> None:
        self.depth += 1
        if step == b"[" and self._list_depth < 0:
            if self.depth == 1:
                self._kind, self._list_depth = "list", 1
            elif self.depth == 2 and self._key == b'"entry"':
                self._kind, self._list_depth = "entry", 2
        elif step == b"{" and self.depth == self._list_depth + 1 and self._list_depth > 0:
            self._start = place

    def _leave(self, match: re.Match[bytes]) -> tuple[str, bytes, int] | None:
        if self._start >= 0 and self.depth == self._list_depth:
            start, self._start = self._start, -1
            return self._kind, self.buffer[start : match.end()], self.base + start
        if self._list_depth > 0 and self.depth < self._list_depth:
            self._list_depth = -1
            if self.depth == 0:
                return None
        return None
