"""A run of one host by several processes: one leads, all decide pieces of it, and what comes out is what one makes.

Visits have to do with each other that are of one patient (days, papers) or that take of one therapist's day. The first
are always in one piece, whatever else moved them: ``split``. So are those that already mattered to each other on a
therapist's day when the run began. What comes to matter there while two processes decide at once is seen afterwards in
the store, which knows what every visit takes of every day: ``settle`` decides those again (decision 27).
Each step may be done twice, or again after a process was killed in it: all go by what store and host say then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date as Date

from massage_billing.coding import therapist_day
from massage_billing.errors import NoRuleForDate
from massage_billing.model import Worked
from massage_billing.ports import ListsVisits, NamesProblems
from massage_billing.run.answered import NewAnswers
from massage_billing.run.batch import Batch
from massage_billing.run.outbox import Outbox, approves
from massage_billing.run.report import RunReport, Tally
from massage_billing.service import BATCH, REDO_ROUNDS, Billing, chunks_of

_Day = tuple[str, Date]


@dataclass(frozen=True, slots=True)
class Found:
    """What a run has to decide."""

    groups: tuple[tuple[str, ...], ...]
    """Encounter ids; what has to do with each other is in one group."""
    cursor: str | None
    """Where the next run may start, once all of them are decided."""
    whole: bool
    """Every visit of the host is among them."""

    @property
    def visits(self) -> int:
        """How many visits."""
        return sum(map(len, self.groups))


@dataclass(slots=True)
class _Wanted:
    """Visits to decide while they are collected; the order of the host."""

    patients: dict[str, set[str]] = field(default_factory=dict)
    """Encounter id → patients that anybody says it is of."""

    def add(self, encounter: str, patient: str | None = None) -> None:
        """One more, or one more that says whose it is."""
        found = self.patients.setdefault(encounter, set())
        if patient is not None:
            found.add(patient)


class SideBySide:
    """What the processes that share a run do, each with its own host and store."""

    def __init__(self, billing: Billing) -> None:
        self.billing = billing
        self.host, self.store, self.setup = billing.host, billing.store, billing.setup
        self._news = NewAnswers(billing.setup)

    # --- who leads --------------------------------------------------------------------------------------------------

    def find(self) -> tuple[Found, RunReport]:
        """Finish what is pending; then what a run has to decide. Raises HostError where the host cannot be read."""
        tally = Tally(dry_run=False)
        recalled = tuple(self.setup.recall())
        self.billing.resume(*self._tools(tally))
        wanted, cursor = _Wanted(), self.store.cursor(self.host.id)
        reached, whole = self._listed(cursor, wanted)
        for encounter in sorted(self.billing.woken(incremental=cursor is not None) | self._news.waking()):
            wanted.add(encounter)
        found = Found(tuple(self._groups(wanted)), reached, whole)
        first = tally.report(pending=0, complete=True, outputs=())
        return found, replace(first, problems=(*recalled, *first.problems))

    def _listed(self, cursor: str | None, wanted: _Wanted) -> tuple[str | None, bool]:
        """What the host lists; the cursor reached, and whether it listed every visit."""
        assert isinstance(self.host, ListsVisits)  # noqa: S101
        reached, whole = None, cursor is None
        for page in self.host.listed(cursor, self.setup.start):
            whole = whole or bool(page.encounters)
            for encounter, patient in page.encounters:
                wanted.add(encounter, patient)
            if page.touched:
                for encounter in sorted(self.store.waking(self.host.id, self.billing.by_others(page.touched))):
                    wanted.add(encounter)
                for change in page.touched:
                    if change.encounter in wanted.patients:
                        wanted.add(str(change.encounter), change.patient)
            reached = page.cursor or reached
        return reached, whole

    def settle(self, encounters: Sequence[str]) -> RunReport:
        """After all pieces: decide again what became due by them, and what they could not know of one another."""
        tally = Tally(dry_run=False)
        batch, outbox = self._tools(tally)
        batch.counted = set()
        days, before = self._days(encounters), set[str]()
        for _ in range(REDO_ROUNDS):
            moved = self._matter(days) | set(self.store.due(self.host.id, self.host.now()))
            if moved <= before:
                break
            for ids in chunks_of(sorted(moved), BATCH):
                self.billing.decide(batch, outbox, self.billing.read(batch, ids), dry_run=False)
            # Only their days can have become others: those they took of before, and those they take of now.
            left = {day for day, some in days.items() if any(one.encounter in moved for one in some)}
            days, before = self._days(sorted(moved), left), moved
        if isinstance(self.host, NamesProblems):
            for where, what in self.host.problems():
                tally.problem(f"{where}: {what}")
        return tally.report(pending=self.store.waiting(self.host.id), complete=True, outputs=())

    def finish(self, cursor: str | None, *, news: bool) -> None:
        """Every piece is written or safely in the outbox: the next run starts at the cursor. ``news``: what payers
        answered was looked at by this process when the run began."""
        if cursor:
            self.store.save_cursor(self.host.id, cursor)
            if news:
                self._news.seen()

    # --- who decides a piece ----------------------------------------------------------------------------------------

    def piece(self, encounters: Sequence[str], *, whole: bool) -> RunReport:
        """Decide these visits, commit and write them. ``whole``: every visit of the host is in some piece."""
        tally = Tally(dry_run=False)
        batch, outbox = self._tools(tally)
        batch.counted = None if whole else set(encounters)
        for ids in chunks_of(encounters, BATCH):
            self.billing.decide(batch, outbox, self.billing.read(batch, ids), dry_run=False)
        return tally.report(pending=0, complete=True, outputs=())

    def _tools(self, tally: Tally) -> tuple[Batch, Outbox]:
        billing = self.billing
        return (
            Batch(self.setup, billing.capabilities, billing.terms(), tally),
            Outbox(self.setup, billing.capabilities, tally),
        )

    # --- one visit --------------------------------------------------------------------------------------------------

    def again(self, encounters: Sequence[str]) -> RunReport:
        """Read some visits and decide them now, with those that this moves. A draft that a person let go, and that was
        not written yet, stays let go."""
        tally = Tally(dry_run=False)
        recalled = tuple(self.setup.recall())
        batch, outbox = self._tools(tally)
        batch.counted = set(encounters)
        approved = self._let_go(outbox, set(encounters))
        for ids in chunks_of(encounters, BATCH):
            records = self.billing.read(batch, ids)
            for encounter in sorted(set(ids) - {record.encounter for record in records}):
                tally.problem(f"Encounter/{encounter}: the host has no such visit.")
            planned = batch.decide(records, approved=approved)
            self.billing.redo(batch, outbox, outbox.commit_and_write(planned))
        made = tally.report(pending=self.store.waiting(self.host.id), complete=True, outputs=())
        return merged([replace(made, problems=(*recalled, *made.problems)), self.settle(encounters)])

    def _let_go(self, outbox: Outbox, encounters: set[str]) -> frozenset[str]:
        if not self.billing.capabilities.takes_claims():
            return frozenset()
        waiting = (group for groups in outbox.left() for group in groups if group.encounter in encounters)
        return frozenset(group.encounter for group in waiting if approves(group))

    # --- what has to do with each other -----------------------------------------------------------------------------

    def _groups(self, wanted: _Wanted) -> Iterator[tuple[str, ...]]:
        """The visits, those together that one process has to decide."""
        ids, joined = list(wanted.patients), _Joined()
        for some in chunks_of(ids, BATCH):
            for encounter, row in self.store.known(self.host.id, some).items():
                wanted.add(encounter, row.patient)
        for encounter, patients in wanted.patients.items():
            for patient in patients:
                joined.join(encounter, patient)
        for day, some_worked in self._days(ids).items():
            self._join_day(day, some_worked, wanted, joined)
        found: dict[str, list[str]] = {}
        for encounter in ids:
            found.setdefault(joined.first(encounter), []).append(encounter)
        return (tuple(some) for some in found.values())

    def _join_day(self, day: _Day, worked: Sequence[Worked], wanted: _Wanted, joined: _Joined) -> None:
        for one, others in self._mattering(day, worked):
            for other in others:
                if one.encounter in wanted.patients and other.encounter in wanted.patients:
                    joined.join(one.encounter, other.encounter)

    def _matter(self, days: Mapping[_Day, Sequence[Worked]]) -> set[str]:
        """Of these days: visits to whom others matter, and those that are held though none does."""
        found = {
            one.encounter for day, worked in days.items() for one, others in self._mattering(day, worked) if others
        }
        of_days = {one.encounter for worked in days.values() for one in worked}
        held = of_days.intersection(self.store.open_holds(self.host.id)) - found
        for encounter, row in self.store.known(self.host.id, sorted(held)).items():
            if any(rule == therapist_day.RULE for rule, _ in row.holds):
                found.add(encounter)
        return found

    def _days(self, encounters: Sequence[str], more: Collection[_Day] = ()) -> Mapping[_Day, list[Worked]]:
        """What the store knows of the therapists' days of which these visits take, and of more days."""
        host, days = self.host.id, {day: list[Worked]() for day in more}
        for one in self.store.worked(host, more, ()) if more else ():
            days[one.therapist, one.date].append(one)
        for ids in chunks_of(encounters, BATCH):
            named = {(one.therapist, one.date) for one in self.store.worked(host, (), ids)} - days.keys()
            for day in named:
                days[day] = []
            for one in self.store.worked(host, named, ()) if named else ():
                days[one.therapist, one.date].append(one)
        return days

    def _mattering(self, day: _Day, worked: Sequence[Worked]) -> Iterator[tuple[Worked, list[Worked]]]:
        """Each of a day with what others of it matter to it, where any does."""
        if len(worked) < 2:
            return
        try:
            rules = self.setup.book.on(day[1])
        except NoRuleForDate:
            return
        for one in worked:
            others = [other for other in worked if other.encounter != one.encounter]
            if others and (matter := therapist_day.that_matter(one, others, rules)):
                yield one, matter


