"""What is remembered of asking payers, on SQLite or PostgreSQL: ports.Asking. Set-based, as sql.py is.

Writers take turns (opening.py): a claim reads who holds a question and takes it in the same turn, so two processes
never hold the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date as Date
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, bindparam, exists, func, or_, select, true, update

from massage_billing.model import Known
from massage_billing.ports import AheadTask, Habit, QuestionRow, Settled, Unwritten
from massage_billing.store import asking_purge
from massage_billing.store.asking_rules import (
    Alive,
    Clock,
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
from massage_billing.store.asking_values import (
    CLAIMED_FIELDS,
    KNOWN,
    QUESTION,
    SETTLED_FIELDS,
    TASK_FIELDS,
    answer_values,
    claimed_values,
    evidence_values,
    known_from,
    question_from,
    question_values,
    settled_values,
    task_values,
)
from massage_billing.store.database import Database
from massage_billing.store.statements import chunks
from massage_billing.store.tables import (
    UNWRITTEN,
    WAITS,
    ahead_tasks,
    answers,
    evidence,
    habits,
    instant,
    looked_up,
    questions,
)


class SqlAsking(Database):
    """ports.Asking on the store's database (``SqlStore.asking``). Threads may share one."""

    def __init__(self, engine: Engine, name: str, alive: Alive = cannot_tell, clock: Clock = utc_now) -> None:
        super().__init__(engine, name)
        self._alive = alive
        self._clock = clock

    # --- questions --------------------------------------------------------------------------------------------------

    def claim(self, wanted: Sequence[QuestionRow], owner: str, now: datetime, lease: timedelta) -> list[QuestionRow]:
        """Claim these questions for a process; those it may ask now, as they then stand, in the order wanted."""
        asked = first_of_each(wanted)
        taken: list[QuestionRow] = []
        fresh, again = [], []
        if not asked:
            return taken
        with self._writing() as connection:
            known = self._known(connection, asked)
            for key, row in asked.items():
                before, leased = known.get(key, (None, now))
                if before is not None and not may_ask(before, leased, now, self._alive):
                    continue
                one = claimed(row, before, owner)
                taken.append(one)
                if before is None:
                    fresh.append(question_values(one, now + lease))
                else:
                    again.append(claimed_values(one, now + lease))
            self._run.insert(connection, questions, fresh)
            self._run.update(connection, questions, again, *CLAIMED_FIELDS)
        return taken

    def settle(self, results: Sequence[Settled]) -> None:
        """Record what became of claimed questions, in one durable transaction. An ANSWERED question stays so."""
        if not results:
            return
        with self._writing() as connection:
            known = self._known(connection, dict.fromkeys(result.row.key for result in results))
            counted = settle_in_turn({key: row for key, (row, _) in known.items()}, results)
            self._run.update(
                connection, questions, [settled_values(some[-1].row) for some in counted.values()], *SETTLED_FIELDS
            )
            every = [result for some in counted.values() for result in some]
            told = [(as_kept(r.row, r.known), r.written) for r in every if r.known is not None]
            now = self._clock()  # in this writer's turn: see answered_since
            self._run.upsert(connection, answers, [answer_values(one, written, now) for one, written in told])
            self._run.upsert(connection, evidence, [evidence_values(r, now) for r in every if r.evidence])

    def _known(self, connection: Connection, keys: Iterable[str]) -> dict[str, tuple[QuestionRow, datetime]]:
        """Questions and until when they are leased, by key."""
        found: dict[str, tuple[QuestionRow, datetime]] = {}
        for some in chunks(keys):
            for values in connection.execute(select(*QUESTION, questions.c.leased).where(questions.c.key.in_(some))):
                row = question_from(values)
                found[row.key] = (row, values.leased)
        return found

    def questions(self, host: str, coverages: Iterable[str]) -> dict[tuple[str, str], QuestionRow]:
        """The newest question of each (coverage, payer key); of one day the one that was claimed last."""
        found: dict[tuple[str, str], QuestionRow] = {}
        newest = func.row_number().over(
            partition_by=(questions.c.coverage, questions.c.payer),
            order_by=(questions.c.day.desc(), questions.c.leased.desc(), questions.c.key.desc()),
        )
        with self._reading() as connection:
            for some in chunks(coverages):
                of = questions.c.coverage.in_(some)
                ranked = select(*QUESTION, newest.label("rank")).where(of, questions.c.host == host).subquery()
                for values in connection.execute(select(ranked).where(ranked.c.rank == 1)):
                    row = question_from(values)
                    found[row.coverage, row.payer] = row
        return found

    def waiting(self, host: str, now: datetime) -> list[QuestionRow]:
        """WAITING questions of any day whose ``due`` has come, or who have none; oldest first."""
        come = or_(questions.c.due.is_(None), questions.c.due <= now)
        query = select(*QUESTION).where(questions.c.host == host, WAITS, come)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(questions.c.day, questions.c.key))
            return [question_from(values) for values in rows]

    def rows(self, host: str, since: Date) -> Iterator[QuestionRow]:
        """Questions since a day, oldest first."""
        query = select(*QUESTION).where(questions.c.day >= since, questions.c.host == host)
        ordered = query.order_by(questions.c.day, questions.c.key)
        with self._reading() as connection, connection.execution_options(yield_per=500).execute(ordered) as result:
            for values in result:
                yield question_from(values)

    # --- answers ----------------------------------------------------------------------------------------------------

    def answers(self, host: str, coverages: Iterable[str]) -> dict[str, list[Known]]:
        """Answers by coverage, the newest first, one a payer and day. PHI, and long: ask for a batch at a time."""
        found: dict[str, list[Known]] = {}
        query = select(*KNOWN).join(answers, answers.c.key == questions.c.key).where(questions.c.host == host)
        ordered = query.order_by(questions.c.day.desc(), answers.c.answered_at.desc(), questions.c.key)
        with self._reading() as connection:
            for some in chunks(dict.fromkeys(coverages)):
                rows = connection.execute(ordered.where(questions.c.coverage.in_(some)))
                found.update(one_a_day(known_from(values) for values in rows))
        return found

    def answered_since(self, host: str, since: datetime | None) -> list[Known]:
        """Answers recorded after a time, whenever they were given; None: all. Oldest first.

        It waits for its turn as a writer does, and answers are recorded by the time of their writer's turn: whoever
        takes the time before calling this, and gives that time the next time, misses none.
        """
        query = select(*KNOWN).join(answers, answers.c.key == questions.c.key).where(questions.c.host == host)
        if since is not None:
            query = query.where(answers.c.recorded > since)
        with self._writing() as connection:
            rows = connection.execute(query.order_by(answers.c.recorded, answers.c.key))
            return [known_from(values) for values in rows]

    def evidence(self, question: str) -> tuple[bytes, str] | None:
        """What was received for a question, and its media type; None where it is gone. PHI."""
        with self._reading() as connection:
            query = select(evidence.c.body, evidence.c.media_type).where(evidence.c.key == question)
            found = connection.execute(query).first()
        return (found.body, found.media_type) if found else None

    def unwritten(self, host: str, limit: int) -> list[Unwritten]:
        """Answers that are not on the host yet, oldest first."""
        query = (
            select(*QUESTION, *KNOWN)
            .join(answers, answers.c.key == questions.c.key)
            .where(questions.c.host == host, UNWRITTEN)
            .order_by(answers.c.answered_at, answers.c.key)
            .limit(limit)
        )
        with self._reading() as connection:
            rows = [tuple(values) for values in connection.execute(query)]
        return [Unwritten(question_from(values), known_from(values[len(QUESTION) :])) for values in rows]

    def count_unwritten(self, host: str) -> int:
        """How many answers are not on the host yet."""
        of_host = exists().where(questions.c.key == answers.c.key, questions.c.host == host)
        with self._reading() as connection:
            return connection.execute(select(func.count()).select_from(answers).where(UNWRITTEN, of_host)).scalar_one()

    def written(self, host: str, responses: Iterable[tuple[str, str]]) -> None:
        """(question key, "CoverageEligibilityResponse/8"): these are on the host now."""
        these = [{"question": key, "reference": reference} for key, reference in responses]
        if these:
            change = update(answers).where(answers.c.key == bindparam("question"))
            with self._writing() as connection:
                connection.execute(change.values(response=bindparam("reference"), written=true()), these)

    # --- what is learnt and looked up -------------------------------------------------------------------------------

    def habits(self) -> list[Habit]:
        """What was learnt of payers, by payer and service type; all hosts together."""
        with self._reading() as connection:
            found = connection.execute(select(*habits.c).order_by(habits.c.payer, habits.c.service_type))
            return [Habit(*values) for values in found]

    def learn(self, new: Iterable[Habit]) -> None:
        """Add these counts to what was learnt."""
        more = list(new)
        if not more:
            return
        with self._writing() as connection:
            of = habits.c.payer.in_({habit.payer for habit in more})
            before = [Habit(*values) for values in connection.execute(select(*habits.c).where(of))]
            learnt = [(h.payer, h.service_type, h.asked, h.limits, h.benefits) for h in summed(before + more)]
            self._run.upsert(connection, habits, learnt)

    def kept(self, key: str, now: datetime, longest: timedelta) -> bytes | None:
        """Something looked up elsewhere, where it is not older than that."""
        query = select(looked_up.c.value).where(looked_up.c.key == key, looked_up.c.at >= now - longest)
        with self._reading() as connection:
            found: bytes | None = connection.scalar(query)
        return found

    def keep(self, key: str, value: bytes, now: datetime) -> None:
        """Remember something looked up elsewhere. Never patient data."""
        with self._writing() as connection:
            self._run.upsert(connection, looked_up, [(key, instant(now), value)])

    # --- Tasks ------------------------------------------------------------------------------------------------------

    def tasks(self, host: str) -> list[AheadTask]:
        """Tasks that are open, by date and appointment."""
        columns = [ahead_tasks.c[name] for name in TASK_FIELDS]
        query = select(*columns).where(ahead_tasks.c.host == host)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(ahead_tasks.c.date, ahead_tasks.c.appointment))
            return [AheadTask(*values) for values in rows]

    def save_tasks(self, host: str, tasks: Iterable[AheadTask]) -> None:
        """Remember Tasks; one with an empty digest is closed, and forgotten."""
        last = {task.appointment: task for task in tasks}
        closed = [(task.appointment, host) for task in last.values() if not task.digest]
        if not last:
            return
        with self._writing() as connection:
            self._run.delete(connection, ahead_tasks, closed, "appointment", "host")
            self._run.upsert(connection, ahead_tasks, [task_values(host, t) for t in last.values() if t.digest])

    # --- forgetting -------------------------------------------------------------------------------------------------

    def purge_patient(self, host: str, patient: str) -> int:
        """Forget every question and answer of a patient; how many questions. ``SqlStore.purge_patient`` does it too."""
        with self._writing() as connection:
            forgotten = asking_purge.forget(connection, host, patient)
        self._empty_log()
        return forgotten

    def purge_evidence(self, before: datetime) -> int:
        """Drop what was received before a time, and answers that cannot count any more (asking_rules.ANSWERS_COUNT);
        how many. ``SqlStore.purge_confirmed`` does it too."""
        with self._writing() as connection:
            dropped = asking_purge.purge(connection, before)
        self._empty_log()
        return dropped
