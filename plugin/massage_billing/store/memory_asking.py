"""The fake of asking: everything in dictionaries, gone with the process. Passes the same tests as SqlAsking."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date as Date
from datetime import datetime, timedelta

from massage_billing.model import Known
from massage_billing.ports import AheadTask, Habit, QuestionRow, QuestionState, Settled, Unwritten
from massage_billing.store.asking_rules import (
    Alive,
    Clock,
    answers_before,
    as_kept,
    cannot_tell,
    claimed,
    first_of_each,
    may_ask,
    one_a_day,
    settle_in_turn,
    summed,
    utc_now,
)


@dataclass(slots=True)
class _Kept:
    rows: dict[str, QuestionRow] = field(default_factory=dict)
    leased: dict[str, datetime] = field(default_factory=dict)
    answers: dict[str, Known] = field(default_factory=dict)
    recorded: dict[str, datetime] = field(default_factory=dict)
    unwritten: set[str] = field(default_factory=set)
    evidence: dict[str, tuple[datetime, bytes, str]] = field(default_factory=dict)
    habits: list[Habit] = field(default_factory=list)
    tasks: dict[tuple[str, str], AheadTask] = field(default_factory=dict)
    looked_up: dict[str, tuple[datetime, bytes]] = field(default_factory=dict)

    def drop(self, keys: Iterable[str]) -> None:
        for key in keys:
            del self.rows[key], self.leased[key]
            self.answers.pop(key, None)
            self.recorded.pop(key, None)
            self.evidence.pop(key, None)
            self.unwritten.discard(key)


class MemoryAsking:
    """ports.Asking in memory, for tests and for runs that keep nothing."""

    def __init__(self, alive: Alive = cannot_tell, clock: Clock = utc_now) -> None:
        self._alive = alive
        self._clock = clock
        self._kept = _Kept()

    def seen_by(self, alive: Alive, clock: Clock) -> MemoryAsking:
        """The same memory, for somebody who knows which processes live."""
        other = copy.copy(self)
        other._alive, other._clock = alive, clock
        return other

    # --- questions --------------------------------------------------------------------------------------------------

    def claim(self, wanted: Sequence[QuestionRow], owner: str, now: datetime, lease: timedelta) -> list[QuestionRow]:
        """Claim these questions for a process; those it may ask now, as they then stand, in the order wanted."""
        kept, taken = self._kept, []
        for key, row in first_of_each(wanted).items():
            known = kept.rows.get(key)
            if known is None or may_ask(known, kept.leased[key], now, self._alive):
                kept.rows[key] = claimed(row, known, owner)
                kept.leased[key] = now + lease
                taken.append(kept.rows[key])
        return taken

    def settle(self, results: Sequence[Settled]) -> None:
        """Record what became of claimed questions. An ANSWERED question stays so."""
        kept, now = self._kept, self._clock()
        for key, some in settle_in_turn(kept.rows, results).items():
            for result in some:
                kept.rows[key] = result.row
                if result.known is not None:
                    kept.answers[key] = as_kept(result.row, result.known)
                    kept.recorded[key] = now
                    (kept.unwritten.discard if result.written else kept.unwritten.add)(key)
                if result.evidence:
                    received = result.known.answered_at if result.known else now
                    kept.evidence[key] = (received, result.evidence, result.media_type)

    def _of(self, host: str) -> list[QuestionRow]:
        found = (row for row in self._kept.rows.values() if row.host == host)
        return sorted(found, key=lambda row: (row.day, row.key))

    def questions(self, host: str, coverages: Iterable[str]) -> dict[tuple[str, str], QuestionRow]:
        """The newest question of each (coverage, payer key); of one day the one that was claimed last."""
        wanted, leased = set(coverages), self._kept.leased
        rows = sorted(self._of(host), key=lambda row: (row.day, leased[row.key], row.key))
        return {(row.coverage, row.payer): row for row in rows if row.coverage in wanted}

    def waiting(self, host: str, now: datetime) -> list[QuestionRow]:
        """WAITING questions of any day whose ``due`` has come, or who have none; oldest first."""
        rows = (row for row in self._of(host) if row.state is QuestionState.WAITING)
        return [row for row in rows if row.due is None or row.due <= now]

    def rows(self, host: str, since: Date) -> Iterator[QuestionRow]:
        """Questions since a day, oldest first."""
        yield from (row for row in self._of(host) if row.day >= since)

    # --- answers ----------------------------------------------------------------------------------------------------

    def answers(self, host: str, coverages: Iterable[str]) -> dict[str, list[Known]]:
        """Answers by coverage, the newest first, one a payer and day. PHI."""
        wanted = set(coverages)
        of = [one for one in self._answers_of(host) if one.coverage in wanted]
        return one_a_day(sorted(of, key=lambda one: (one.asked_on, one.answered_at), reverse=True))

    def _answers_of(self, host: str) -> list[Known]:
        return [self._kept.answers[row.key] for row in self._of(host) if row.key in self._kept.answers]

    def answered_since(self, host: str, since: datetime | None) -> list[Known]:
        """Answers recorded after a time, whenever they were given; None: all. Oldest first."""
        recorded = self._kept.recorded
        of = [one for one in self._answers_of(host) if since is None or recorded[one.question] > since]
        return sorted(of, key=lambda one: (recorded[one.question], one.question))

    def evidence(self, question: str) -> tuple[bytes, str] | None:
        """What was received for a question, and its media type; None where it is gone. PHI."""
        found = self._kept.evidence.get(question)
        return found[1:] if found else None

    def unwritten(self, host: str, limit: int) -> list[Unwritten]:
        """Answers that are not on the host yet, oldest first."""
        rows = [row for row in self._of(host) if row.key in self._kept.unwritten]
        left = [Unwritten(row, self._kept.answers[row.key]) for row in rows]
        return sorted(left, key=lambda one: (one.known.answered_at, one.row.key))[:limit]

    def count_unwritten(self, host: str) -> int:
        """How many answers are not on the host yet."""
        return sum(row.key in self._kept.unwritten for row in self._of(host))

    def written(self, host: str, responses: Iterable[tuple[str, str]]) -> None:
        """(question key, "CoverageEligibilityResponse/8"): these are on the host now."""
        for key, reference in responses:
            if key in self._kept.answers:
                self._kept.answers[key] = replace(self._kept.answers[key], response=reference)
                self._kept.unwritten.discard(key)

    # --- what is learnt and looked up, Tasks ------------------------------------------------------------------------

    def habits(self) -> list[Habit]:
        """What was learnt of payers, by payer and service type; all hosts together."""
        return sorted(self._kept.habits, key=lambda habit: (habit.payer, habit.service_type))

    def learn(self, habits: Iterable[Habit]) -> None:
        """Add these counts to what was learnt."""
        self._kept.habits = summed([*self._kept.habits, *habits])

    def kept(self, key: str, now: datetime, longest: timedelta) -> bytes | None:
        """Something looked up elsewhere, where it is not older than that."""
        at, value = self._kept.looked_up.get(key, (now, None))
        return value if at >= now - longest else None

    def keep(self, key: str, value: bytes, now: datetime) -> None:
        """Remember something looked up elsewhere. Never patient data."""
        self._kept.looked_up[key] = (now, value)

    def tasks(self, host: str) -> list[AheadTask]:
        """Tasks that are open, by date and appointment."""
        found = (task for (of, _), task in self._kept.tasks.items() if of == host)
        return sorted(found, key=lambda task: (task.date, task.appointment))

    def save_tasks(self, host: str, tasks: Iterable[AheadTask]) -> None:
        """Remember Tasks; one with an empty digest is closed, and forgotten."""
        for task in tasks:
            if task.digest:
                self._kept.tasks[host, task.appointment] = task
            else:
                self._kept.tasks.pop((host, task.appointment), None)

    # --- forgetting -------------------------------------------------------------------------------------------------

    def purge_patient(self, host: str, patient: str) -> int:
        """Forget every question and answer of a patient; how many questions."""
        gone = [row for row in self._of(host) if row.patient == patient]
        asked_for = {row.appointment for row in gone}
        for (of, appointment), task in list(self._kept.tasks.items()):
            if of == host and (task.patient == patient or appointment in asked_for):
                del self._kept.tasks[of, appointment]
        self._kept.drop([row.key for row in gone])
        return len(gone)

    def purge_evidence(self, before: datetime) -> int:
        """Drop what was received before a time, and answers that cannot count any more; how many."""
        kept = self._kept
        received = [key for key, (at, _, _) in kept.evidence.items() if at < before]
        for key in received:
            del kept.evidence[key]
        old = [key for key, row in kept.rows.items() if row.day < answers_before(before).date()]
        dropped = len(received) + sum(key in kept.answers for key in old)
        kept.drop(old)
        return dropped
