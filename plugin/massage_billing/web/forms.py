"""What a form or a query brought: text only, bounded, nothing trusted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date as Date
from enum import StrEnum
from typing import Final, TypeVar

from starlette.datastructures import FormData, QueryParams

LONGEST: Final = 2000
"""Characters of a field; what is longer is cut."""
MOST: Final = 500
"""Fields of a form; the rest is not looked at."""
E = TypeVar("E", bound=StrEnum)


class Fields:
    """Text fields by name. Files and control characters are left out."""

    def __init__(self, pairs: Iterable[tuple[str, object]]) -> None:
        self._all: dict[str, list[str]] = {}
        for place, (name, value) in enumerate(pairs):
            if place < MOST and isinstance(value, str):
                self._all.setdefault(name, []).append(_clean(value))

    @classmethod
    def of_query(cls, query: QueryParams) -> Fields:
        """What stands after the "?"."""
        return cls(query.multi_items())

    @classmethod
    def of_form(cls, form: FormData) -> Fields:
        """What a form sent."""
        return cls(form.multi_items())

    def text(self, name: str) -> str:
        """A field without blanks around it; "" where it is missing."""
        return self._all.get(name, [""])[-1]

    def every(self, name: str) -> list[str]:
        """Every value of a field: boxes that were ticked."""
        return list(self._all.get(name, ()))

    def number(self, name: str) -> int | None:
        """A whole number that is not negative; None where it is none."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    def day(self, name: str) -> Date | None:
        """A calendar date, "2026-11-30"; None where it is none."""
        try:
            return Date.fromisoformat(self.text(name))
        except ValueError:
            return None

    def choice(self, name: str, kind: type[E], default: E) -> E:
        """One of a fixed list of words; the default where it is none of them."""
        return next((one for one in kind if one.value == self.text(name)), default)


def _clean(value: str) -> str:
    """Without what no text field holds: control characters but line breaks, halves of surrogate pairs."""
    kept = (one for one in value[:LONGEST] if one.isprintable() or one in "\n\t")
    return "".join(kept).strip()
