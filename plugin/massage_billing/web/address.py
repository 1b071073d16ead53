"""Addresses of a page with one thing of its query changed: for links that narrow, sort and turn pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Address:
    """A page as it is asked for: ``address(show="blocked")`` is the same with that changed, ``show=""`` without it."""

    path: str
    """"/holds"."""
    query: Mapping[str, str]
    """Name → value; "" is left out."""

    def __call__(self, **changed: object) -> str:
        """The address with this changed."""
        asked = {**self.query, **{name: str(value) for name, value in changed.items()}}
        kept = {name: value for name, value in asked.items() if value}
        return f"{self.path}?{urlencode(kept)}" if kept else self.path
