"""Denials: what was not paid and which rule should have stopped it, what rules prevented, what they could learn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from decimal import Decimal
from typing import Final

from massage_billing.ports import Store
from massage_billing.ports.ledger import Ledger
from massage_billing.remittance.denials import DenialReport, Lesson, Period, Share
from massage_billing.remittance.learned import Denials
from massage_billing.remittance.proposals import Proposal, Proposals

WEEKS: Final = 8
"""Weeks of the chart, at least."""


@dataclass(frozen=True, slots=True)
class Denied:
    """What denials of a period tell."""

    period: Period
    """From when to when, and of whom."""
    report: DenialReport
    """By rule, reason, payer, code, therapist, week; prevented and missed."""
    weeks: tuple[Share, ...]
    """Every week of the period from the first with a denial to the last, those without one too."""

    @property
    def unknown(self) -> Decimal:
        """Dollars denied of which no rule knew."""
        return sum((one.dollars for one in self.report.by_rule if not one.name), Decimal(0))

    @property
    def prevented(self) -> Decimal:
        """Charges of visits that rules held and that were billed or settled since, and that they hold now. A visit
        counts for each rule that held it."""
        return sum((one.held_dollars + one.cleared_dollars for one in self.report.lessons), Decimal(0))

    @property
    def missed(self) -> Decimal:
        """Dollars denied for what a rule should have stopped."""
        return sum((one.missed_dollars for one in self.report.lessons), Decimal(0))

    @property
    def lessons(self) -> tuple[Lesson, ...]:
        """Rules that prevented or missed anything."""
        return self.report.lessons


def denied(store: Store, ledger: Ledger, host: str, period: Period) -> Denied:
    """The report of a period. Reads every answered claim: slow where there are many. Raises StoreError."""
    report = Denials(store, ledger, host).report(period)
    return Denied(period, report, tuple(every_week(report.by_week, WEEKS)))


def every_week(weeks: tuple[Share, ...], least: int = 1) -> list[Share]:
    """The weeks from the first to the last, those without a denial as nothing; so many at least, the last ones."""
    by_name = {one.name: one for one in weeks if one.name}
    if not by_name:
        return []
    last = _monday(max(by_name))
    day, found = min(_monday(min(by_name)), last - timedelta(weeks=least - 1)), []
    while day <= last:
        year, week, _ = day.isocalendar()
        name = f"{year}-W{week:02d}"
        found.append(by_name.get(name) or Share(name, 0, Decimal(0), Decimal(0)))
        day += timedelta(days=7)
    return found


def _monday(week: str) -> Date:
    year, _, number = week.partition("-W")
    return Date.fromisocalendar(int(year), int(number), 1)


def proposal(found: Proposals, name: str) -> Proposal | None:
    """One draft by the name of its policy."""
    return next((one for one in found.files if one.name == name), None)
