"""What does the clinic charge? Its own fee schedule; the most specific row wins, the newest of those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date as Date
from decimal import ROUND_HALF_UP, Decimal

from massage_billing.coding.buckets import Bucket
from massage_billing.coding.notes import Notes
from massage_billing.coding.remember import Remembered
from massage_billing.model import Clinic, Fee

_RULE = "charge"
_CENT = Decimal("0.01")


def charge(
    buckets: Sequence[Bucket], clinic: Clinic, payer: str | None, on: Date, notes: Notes
) -> list[Decimal | None]:
    """Dollars for one unit of each line; None where no row says, with a finding."""
    if clinic.fees is None:
        notes.no_data(_RULE, "No fee schedule was given, so nothing has a charge.", "no-schedule")
        return [None] * len(buckets)
    fees = _by_code(clinic.fees)
    prices = []
    for bucket in buckets:
        price = unit_price(fees.get(bucket.code, ()), bucket.modifiers, payer, on)
        if price is None:
            notes.no_data(_RULE, f"The fee schedule has no amount for {bucket.code} on the date.", about=bucket.code)
        prices.append(price)
    if prices and None not in prices:
        notes.passed(_RULE)
    return prices


def unit_price(fees: Sequence[Fee], modifiers: Sequence[str], payer: str | None, on: Date) -> Decimal | None:
    """Dollars for one unit from the rows of one code.

    A row for the payer and a modifier outranks one for the payer, that one for a modifier, that one for the code alone;
    of equal rows the latest that has begun.
    """
    best: Fee | None = None
    rank: tuple[int, Date] | None = None
    for fee in fees:
        if fee.since > on or (fee.payer is not None and fee.payer != payer):
            continue
        if fee.modifier is not None and fee.modifier not in modifiers:
            continue
        own = (2 * (fee.payer is not None) + (fee.modifier is not None), fee.since)
        if rank is None or own > rank:
            best, rank = fee, own
    return None if best is None else best.amount.quantize(_CENT, ROUND_HALF_UP)


def of_code(code: str, clinic: Clinic, payer: str | None, on: Date) -> Decimal | None:
    """Dollars for one unit of a code without modifiers; None where no row says, or no fee schedule was given."""
    return None if clinic.fees is None else unit_price(_by_code(clinic.fees).get(code, ()), (), payer, on)


def line_charge(price: Decimal | None, units: int) -> Decimal | None:
    """Dollars of a line: the price of a unit times its units."""
    return None if price is None else (price * units).quantize(_CENT, ROUND_HALF_UP)


def _index(fees: tuple[Fee, ...]) -> Mapping[str, tuple[Fee, ...]]:
    index: dict[str, list[Fee]] = {}
    for fee in fees:
        index.setdefault(fee.code, []).append(fee)
    return {code: tuple(rows) for code, rows in index.items()}


_by_code = Remembered(_index)
"""The rows of a fee schedule by code."""
