"""Numbers, dates and counts of a 271 as values: what an element says, and which side of a limit a number is.

Also used for the JSON of clearinghouses, which carries the same codes. What cannot be read is None, never zero.
"""

from __future__ import annotations

import re
from datetime import date as Date
from decimal import Decimal

from massage_billing.model import BenefitKind, Count, CountUnit, Measure
from massage_billing.x12.codes import CodeTables

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)").fullmatch
_WITH_HYPHENS = re.compile(r"(?<![0-9])([0-9]{4})-([0-9]{2})-([0-9]{2})(?![0-9])")
_TWO_DAYS = re.compile("[0-9]{16}").fullmatch
_LIMITS = (BenefitKind.LIMIT, BenefitKind.DEDUCTIBLE, BenefitKind.OUT_OF_POCKET)
"""Kinds whose number over a whole period is what is allowed."""
_COUNTED = (BenefitKind.LIMIT, BenefitKind.ACTIVE, BenefitKind.DESCRIPTION)
"""Kinds whose count over a whole period is what is allowed; a count beside a copay may be anything."""


def decimal(text: str) -> Decimal | None:
    """A number as sent ("35", "-.5", "1500.00"); None where it is none."""
    return Decimal(text) if _NUMBER(text) else None


def fraction(text: str) -> tuple[Decimal | None, bool]:
    """A share (EB08) as a fraction, and whether it was sent as percent.

    X12 writes 20 percent as .2; some payers send 20. Nobody pays more than everything: above 1 it is percent, above 100
    it is nothing that can be read. 1 is 100 percent.
    """
    share = decimal(text)
    if share is None or share < 0 or share > 100:
        return None, False
    return (share / 100, True) if share > 1 else (share, False)


def day(text: str) -> Date | None:
    """A date CCYYMMDD, or one with a time after it, or CCYY-MM-DD; None where it is none."""
    if len(text) == 10:
        text = _WITH_HYPHENS.sub(r"\1\2\3", text)
    if len(text) not in {8, 12, 14} or not text.isascii() or not text.isdigit():
        return None
    try:
        return Date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None


def days(text: str) -> tuple[Date | None, Date | None, bool]:
    """A date or a range CCYYMMDD-CCYYMMDD, whatever its qualifier says it is: first, last, whether it is a range.

    Read too without the hyphen between two days, and with hyphens within them, as some payers write.
    """
    if len(text) not in {8, 17}:  # as the standard writes a day, and a range
        text = _WITH_HYPHENS.sub(r"\1\2\3", text)
    if _TWO_DAYS(text):
        text = f"{text[:8]}-{text[8:]}"
    first, dash, last = text.partition("-")
    if dash:
        return day(first.strip()), day(last.strip()), True
    return day(text.strip()), None, False


def side(kind: BenefitKind, period_code: str, codes: CodeTables) -> Measure:
    """Which side of a limit a dollar amount is, by its time period (EB06).

    Remaining is left, year to date is used; over any other known period the number of a limit, a deductible or an out
    of pocket maximum is what is allowed. A limit without a period is allowed too: that much and no more. A deductible
    without one says nothing.
    """
    period = codes.periods.get(period_code)
    if period is not None and period.side is not None:
        return period.side
    if kind is BenefitKind.LIMIT and not period_code:
        return Measure.ALLOWED
    return Measure.ALLOWED if kind in _LIMITS and period is not None and period.whole else Measure.PLAIN


def count_side(kind: BenefitKind, period_code: str, codes: CodeTables) -> Measure:
    """The same of a number of visits, units or hours: an active benefit over a year is a limit as well."""
    if kind is BenefitKind.LIMIT or kind not in _COUNTED:
        return side(kind, period_code, codes)
    period = codes.periods.get(period_code)
    if period is None:
        return Measure.PLAIN
    return period.side or (Measure.ALLOWED if period.whole else Measure.PLAIN)


def period_words(period_code: str, codes: CodeTables) -> str:
    """A period as ``Count.period`` says it: our word, "" for none, the code itself where it is unknown."""
    period = codes.periods.get(period_code)
    return period.period if period is not None else period_code


def count(
    quantity: str, qualifier: str, period_code: str, kind: BenefitKind, codes: CodeTables, said: str
) -> Count | None:
    """EB09 and EB10 as a count; None where it is no number, or counts nothing (an age)."""
    number = decimal(quantity)
    known = codes.quantities.get(qualifier)
    if number is None or (known is not None and not known.counted):
        return None
    measure = (known.side if known else None) or count_side(kind, period_code, codes)
    return Count(
        number, known.unit if known else CountUnit.NO_DATA, measure, period_words(period_code, codes), None, said
    )


def delivery(
    parts: list[str], period_code: str, period_is_free: bool, kind: BenefitKind, codes: CodeTables, said: str
) -> tuple[Count, ...]:
    """An HSD as counts: HSD01 and HSD02 over HSD05 and HSD06, and HSD04 of the same a HSD03.

    HSD*VS*12*WK*3*34*1 is twelve visits in one month, three a week. Where HSD05 is empty the EB's own period (EB06)
    holds; where the EB has no number of its own (``period_is_free``), its "remaining" or "year to date" is about this.
    A quantity with a HSD03 and no HSD05 is never a limit over EB06: HSD*VS*1*DA is one a day whatever the EB's period,
    and with HSD04 (HSD*VS*1*DA*1) nothing says what the quantity is over, so that it is just a number.
    """
    cells = [part.strip() for part in parts] + [""] * 9
    qualifier, quantity, each, per, own, number = cells[1:7]
    over = codes.frequencies.get(each, each.lower())
    periods = decimal(number)
    whole = int(periods) if periods is not None and periods == periods.to_integral_value() and periods > 0 else None
    found: list[Count] = []
    if each and not own:
        one = count(quantity, qualifier, "", kind, codes, said)
        if one is not None:
            measure = Measure.PLAIN if per else _frequency(kind)
            found.append(Count(one.quantity, one.unit, measure, "" if per else over, None, said))
    elif (one := count(quantity, qualifier, own or period_code, kind, codes, said)) is not None:
        measure = one.measure
        if own and period_is_free and (outer := codes.periods.get(period_code)) and outer.side is not None:
            inner = codes.periods.get(own)
            measure = measure if inner is not None and inner.side is not None else outer.side
        found.append(Count(one.quantity, one.unit, measure, one.period, whole, said))
    if per and each and (one := count(per, qualifier, "", kind, codes, said)) is not None:
        found.append(Count(one.quantity, one.unit, _frequency(kind), over, None, said))
    return tuple(found)


def _frequency(kind: BenefitKind) -> Measure:
    return Measure.ALLOWED if kind in _COUNTED else Measure.PLAIN
