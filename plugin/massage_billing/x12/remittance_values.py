"""Amounts, composites and adjustments of an 835 as values, and what a claim and a line of it have in common.

What is no amount is none: zero stands for it, its place is named, and the segment is kept (005010X221A1).
"""

from __future__ import annotations

import re
from decimal import Decimal

from massage_billing.model.professional import LineAdjustment
from massage_billing.x12.segments import at

ZERO = Decimal(0)
_AMOUNT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)").fullmatch
_LONGEST = 20
"""An amount has at most 18 digits, with a sign and a point; more could be rounded when it is added."""
_CODED = re.compile(r"([A-Za-z0-9]{2})([^A-Za-z0-9 .-])(.+)", re.DOTALL).fullmatch

Parts = list[str]
"""A segment taken apart: its id, then its elements."""
ODD = {
    "component": "A composite is separated by another character than ISA16 names.",
    "cas-long": "A CAS has more than six adjustments.",
    "cas-code": "An adjustment has no reason code.",
    "quantity": "A quantity is no number.",
    "svc03": "SVC03 is missing and was taken as zero.",
    "unplaced": "A segment of a claim stands outside of every claim.",
    "repeated": "A segment that stands once in a remittance stands there again.",
}
"""What the standard does not allow, in words without any of the data."""


def dollars(text: str) -> Decimal | None:
    """An amount as sent ("12.5", ".5", "-3"), exactly; None where it is none ("", "1e2", "12,50")."""
    text = text.strip()
    if len(text) > _LONGEST or _AMOUNT(text) is None:
        return None
    return Decimal(text) or ZERO


def taken_apart(composite: str, component: str) -> tuple[list[str], bool]:
    """The components of a composite that begins with a code of two letters, and whether another mark separates them.

    Some senders write HC>97124 where their ISA16 is a colon.
    """
    if component not in composite:
        coded = _CODED(composite.strip())
        if coded is not None:
            return [part.strip() for part in composite.split(coded.group(2))], True
    return [part.strip() for part in composite.split(component)], False


def beyond(parts: Parts, mapped: int) -> bool:
    """Whether there is something after element ``mapped``."""
    return len(parts) > mapped + 1 and any(part.strip() for part in parts[mapped + 1 :])


class Gathered:
    """What has been read of a claim or line: CAS, AMT, REF, and what has no field."""

    __slots__ = ("adjustments", "amounts", "kept", "odd", "references", "unreadable")

    def __init__(self, odd: dict[str, None]) -> None:
        self.adjustments: list[LineAdjustment] = []
        self.amounts: list[tuple[str, Decimal]] = []
        self.references: list[tuple[str, str]] = []
        self.unreadable: list[str] = []
        self.kept: list[str] = []
        self.odd = odd

    def needed(self, parts: Parts, place: int, segment: str) -> Decimal:
        """An amount that has to be there."""
        value = dollars(parts[place]) if len(parts) > place else None
        if value is None:
            self.unreadable.append(f"{parts[0]}{place:02}")
            self.keep(segment)
            return ZERO
        return value

    def keep(self, segment: str) -> None:
        """Keep a segment word for word, once."""
        if not self.kept or self.kept[-1] is not segment:
            self.kept.append(segment)

    def common(self, parts: Parts, segment: str) -> bool:
        """Take a CAS, AMT or REF; False where it is none."""
        tag = parts[0]
        if tag == "CAS":
            self._adjusted(parts, segment)
        elif tag == "AMT":
            value = dollars(at(parts, 2))
            if value is None:
                self.unreadable.append("AMT02")
            else:
                self.amounts.append((at(parts, 1).upper(), value))
            if value is None or beyond(parts, 2):
                self.keep(segment)
        elif tag == "REF":
            self.references.append((at(parts, 1).upper(), at(parts, 2)))
            if beyond(parts, 2):
                self.keep(segment)
        else:
            return False
        return True

    def _adjusted(self, parts: Parts, segment: str) -> None:
        """CAS: a group, then reason, amount and quantity, six times."""
        group = at(parts, 1).upper()
        if len(parts) > 20:
            self.odd[ODD["cas-long"]] = None
        found = False
        for place in range(2, len(parts), 3):
            code, amount, quantity = parts[place].strip().upper(), at(parts, place + 1), at(parts, place + 2)
            if not (code or amount or quantity):
                continue
            found = True
            value = dollars(amount)
            units = dollars(quantity) if quantity else None
            if value is None:
                self.unreadable.append(f"CAS{place + 1:02}")
                self.keep(segment)
                continue
            if quantity and units is None:
                self.odd[ODD["quantity"]] = None
                self.keep(segment)
            if not code:
                self.odd[ODD["cas-code"]] = None
            self.adjustments.append(LineAdjustment(group, code, value, units))
        if not found:
            self.keep(segment)