class _Joined:
    """Disjoint sets of names (union-find)."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def first(self, name: str) -> str:
        """The name that stands for the set of this one."""
        while (above := self._above.get(name, name)) != name:
            self._above[name] = name = self._above.get(above, above)
        return name

    def join(self, one: str, other: str) -> None:
        """These are of one set."""
        self._above[self.first(other)] = self.first(one)


def split(groups: Iterable[Sequence[str]], processes: int, most: int = 200, least: int = 20) -> list[tuple[str, ...]]:
    """Pieces: groups whole; the smaller the less is left, so that nobody waits long at the end for the last one."""
    listed = list(groups)
    left = sum(map(len, listed))
    pieces: list[list[str]] = []
    size = 0
    for group in listed:
        if not pieces or len(pieces[-1]) + len(group) > max(size, len(group)):
            size = max(least, min(most, left // (2 * processes)))
            pieces.append([])
        pieces[-1] += group
        left -= len(group)
    return [tuple(piece) for piece in pieces]


def merged(reports: Sequence[RunReport]) -> RunReport:
    """What several parts of one run did, as one report; what still waits is as the last one says."""
    from collections import Counter
    from dataclasses import fields

    sums: dict[str, object] = {}
    for one in fields(RunReport):
        values = [getattr(report, one.name) for report in reports]
        if one.name == "pending_writes":
            sums[one.name] = values[-1]
        elif isinstance(values[0], bool):
            sums[one.name] = all(values)
        elif one.name == "hold_reasons":
            reasons: Counter[str] = Counter()
            for value in values:
                reasons.update(value)
            sums[one.name] = dict(reasons)
        elif isinstance(values[0], tuple):
            sums[one.name] = tuple(dict.fromkeys(item for value in values for item in value))
        else:
            sums[one.name] = sum(values[1:], values[0])
    return RunReport(**sums)  # type: ignore[arg-type]
