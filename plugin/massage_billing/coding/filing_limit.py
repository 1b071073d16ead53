"""Can the claim still be filed in time? Asked only where somebody says what day it is (``Clinic.today``)."""

from __future__ import annotations

from datetime import date as Date
from typing import Final

from massage_billing.coding.notes import Notes

RULE: Final = "filing-limit"
"""Rule id."""


def check(limit: Date | None, today: Date | None, notes: Notes) -> None:
    """Leave the finding: whether the last day to file has passed. ``limit`` None: nothing says until when."""
    if limit is None or today is None:
        return
    if today > limit:
        # Without today's date: the same hold tomorrow is the same hold, and writes nothing.
        notes.fail(RULE, f"The last day to file was {limit.isoformat()}.")
    else:
        notes.passed(RULE)
