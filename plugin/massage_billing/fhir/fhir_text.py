"""Text and dates of others as FHIR takes them: no control characters, never empty, no period that runs backwards."""

from __future__ import annotations

import re
from datetime import date as Date
from typing import Final

from massage_billing.fhir.serial import Resource

_NO_STRING: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters other than tab, return and newline; halves of surrogate pairs, which no JSON may hold."""


def plain(text: str) -> str:
    """The text without what FHIR's string forbids, and without space around it; "" where nothing is left."""
    return _NO_STRING.sub("\ufffd", text).strip()


def period(start: Date | None, end: Date | None) -> Resource:
    """A FHIR Period; empty where there is neither. The end of one that ends before it starts is left out (per-1)."""
    found: Resource = {}
    if start:
        found["start"] = start.isoformat()
    if end and (start is None or start <= end):
        found["end"] = end.isoformat()
    return found
