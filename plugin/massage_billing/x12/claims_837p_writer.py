"""Segments of an 837P: refusals that name the claim, and how money, quantities and dates are written.

Numbers have type R of X12: no exponent, no point in a whole number, no zero at the end of the fraction or before the
point (005010X222A1 appendix B.1.1.3.1.2): 120, 120.5, .5.
"""

from __future__ import annotations

import re
from datetime import date as Date
from decimal import Decimal

from massage_billing.coding.provider import npi_valid
from massage_billing.errors import ClaimNotExportable
from massage_billing.model.professional import ProfessionalClaim
from massage_billing.x12.writer import Envelope, SegmentWriter

VERSION = "005010X222A1"
"""GS08 and ST03."""
_DOLLARS = 8
"""Element 782 has at most ten digits, two of them cents (005010X222A1 appendix B.1.1.3.1.2)."""
_UNITS = 5
"""SV104 and SVD05: at most eight digits, three of them behind the point (005010X222A1 2400 SV104)."""
_NUMBER = re.compile(r"(-?)0*+([0-9]*)(?:\.([0-9]*?)0*)?")
_NPI_PREFIX, _NPI_DIGITS, _NPI_FIRST = "80840", 10, ("1", "2")
"""45 CFR 162.406 and CMS's NPI check digit: Luhn over 80840 and the NPI."""
_TAXONOMY = re.compile(r"[0-9A-Z]{9}X")


class ClaimWriter(SegmentWriter):
    """A SegmentWriter whose refusals name claim, loop, segment and field, and never show a value."""

    def __init__(self, envelope: Envelope) -> None:
        self.claim: ProfessionalClaim | None = None
        super().__init__(envelope, self._refusal)

    def _refusal(self, what: str, fix: str = "") -> ClaimNotExportable:
        claim = self.claim
        about = f"{claim.reference} of visit {claim.encounter} cannot be exported: " if claim else ""
        return ClaimNotExportable(f"{about}{what}", fix)

    def wrong(self, name: str, place: str, why: str, fix: str = "") -> ClaimNotExportable:
        """The refusal of a field: "The total charge (2300 CLM02) is not the sum of the lines."."""
        return self._refusal(f"The {name} ({self.loop} {place}) {why}.", fix)

    def need(self, value: str, name: str, place: str) -> str:
        """The value, without blanks around it; refused where there is none."""
        given = value.strip(" ")
        if not given:
            raise self.wrong(name, place, "is missing", "Enter it on the record.")
        return given

    def one_of(self, value: str, codes: frozenset[str], name: str, place: str) -> str:
        """The value, where the guide has it as a code of this element."""
        if value not in codes:
            raise self.wrong(name, place, "is missing" if not value else "is no code that the guide has")
        return value

    def npi(self, value: str, whose: str) -> str:
        """An NPI whose check digit is right (NM109)."""
        if not npi_valid(value, _NPI_PREFIX, _NPI_DIGITS, _NPI_FIRST):
            raise self.wrong(f"{whose}'s NPI", "NM109", "has a wrong length, beginning or check digit")
        return value

    def taxonomy(self, value: str, whose: str) -> str:
        """A code with the form of one of NUCC's (PRV03)."""
        if not _TAXONOMY.fullmatch(value):
            raise self.wrong(f"{whose}'s taxonomy", "PRV03", "is no taxonomy code")
        return value

    def money(self, value: Decimal, name: str, place: str, *, negative: bool = False) -> str:
        """Dollars (element 782)."""
        text = plain(value, _DOLLARS, 2)
        if not text or (text[0] == "-" and not negative):
            raise self.wrong(name, place, "is no amount of dollars and cents, is too large, or is less than nothing")
        return text

    def units(self, value: Decimal, name: str, place: str, *, none: bool = False) -> str:
        """A quantity (element 380); with ``none`` it may be 0."""
        text = plain(value, _UNITS, 3)
        if not text or text[0] == "-" or (text == "0" and not none):
            raise self.wrong(name, place, "is no quantity, has too many digits, or is too little")
        return text


def plain(value: Decimal, whole: int, fraction: int) -> str:
    """A number of type R, the same for equal ones; "" where it needs more digits than that, or is no number."""
    parts = _NUMBER.fullmatch(format(value, "f"))
    if parts is None:
        return ""
    sign, before, after = parts.groups("")
    if len(before) > whole or len(after) > fraction:
        return ""
    if after:
        return f"{sign}{before}.{after}"
    return f"{sign}{before}" if before else "0"


def d8(day: Date) -> str:
    """CCYYMMDD."""
    return day.isoformat().replace("-", "")
