"""The store's fake: everything in dictionaries, gone with the process. Passes the same tests as SqlStore."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from datetime import date as Date
from itertools import count

from massage_billing.model import PaperCount, Ruling, UseState, Worked
from massage_billing.ports import Entry, Forgotten, OutboxRow, Touched, VisitRow, VisitState, WriteGroup, WriteResult
from massage_billing.store.asking_rules import Alive, Clock, cannot_tell, utc_now
from massage_billing.store.common import (
    MESSAGE_LENGTH,
    REFERENCES,
    latest,
    latest_entries,
    overtaken,
    recount,
    wakes,
    without,
)
from massage_billing.store.desk_rules import decided
from massage_billing.store.memory_access import MemoryAccess
from massage_billing.store.memory_asking import MemoryAsking
from massage_billing.store.memory_desk import MemoryDesk
from massage_billing.store.memory_jobs import MemoryJobs
from massage_billing.store.memory_ledger import MemoryLedger
from massage_billing.store.memory_visits import MemoryVisits

_Key = tuple[str, str]


@dataclass(slots=True)
class _Queued:
    id: int
    place: int
    group: WriteGroup
    attempts: int = 0
    last_error: str = ""
    confirmed_at: datetime | None = None


class MemoryStore:
    """ports.Store in memory, for tests and for runs that keep nothing."""

    def __init__(self) -> None:
        self._cursors: dict[str, str] = {}
        self._ledger = MemoryLedger()
        self._visits = MemoryVisits(self._ledger)
        self._rows = self._visits.rows
        self._used: dict[_Key, dict[str, str]] = {}
        self._worked: dict[_Key, tuple[Worked, ...]] = {}
        self._uses: dict[_Key, tuple[PaperCount, ...]] = {}
        self._again: set[_Key] = set()
        self._outbox: dict[_Key, _Queued] = {}
        self._handed: dict[_Key, tuple[int, str]] = {}
        self._rulings: dict[_Key, tuple[Ruling, bool]] = {}
        self._ruled: dict[_Key, Ruling] = {}
        self._trail: list[tuple[str, datetime, str | None, str]] = []
        self._number = count(1)
        self._asking = MemoryAsking()
        self._access = MemoryAccess()
        self._jobs = MemoryJobs()
        self._desk = MemoryDesk(self._visits, self.rule)

    def close(self) -> None:
        """Nothing to close."""

    def __enter__(self) -> MemoryStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def asking(self, alive: Alive = cannot_tell, clock: Clock = utc_now) -> MemoryAsking:
        """What is remembered of asking payers, gone with the store; all who ask for it share it."""
        return self._asking.seen_by(alive, clock)

    def ledger(self, clock: Clock = utc_now) -> MemoryLedger:
        """What was sent and what became of it, gone with the store; all who ask for it share it."""
        return self._ledger.seen_by(clock)

    def jobs(self, alive: Alive = cannot_tell, clock: Clock = utc_now) -> MemoryJobs:
        """The service's jobs, gone with the store; all who ask for them share them."""
        self._jobs.alive, self._jobs.clock = alive, clock
        return self._jobs

    def access(self) -> MemoryAccess:
        """Who is at the workbench and who looked at what, gone with the store; all who ask for it share it."""
        return self._access

    def desk(self) -> MemoryDesk:
        """What the workbench's pages ask, gone with the store; all who ask for it share it."""
        return self._desk

    # --- cursor and visits ------------------------------------------------------------------------------------------

    def cursor(self, host: str) -> str | None:
        """Where the last complete run ended."""
        return self._cursors.get(host)

    def save_cursor(self, host: str, cursor: str) -> None:
        """Remember where this complete run ended."""
        self._cursors[host] = cursor

    def known(self, host: str, encounters: Iterable[str]) -> dict[str, VisitRow]:
        """Rows of these visits, by Encounter id."""
        return {e: self._rows[host, e] for e in encounters if (host, e) in self._rows}

    def commit(self, entries: Sequence[Entry]) -> set[str]:
        """Remember decided visits and what is to be written; those that were decided meanwhile, and those whose count
        of papers no longer holds, are given back."""
        last = latest_entries(entries)
        visits = {(entry.row.host, entry.row.encounter): entry for entry in last}
        refused = {visit for visit, entry in visits.items() if overtaken(entry, self._rows.get(visit))}
        refused |= self._count(without(last, refused))
        entries = without(entries, refused)
        now = datetime.now(UTC)
        for entry in latest_entries(entries):
            visit = (entry.row.host, entry.row.encounter)
            self._visits.put(entry.row, entry.at or now)
            self._used[visit] = dict(entry.used)
            self._worked[visit] = entry.worked
            self._queue(entry)
            ruling = self._ruled.pop(visit, None)
            if ruling is not None and self._rulings.get(visit) == (ruling, False):
                self._rulings[visit] = (ruling, True)
        for entry in entries:
            if entry.audit:
                self.audit(entry.row.host, entry.row.encounter, entry.audit)
        return {encounter for _, encounter in refused}

    def _count(self, entries: Sequence[Entry]) -> set[_Key]:
        """Count papers again; what is refused. What others use changes with what is remembered."""
        refused: set[_Key] = set()
        counted = [entry for entry in entries if entry.uses is not None]
        for host in {entry.row.host for entry in counted}:
            mine = [entry for entry in counted if entry.row.host == host]
            made = recount(self._counts(host), mine)
            refused |= {(host, encounter) for encounter in made.refused}
            for entry in mine:
                if entry.row.encounter not in made.refused:
                    self._uses[host, entry.row.encounter] = entry.uses or ()
                    self._again.discard((host, entry.row.encounter))
            self._again |= {(host, encounter) for encounter in made.woken}
        return refused

    def _counts(self, host: str) -> list[PaperCount]:
        return [use for (of, _), uses in self._uses.items() if of == host for use in uses]

    def paper_counts(self, host: str, patients: Iterable[str]) -> list[PaperCount]:
        """What visits use of the papers of these patients."""
        wanted = set(patients)
        return [use for use in self._counts(host) if use.patient in wanted]

    def sent(self, host: str, encounters: Iterable[str]) -> None:
        """The claims of these visits were sent."""
        for encounter in encounters:
            uses = self._uses.get((host, encounter), ())
            self._uses[host, encounter] = tuple(replace(use, state=UseState.SENT) for use in uses)

    def _queue(self, entry: Entry) -> None:
        host, encounter = entry.row.host, entry.row.encounter
        for queued in self._waiting(host):
            if queued.group.encounter == encounter:
                del self._outbox[host, queued.group.key]
        if entry.group is not None:
            number = next(self._number)
            self._outbox[host, entry.group.key] = _Queued(number, number, entry.group)
            self._handed[host, entry.group.key] = (number, encounter)

    def rows(self, host: str) -> Iterator[VisitRow]:
        """All visits, by date of service, those without one last."""
        rows = (row for (of, _), row in self._rows.items() if of == host)
        yield from sorted(rows, key=lambda row: (row.date or Date.max, row.encounter))

    def same_day(self, host: str, days: Collection[tuple[str, Date]]) -> list[str]:
        """Encounter ids of the visits of these patients on these dates of service."""
        return sorted(row.encounter for row in self.rows(host) if (row.patient, row.date) in days)

    def of_patients(self, host: str, patients: Iterable[str]) -> list[VisitRow]:
        """Every visit of these patients, by date of service."""
        wanted = set(patients)
        return [row for row in self.rows(host) if row.patient in wanted]

    def worked(self, host: str, days: Collection[tuple[str, Date]], encounters: Collection[str]) -> list[Worked]:
        """What visits take of these therapists' days, and all that these visits take of any day."""
        found = (one for (of, _), some in self._worked.items() if of == host for one in some)
        asked = [one for one in found if (one.therapist, one.date) in days or one.encounter in encounters]
        return sorted(asked, key=lambda one: one[:3])

    # --- what to look at again --------------------------------------------------------------------------------------

    def waking(self, host: str, touched: Sequence[Touched]) -> set[str]:
        """Encounter ids of visits that a change on the host may concern."""
        found: set[str] = set()
        for change in latest(touched):
            current: set[str | None] = set()
            for (of, encounter), used in self._used.items():
                if of == host and change.reference in used:
                    same = bool(change.version) and used[change.reference] == change.version
                    (current if same else found).add(encounter)
            if change.encounter in current:
                continue
            if change.encounter:
                found.add(change.encounter)
            found.update(
                row.encounter
                for (of, _), row in self._rows.items()
                if of == host and change.patient and row.patient == change.patient and wakes(change, row.state)
                if row.encounter not in current
            )
        return found

    def due(self, host: str, now: datetime) -> list[str]:
        """Visits whose time has come, and those a person has ruled on since they were decided; longest due first."""
        since = [(row.due, row.encounter) for row in self.rows(host) if row.due is not None]
        since += [(r.at, e) for (of, e), (r, applied) in self._rulings.items() if of == host and not applied]
        since = [(when, encounter) for when, encounter in since if when <= now]
        since += [
            (datetime.combine(use.date, time.min, UTC), e)
            for (of, e) in self._again
            if of == host
            for use in self._uses[of, e]
        ]
        return list(dict.fromkeys(encounter for _, encounter in sorted(since)))

    def open_holds(self, host: str) -> list[str]:
        """Encounter ids of all open holds."""
        return sorted(row.encounter for row in self.rows(host) if row.state is VisitState.HELD)

    def outdated(self, host: str, rulebook: str, clinic: str) -> list[str]:
        """Open holds that another rulebook or other clinic files decided."""
        held = (row for row in self.rows(host) if row.state is VisitState.HELD)
        return sorted(row.encounter for row in held if (row.rulebook, row.clinic) != (rulebook, clinic))

    # --- outbox -----------------------------------------------------------------------------------------------------

    def _waiting(self, host: str) -> list[_Queued]:
        queued = (q for (of, _), q in self._outbox.items() if of == host and q.confirmed_at is None)
        return sorted(queued, key=lambda q: q.place)

    def pending(self, host: str, limit: int) -> list[OutboxRow]:
        """The oldest groups waiting to be written; those tried in vain come after the others."""
        some = self._waiting(host)[:limit]
        for queued in some:
            self._handed[host, queued.group.key] = (queued.id, queued.group.encounter)
        return [OutboxRow(queued.group, queued.attempts, queued.last_error) for queued in some]

    def waiting(self, host: str) -> int:
        """How many groups wait to be written."""
        return len(self._waiting(host))

    def confirm(self, host: str, results: Sequence[WriteResult], rows: Sequence[VisitRow]) -> None:
        """Mark groups as written and replace these visits' rows; what was decided since stays (SqlStore.confirm)."""
        newer: set[str] = set()
        for result in results:
            if result.problem is not None:
                continue
            queued = self._outbox.get((host, result.key))
            given = self._handed.pop((host, result.key), None)
            if given is not None and (queued is None or queued.id != given[0]):
                newer.add(given[1])
            elif queued is not None and queued.confirmed_at is None:
                queued.confirmed_at = datetime.now(UTC)
        for row in {(row.host, row.encounter): row for row in rows}.values():
            visit = (row.host, row.encounter)
            if row.encounter not in newer:
                self._visits.put(row, datetime.now(UTC))
            elif visit in self._rows:
                said = {name: getattr(row, name) for name in REFERENCES if getattr(row, name) is not None}
                self._rows[visit] = replace(self._rows[visit], **said)
        for result in results:
            if result.problem is not None:
                self.failed(host, result.key, str(result.problem))

    def failed(self, host: str, key: str, problem: str) -> None:
        """Count one failed try of a group; it stays in the outbox, behind the others."""
        self._handed.pop((host, key), None)
        queued = self._outbox.get((host, key))
        if queued is None or queued.confirmed_at is not None:
            return
        queued.attempts += 1
        queued.last_error = problem[:MESSAGE_LENGTH]
        queued.place = next(self._number)

    # --- people, trail and retention --------------------------------------------------------------------------------

    def rulings(self, host: str, encounters: Iterable[str]) -> dict[str, Ruling]:
        """What people decided of these visits."""
        found = {e: self._rulings[host, e][0] for e in encounters if (host, e) in self._rulings}
        self._ruled.update({(host, e): ruling for e, ruling in found.items()})
        return found

    def rule(self, host: str, encounter: str, ruling: Ruling) -> None:
        """Remember a person's decision; the visit is due at ``ruling.at``, until it was decided with the ruling."""
        self._rulings[host, encounter] = (ruling, False)
        row = self._rows.get((host, encounter))
        if row is not None and (row.due is None or row.due > ruling.at):
            self._rows[host, encounter] = replace(row, due=ruling.at)
        self._visits.work[host, encounter] = decided(self._visits.work_on(host, encounter), ruling)

    def audit(self, host: str, encounter: str | None, what: str) -> None:
        """Add one line to the audit trail; ids only."""
        self._trail.append((host, datetime.now(UTC), encounter, what))

    def trail(self, host: str, encounter: str | None = None) -> Iterator[tuple[datetime, str | None, str]]:
        """The audit trail of a host, or of one visit: (when, Encounter id, what), the oldest first."""
        for of, at, about, what in self._trail:
            if of == host and (encounter is None or about == encounter):
                yield at, about, what

    def purge_patient(self, host: str, patient: str) -> Forgotten:
        """Forget everything of a patient ("Patient/3")."""
        gone = {visit for visit, row in self._rows.items() if visit[0] == host and row.patient == patient}
        for visit in gone:
            self._visits.forget(visit)
            self._used.pop(visit, None)
            self._worked.pop(visit, None)
            self._rulings.pop(visit, None)
        self._uses = {k: tuple(u for u in us if k[0] != host or u.patient != patient) for k, us in self._uses.items()}
        self._outbox = {k: q for k, q in self._outbox.items() if (k[0], q.group.encounter) not in gone}
        self._trail = [line for line in self._trail if (line[0], line[2]) not in gone]
        self._ledger.purge_patient(host, patient)
        return Forgotten(len(gone), self._asking.purge_patient(host, patient))

    def purge_confirmed(self, before: datetime) -> int:
        """Drop payloads of groups confirmed, and what payers sent, before a time; number dropped."""
        gone = [k for k, q in self._outbox.items() if q.confirmed_at is not None and q.confirmed_at < before]
        for key in gone:
            del self._outbox[key]
        return len(gone) + self._asking.purge_evidence(before) + self._ledger.purge(before)
