"""What an 837P says of each of its claims, without what makes it another file: numbers of the envelope and times.

By this it is told whether a claim that was rejected would say the same once more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final, NamedTuple

_ELEMENT, _SEGMENT = 3, 105
"""Where ISA says its separators."""
_LEVELS: Final = {"20": 1, "22": 2, "23": 3}
"""HL03 → how deep a level stands; the header is beneath them all."""
_OF_ISA: Final = (5, 6, 7, 8, 12, 15)
"""Who sends to whom, in which version, as a test or not."""
_OF_GS: Final = (2, 3, 8)
_CLAIM: Final = 4


class SaidOf(NamedTuple):
    """One claim of a file."""

    transaction: str
    """ST02."""
    digest: str
    """SHA-256 of everything that the file says of it, and of who sends it to whom."""


def said_of_claims(file: bytes) -> dict[str, SaidOf]:
    """By CLM01. The file is one of ours, whole."""
    found: dict[str, SaidOf] = {}
    parts: list[list[str]] = [[] for _ in range(_CLAIM + 1)]
    depth, transaction, control = 0, "", ""
    for tag, elements in _segments(file):
        if tag == "ISA":
            parts[0] = ["*".join(elements[place] for place in _OF_ISA)]
        elif tag == "GS":
            parts[0] = [*parts[0][:1], "*".join(elements[place] for place in _OF_GS)]
        elif tag in {"HL", "CLM", "SE"}:
            if control:
                found[control] = SaidOf(transaction, _digest(parts))
            control = elements[1] if tag == "CLM" else ""
            depth = {"CLM": _CLAIM, "SE": 0}.get(tag) or _LEVELS.get(elements[3] if tag == "HL" else "", 0)
            for deeper in parts[max(depth, 1) :]:
                deeper.clear()
            if tag == "CLM":
                parts[depth].append("*".join(elements))
        elif tag == "ST":
            transaction, depth = elements[2], 0
            del parts[0][2:]
        elif tag not in {"BHT", "GE", "IEA"}:
            parts[depth].append("*".join(elements))
    return found


def _segments(file: bytes) -> Iterator[tuple[str, list[str]]]:
    text = file.decode("ascii")
    if len(text) <= _SEGMENT:
        return
    for segment in text.split(text[_SEGMENT]):
        elements = segment.strip("\r\n").split(text[_ELEMENT])
        if elements[0]:
            yield elements[0], elements


def _digest(parts: list[list[str]]) -> str:
    return hashlib.sha256("\n".join("\n".join(part) for part in parts).encode()).hexdigest()
