"""The fake of what the workbench's pages ask: every row is looked at, every time. Passes the same tests as SqlDesk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date as Date
from typing import TypeVar

from massage_billing.model import Ruling
from massage_billing.model.desk import Work
from massage_billing.ports import VisitRow, VisitState
from massage_billing.ports.desk import (
    ClaimDays,
    ClaimFilter,
    ClaimRow,
    HeldDay,
    HoldFilter,
    HoldOrder,
    HoldRow,
    HoldSums,
    Overtaken,
    Page,
    StandingSum,
)
from massage_billing.store import desk_sums as sums
from massage_billing.store.desk_pages import Place, new_key, seal, unseal
from massage_billing.store.desk_rules import NO_DATE, Kept, cents, given, gone, listed, rules_of
from massage_billing.store.memory_visits import MemoryVisits

Row = TypeVar("Row", HoldRow, ClaimRow)


class MemoryDesk:
    """ports.Desk in memory, for tests and for a demonstration that keeps nothing."""

    def __init__(self, visits: MemoryVisits, rule: Callable[[str, str, Ruling], None]) -> None:
        self._visits = visits
        self._rule = rule
        self._days: dict[str, dict[Date, list[HeldDay]]] = {}
        self._seal = new_key()

    # --- holds --------------------------------------------------------------------------------------------------------

    def hold_sums(self, host: str, which: HoldFilter) -> HoldSums:
        """The queue by reason."""
        return sums.summed(_as_sum(row.visit) for row in self._held(host, which))

    def holds(
        self, host: str, which: HoldFilter, order: HoldOrder, after: str | None = None, limit: int = 50
    ) -> Page[HoldRow]:
        """The queue, a page at a time. A bad ``after`` is the first page."""
        placed = sorted((sums.place(order, row)[1:], row.visit.encounter, row) for row in self._held(host, which))
        begun = unseal(self._seal, after, order.value)
        some = [row for place, _, row in placed if begun is None or place > begun[1:]]
        last = sums.place(order, some[limit - 1]) if len(some) > limit else None
        return Page(tuple(some[:limit]), seal(self._seal, last) if last else None)

    def _held(self, host: str, which: HoldFilter) -> Iterator[HoldRow]:
        for row in self._visits.of_host(host):
            found = self.hold(host, row.encounter)
            if row.state is VisitState.HELD and found is not None and _wanted(found, which):
                yield found

    def hold(self, host: str, encounter: str) -> HoldRow | None:
        """One visit with what people do about it, held or not; None where no run has seen it."""
        row = self._visits.rows.get((host, encounter))
        if row is None:
            return None
        since = self._visits.kept.get((host, encounter), Kept()).since
        return HoldRow(row, since, self._visits.work_on(host, encounter))

    def assign(self, host: str, encounter: str, seen: int, work: Work) -> Work:
        """Give a hold to somebody, or write a note. Raises Overtaken where ``seen`` is not the version that stands."""
        with self._visits.turn:
            after = given(self._standing(host, encounter, seen), work)
            self._visits.work[host, encounter] = after
        return after

    def decide(self, host: str, encounter: str, seen: int, ruling: Ruling) -> Work:
        """Remember a person's decision (as Store.rule does) if ``seen`` still stands. Raises Overtaken."""
        with self._visits.turn:
            self._standing(host, encounter, seen)
            self._rule(host, encounter, ruling)
            return self._visits.work_on(host, encounter)

    def _standing(self, host: str, encounter: str, seen: int) -> Work:
        if (host, encounter) not in self._visits.rows:
            raise Overtaken(gone(encounter))
        before = self._visits.work_on(host, encounter)
        if before.version != seen:
            raise Overtaken(before)
        return before

    def note_held(self, host: str, day: Date) -> None:
        """Keep how the queue stands on a day, in place of what was kept of it."""
        self._days.setdefault(host, {})[day] = sums.on_day(day, self.hold_sums(host, HoldFilter()))

    def held_days(self, host: str, first: Date, last: Date) -> list[HeldDay]:
        """What was kept of these days."""
        found = [one for day, some in self._days.get(host, {}).items() if first <= day <= last for one in some]
        return sorted(found, key=lambda one: (one.day, one.rule))

    # --- claims -------------------------------------------------------------------------------------------------------

    def claims(self, host: str, which: ClaimFilter, after: str | None = None, limit: int = 50) -> Page[ClaimRow]:
        """Claims, the newest date of service first, a page at a time."""
        begun = unseal(self._seal, after, sums.CLAIMS)
        found = sorted(((_place(one), one) for one in self._claims(host, which)), key=lambda one: one[0], reverse=True)
        some = [one for one in found if begun is None or one[0] < (str(begun.value), begun.encounter)]
        last = Place(sums.CLAIMS, *some[limit - 1][0]) if len(some) > limit else None
        return Page(tuple(row for _, row in some[:limit]), seal(self._seal, last) if last else None)

    def _claims(self, host: str, which: ClaimFilter) -> Iterator[ClaimRow]:
        for row in self._visits.of_host(host):
            standing, since = self._visits.standing(row)
            if listed(row.state, row.date, standing) is not None:
                kept = self._visits.kept.get((host, row.encounter), Kept())
                made = ClaimRow(row, kept.claimed, sums.standing(standing), since)
                if _asked(made, which):
                    yield made

    def claim_sums(self, host: str, which: ClaimFilter) -> list[StandingSum]:
        """The same by standing; ``standing`` and ``unsent`` of the filter are not looked at."""
        found: dict[str, tuple[int, int]] = {}
        for one in self._claims(host, sums.any_standing(which)):
            claims, of = found.get(one.standing or "", (0, 0))
            found[one.standing or ""] = (claims + 1, of + (cents(one.visit.amount) or 0))
        return sums.standings(found)

    def claim_days(self, host: str, first: Date, last: Date, therapist: str | None = None) -> list[ClaimDays]:
        """By week of the date of service."""
        counted: Counter[tuple[Date, int]] = Counter()
        for one in self._claims(host, ClaimFilter(first=first, last=last, therapist=therapist)):
            days = self._visits.kept[host, one.visit.encounter].days
            if one.visit.date is not None and days is not None:
                counted[one.visit.date, days] += 1
        return sums.by_week((date, days, number) for (date, days), number in counted.items())

    def payers(self, host: str) -> list[str]:
        """Payer keys of the host's visits, for the filters' lists."""
        return sorted({row.payer for row in self._visits.of_host(host) if row.payer})

    def treated(self, host: str, therapist: str, encounters: Sequence[str]) -> frozenset[str]:
        """Which of these visits this therapist ("Practitioner/3") treated."""
        rows = (self._visits.rows.get((host, encounter)) for encounter in encounters)
        return frozenset(row.encounter for row in rows if row is not None and therapist in row.therapists)


