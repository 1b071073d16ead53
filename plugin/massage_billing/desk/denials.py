"""Denials: what was not paid and which rule should have stopped it, what rules prevented, what they could learn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Final

from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports import Store
from massage_billing.ports.ledger import Ledger, Submission
from massage_billing.remittance.adjudication import Spot, in_force
from massage_billing.remittance.adjustments import words
from massage_billing.remittance.denials import DenialReport, Lesson, Period, Share, denials, report
from massage_billing.remittance.proposals import Proposal, Proposals

_NO_DENIAL: Final = frozenset({"patient", "contractual"})
"""Categories of what is paid less as agreed."""
_HELD: Final = "hold ("
"""How the audit trail begins a line of a visit that was held."""
_CHUNK: Final = 500
"""Claims or visits that are looked up together."""
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
    """The report of a period, as ``remittance.learned.Denials`` has it. Of claims only those with a denial are read, of
    visits only those that a rule ever held: it stays quick where there are many. Raises StoreError."""
    lost: set[tuple[str, int]] = set()
    rows = []
    for row in ledger.adjustments(period.since, period.until):
        if not row.key and period.payer in (None, row.payer):
            lost.add((row.file, row.place))
        elif row.key and row.amount > 0 and _is_denial(row.group, row.reason, row.remarks):
            rows.append(row)
    claims: dict[str, Submission] = {}
    standing: dict[str, tuple[Spot, ...]] = {}
    for keys in _chunks(dict.fromkeys(row.key for row in rows)):
        found = ledger.submissions(host, keys)
        claims |= {key: one for key, one in found.items() if one.standing is ClaimStanding.ADJUDICATED}
        standing |= in_force(ledger.paid_lines(keys))
    held = [line for line in store.trail(host) if line[2].startswith(_HELD)]
    ids = dict.fromkeys([*(encounter for _, encounter, _ in held if encounter), *store.open_holds(host)])
    visits = [row for some in _chunks(ids) for row in store.known(host, some).values()]
    told = report(denials(rows, claims, standing, period), visits, held, period, len(lost))
    return Denied(period, told, tuple(every_week(told.by_week, WEEKS)))


@lru_cache(maxsize=4096)
def _is_denial(group: str, reason: str, remarks: tuple[str, ...]) -> bool:
    """Whether an adjustment may be one: the patient's share and what is agreed are not."""
    return words(group, reason, remarks).category not in _NO_DENIAL


def _chunks(keys: Iterable[str]) -> Iterator[Sequence[str]]:
    left = iter(keys)
    while some := list(islice(left, _CHUNK)):
        yield some


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
