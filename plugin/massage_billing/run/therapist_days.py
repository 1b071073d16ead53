"""The days of a batch's therapists: what other visits take of them, and which of those something changes for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date as Date

from massage_billing.coding import therapist_day
from massage_billing.errors import NoRuleForDate
from massage_billing.model import Worked
from massage_billing.run.seen import Seen
from massage_billing.run.setup import Setup

_Day = tuple[str, Date]


class TherapistDays:
    """What visits take of the therapists' days of one batch: the store's, and over it what the batch itself takes."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._days: dict[_Day, dict[str, Worked]] = {}
        """By therapist's day and Encounter id."""

    def add(self, fresh: Sequence[Seen], seen: Mapping[str, Seen]) -> set[str]:
        """Count these visits in; Encounter ids of others for which that changes something."""
        known = [one.encounter for one in fresh if one.row is not None]
        taken: dict[_Day, list[Worked]] = {}
        for one in fresh:
            for worked in one.worked:
                taken.setdefault((worked.therapist, worked.date), []).append(worked)
        before = self._ask(taken.keys(), known)
        took: dict[str, list[Worked]] = {}
        for worked in (worked for some in before.values() for worked in some):
            took.setdefault(worked.encounter, []).append(worked)
        for one in fresh:
            one.worked_anew = sorted(took.get(one.encounter, ())) != list(one.worked)
        found: set[str] = set()
        ours = {one.visit.encounter for one in fresh}
        for day in taken.keys() | before.keys():
            found |= self._changed(day, before.get(day, []), taken.get(day, []), ours)
            of_day = self._days.setdefault(day, {})
            for worked in before.get(day, ()):
                of_day.pop(worked.encounter, None)
            of_day.update((worked.encounter, worked) for worked in taken.get(day, ()))
        return found - seen.keys()

    def _ask(self, days: Iterable[_Day], known: Sequence[str]) -> dict[_Day, list[Worked]]:
        """Read these days from the store; what these visits took until now, by day."""
        store, host = self._setup.store, self._setup.host.id
        missing = set(days) - self._days.keys()
        before: dict[_Day, list[Worked]] = {}
        while missing or known:
            read = store.worked(host, missing, known)
            for worked in read:
                if (worked.therapist, worked.date) in missing:
                    self._days.setdefault((worked.therapist, worked.date), {})[worked.encounter] = worked
            for day in missing:
                self._days.setdefault(day, {})
            of_known = set(known)
            for worked in read:
                if worked.encounter in of_known:
                    before.setdefault((worked.therapist, worked.date), []).append(worked)
            missing, known = before.keys() - self._days.keys(), ()
        return before

    def _changed(self, day: _Day, before: list[Worked], now: list[Worked], ours: set[str]) -> set[str]:
        others = [worked for encounter, worked in self._days.get(day, {}).items() if encounter not in ours]
        if not others or sorted(before) == sorted(now):
            return set()
        try:
            return therapist_day.changed_for(before, now, others, self._setup.book.on(day[1]))
        except NoRuleForDate:
            return set()

    def tell(self, seen: Iterable[Seen]) -> None:
        """Give each visit what others take of its therapists' days, where that matters to it."""
        for one in seen:
            for worked in one.worked:
                of_day = self._days[worked.therapist, worked.date]
                if len(of_day) > 1:
                    others = [other for encounter, other in of_day.items() if encounter != one.encounter]
                    day = self._setup.book.on(worked.date)
                    one.elsewhere_worked = (*one.elsewhere_worked, *therapist_day.that_matter(worked, others, day))