def _as_sum(row: VisitRow) -> sums.Sum:
    known = cents(row.amount)
    return sums.Sum(rules_of(row), 1, known or 0, int(known is None), row.filing_limit)


def _wanted(row: HoldRow, which: HoldFilter) -> bool:
    return (
        (not which.rule or which.rule in rules_of(row.visit))
        and (not which.payer or which.payer == row.visit.payer)
        and (which.assignee is None or which.assignee == row.work.assignee)
        and (which.therapist is None or which.therapist in row.visit.therapists)
    )


def _asked(row: ClaimRow, which: ClaimFilter) -> bool:
    visit, date = row.visit, row.visit.date or NO_DATE
    dated = visit.date is not None or (which.first is None and which.last is None)
    return (
        dated
        and (which.standing is None or sums.standing(which.standing) == row.standing)
        and (not which.unsent or row.standing is None)
        and (not which.draft or visit.draft)
        and (not which.payer or which.payer == visit.payer)
        and (which.first is None or date >= which.first)
        and (which.last is None or date <= which.last)
        and (which.therapist is None or which.therapist in visit.therapists)
        and _named(visit, which.search.strip())
    )


def _named(row: VisitRow, name: str) -> bool:
    begins = [(row.encounter, name), (row.claim or "", sums.named_alike(name))]
    if len(name) >= sums.NAMED_FROM:
        begins.append((row.claim_key, name))
    return not name or any(text.startswith(beginning) for text, beginning in begins if beginning)


def _place(row: ClaimRow) -> tuple[str, str]:
    return (row.visit.date or NO_DATE).isoformat(), row.visit.encounter
