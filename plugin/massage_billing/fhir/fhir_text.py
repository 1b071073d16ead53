"""Text of others as FHIR takes it: no control characters, never empty (R4 datatypes, string)."""

from __future__ import annotations

import re
from typing import Final

_NO_STRING: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters other than tab, return and newline; halves of surrogate pairs, which no JSON may hold."""


def plain(text: str) -> str:
    """The text without what FHIR's string forbids, and without space around it; "" where nothing is left."""
    return _NO_STRING.sub("\ufffd", text).strip()
