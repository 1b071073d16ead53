"""The ledger of sent claims on SQLite or PostgreSQL: ports.Ledger.

Writers take turns (opening.py), so that what is read in a writer's turn still holds when it writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date as Date
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, Engine, delete, exists, select, update

from massage_billing.errors import StoreError
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import (
    AdjustmentRow,
    Applied,
    AppliedPart,
    Batch,
    PaidLine,
    Response,
    Said,
    Submission,
)
from massage_billing.store import ledger_purge, standing_rows
from massage_billing.store.asking_rules import Clock, utc_now
from massage_billing.store.database import Database
from massage_billing.store.ledger_rules import after, may_be_sent
from massage_billing.store.ledger_tables import (
    UNANSWERED,
    adjustments,
    batch_bodies,
    batches,
    counters,
    files,
    paid_lines,
    responses,
    said,
    submissions,
)
from massage_billing.store.ledger_values import (
    ADJUSTMENT,
    BATCH,
    FILE,
    PAID,
    SAID,
    SUBMISSION,
    adjustment_from,
    adjustment_values,
    batch_from,
    batch_values,
    file_from,
    file_values,
    paid_from,
    paid_values,
    said_from,
    said_values,
    submission_from,
    submission_values,
    unmatched_value,
)
from massage_billing.store.statements import chunks

_BATCH = "batch"
_DAY = timedelta(days=1)
_CHANGED = ("standing", "payer_claim_number", "since")
_RESPONSE = ("key", "host", "claim", "encounter", "body")
_SAID = tuple(column.name for column in said.c if column.name != "id")


class SqlLedger(Database):
    """ports.Ledger on the store's database (``SqlStore.ledger``). Threads may share one."""

    def __init__(self, engine: Engine, name: str, clock: Clock = utc_now) -> None:
        super().__init__(engine, name)
        self._clock = clock

    # --- files that are written -------------------------------------------------------------------------------------

    def next_batch(self, above: int = 0) -> int:
        """A number for a new batch, never given twice; above one that is known to be taken."""
        with self._writing() as connection:
            known = connection.scalar(select(counters.c.value).where(counters.c.name == _BATCH)) or 0
            number = max(int(known), above) + 1
            self._run.upsert(connection, counters, [(_BATCH, number)])
            return number

    def commit_batch(self, batch: Batch, submissions_: Sequence[Submission]) -> tuple[str, ...]:
        """Remember a file and its claims; or the keys that another file carries, and nothing is remembered."""
        if batch.body is None:
            raise StoreError(f"Batch {batch.number} has no bytes.", "Report this to the maintainers.")
        with self._writing() as connection:
            known = self._known(connection, [one.key for one in submissions_])
            taken = tuple(one.key for one in submissions_ if not may_be_sent(known.get(one.key)))
            if taken:
                return taken
            self._run.insert(connection, batches, [batch_values(batch)])
            self._run.insert(connection, batch_bodies, [(batch.number, batch.body)])
            rows = [submission_values(one, place) for place, one in enumerate(submissions_, 1)]
            self._run.upsert(connection, submissions, rows)
            standing_rows.follow(connection, self._run, submissions_)
        return ()

    def written(self, number: int) -> None:
        """The file stands in its folder."""
        with self._writing() as connection:
            connection.execute(update(batches).where(batches.c.number == number).values(written=True))

    def batches(self, host: str, *, unwritten: bool = False) -> list[Batch]:
        """Batches, newest first, without their bytes."""
        query = select(*BATCH).where(batches.c.host == host).order_by(batches.c.number.desc())
        if unwritten:
            query = query.where(batches.c.written.is_(False))
        with self._reading() as connection:
            return [batch_from(row) for row in connection.execute(query)]

    def batch(self, host: str, number: int) -> Batch | None:
        """One batch with its bytes."""
        query = select(*BATCH, batch_bodies.c.body).outerjoin(batch_bodies, batch_bodies.c.number == batches.c.number)
        with self._reading() as connection:
            row = connection.execute(query.where(batches.c.host == host, batches.c.number == number)).first()
        return None if row is None else batch_from(tuple(row), row.body)

    def drop_batch(self, host: str, number: int, who: str, why: str) -> int:
        """A file was never sent: its claims that nobody answered can be exported again; how many."""
        with self._writing() as connection:
            of = (submissions.c.batch == number, submissions.c.host == host)
            waits = submissions.c.standing == ClaimStanding.EXPORTED.value
            rows = connection.execute(select(*SUBMISSION).where(*of, waits)).all()
            now = self._clock()
            unsent = [replace(submission_from(row), standing=ClaimStanding.NOT_SENT) for row in rows]
            told = [Said(one.key, now, one.standing, f"dropped by {who}", why) for one in unsent]
            self._run.insert(connection, said, [said_values(one) for one in told], *_SAID)
            changed = [(ClaimStanding.NOT_SENT.value, "", now.isoformat(), one.key) for one in told]
            self._run.update(connection, submissions, changed, "standing", "payer_claim_number", "since")
            standing_rows.follow(connection, self._run, unsent)
            dropped = batches.c.number == number, batches.c.host == host
            if connection.execute(update(batches).where(*dropped).values(written=True)).rowcount:
                connection.execute(delete(batch_bodies).where(batch_bodies.c.number == number))
        self._empty_log()
        return len(rows)

    # --- claims -----------------------------------------------------------------------------------------------------

    def submissions(self, host: str, keys: Iterable[str]) -> dict[str, Submission]:
        """By claim key."""
        with self._reading() as connection:
            known = self._known(connection, keys)
        return {key: one for key, one in known.items() if one.host == host}

    def _known(self, connection: Connection, keys: Iterable[str]) -> dict[str, Submission]:
        found: dict[str, Submission] = {}
        for some in chunks(dict.fromkeys(keys)):
            for row in connection.execute(select(*SUBMISSION).where(submissions.c.key.in_(some))):
                one = submission_from(row)
                found[one.key] = one
        return found

    def of_batch(self, host: str, number: int) -> list[Submission]:
        """Claims of one file, in its order."""
        query = select(*SUBMISSION).where(submissions.c.batch == number, submissions.c.host == host)
        with self._reading() as connection:
            return [submission_from(row) for row in connection.execute(query.order_by(submissions.c.place))]

    def of_encounters(self, host: str, encounters: Iterable[str]) -> list[Submission]:
        """Claims of these visits, every revision."""
        found: list[Submission] = []
        with self._reading() as connection:
            for some in chunks(dict.fromkeys(encounters)):
                of = (submissions.c.encounter.in_(some), submissions.c.host == host)
                found += map(submission_from, connection.execute(select(*SUBMISSION).where(*of)))
        return sorted(found, key=lambda one: (one.date, one.encounter, one.key))

    def candidates(self, host: str, dates: Iterable[Date], total: Decimal) -> list[Submission]:
        """Sent claims of these dates of service with this charge."""
        days = sorted(set(dates))
        query = select(*SUBMISSION).where(submissions.c.date.in_(days), submissions.c.host == host)
        with self._reading() as connection:
            found = [submission_from(row) for row in connection.execute(query.order_by(submissions.c.key))]
        return [one for one in found if one.total == total]

    def all(self, host: str, standing: ClaimStanding | None = None) -> Iterator[Submission]:
        """Submissions, newest date of service first."""
        query = select(*SUBMISSION).where(submissions.c.host == host)
        if standing is not None:
            query = query.where(submissions.c.standing == standing.value)
        ordered = query.order_by(submissions.c.date.desc(), submissions.c.key)
        with self._reading() as connection, connection.execution_options(yield_per=500).execute(ordered) as rows:
            for row in rows:
                yield submission_from(row)

    def mark(self, submission: Submission, told: Said) -> None:
        """A person, or a FHIR answer, says how far a claim has come."""
        with self._writing() as connection:
            known = self._known(connection, [submission.key]).get(submission.key)
            if known is None:
                self._run.insert(connection, submissions, [submission_values(submission, 0)])
                standing_rows.follow(connection, self._run, [submission])
            self._tell(connection, [told])

    # --- answers ----------------------------------------------------------------------------------------------------

    def is_applied(self, file: str) -> bool:
        """Whether a file of answers was applied whole."""
        with self._reading() as connection:
            return bool(connection.scalar(select(exists().where(files.c.file == file))))

    def apply(self, applied: Applied, parts: Iterable[AppliedPart]) -> bool:
        """Apply what a file says, part by part; False where it was applied before."""
        with self._writing() as connection:
            if connection.scalar(select(exists().where(files.c.file == applied.file))):
                return False
            now, number = self._clock(), 0
            unmatched: list[tuple[int, str]] = []
            self._run.insert(connection, files, [file_values(applied, now)])
            for part in parts:
                self._tell(connection, part.said)
                rows = [adjustment_values(one, n, now) for n, one in enumerate(part.adjustments, number + 1)]
                self._run.insert(connection, adjustments, rows)
                self._run.insert(connection, paid_lines, [paid_values(one, now) for one in part.lines])
                told = [(one.key, one.host, one.claim, one.encounter, one.body) for one in part.responses]
                self._run.insert(connection, responses, told, *_RESPONSE)
                number += len(rows)
                unmatched += part.unmatched
            if unmatched:
                change = update(files).where(files.c.file == applied.file)
                connection.execute(change.values(unmatched=unmatched_value(unmatched)))
        return True

    def _tell(self, connection: Connection, told: Sequence[Said]) -> None:
        known = self._known(connection, (one.key for one in told))
        of: dict[str, list[Said]] = {}
        for one in told:
            of.setdefault(one.key, []).append(one)
        self._run.insert(connection, said, [said_values(one) for one in told], *_SAID)
        changed = [(key, known[key], after(known[key], some)) for key, some in of.items() if key in known]
        rows = [submission_values(now, 0) for _, before, now in changed if now != before]
        places = {column.name: place for place, column in enumerate(submissions.c)}
        picked = [tuple(row[places[name]] for name in (*_CHANGED, "key")) for row in rows]
        self._run.update(connection, submissions, picked, *_CHANGED)
        moved = [now for _, before, now in changed if (now.standing, now.since) != (before.standing, before.since)]
        standing_rows.follow(connection, self._run, moved)

    def life(self, key: str) -> list[Said]:
        """Everything that was said of a claim, oldest first."""
        with self._reading() as connection:
            rows = connection.execute(select(*SAID).where(said.c.key == key).order_by(said.c.at, said.c.id))
            return [said_from(row) for row in rows]

    def adjustments(self, first: Date | None, last: Date | None) -> Iterator[AdjustmentRow]:
        """Adjustments applied from one day to another, oldest first."""
        query = select(*ADJUSTMENT).order_by(adjustments.c.at, adjustments.c.file, adjustments.c.number)
        if first is not None:
            query = query.where(adjustments.c.at >= _midnight(first, self._clock()))
        if last is not None:
            query = query.where(adjustments.c.at < _midnight(last + _DAY, self._clock()))
        with self._reading() as connection, connection.execution_options(yield_per=500).execute(query) as rows:
            for row in rows:
                yield adjustment_from(row)

    def adjustments_of(self, keys: Iterable[str]) -> list[AdjustmentRow]:
        """Adjustments of these claims, oldest first."""
        query = select(*ADJUSTMENT).order_by(adjustments.c.at, adjustments.c.file, adjustments.c.number)
        with self._reading() as connection:
            wanted = (query.where(adjustments.c.key.in_(some)) for some in chunks(dict.fromkeys(keys)))
            return [adjustment_from(row) for one in wanted for row in connection.execute(one)]

    def paid_lines(self, keys: Iterable[str]) -> list[PaidLine]:
        """What payers did with these claims and their lines, oldest first."""
        ordered = (paid_lines.c.at, paid_lines.c.file, paid_lines.c.place, paid_lines.c.line)
        with self._reading() as connection:
            wanted = (
                select(*PAID).where(paid_lines.c.key.in_(some)).order_by(*ordered)
                for some in chunks(dict.fromkeys(keys))
            )
            return [paid_from(row) for one in wanted for row in connection.execute(one)]

    def files(self) -> list[Applied]:
        """Files of answers that were applied, newest first."""
        with self._reading() as connection:
            rows = connection.execute(select(*FILE).order_by(files.c.at.desc(), files.c.file))
            return [file_from(row) for row in rows]

    def responses(self, host: str, limit: int) -> list[Response]:
        """What the host is to be given and has not got, oldest first."""
        query = select(*(responses.c[name] for name in _RESPONSE)).where(responses.c.host == host, UNANSWERED)
        with self._reading() as connection:
            return [Response(*row) for row in connection.execute(query.order_by(responses.c.id).limit(limit))]

    def responded(self, keys: Iterable[str]) -> None:
        """The host has these now: their bytes are dropped."""
        with self._writing() as connection:
            for some in chunks(keys):
                connection.execute(update(responses).where(responses.c.key.in_(some)).values(body=None))

    # --- forgetting -------------------------------------------------------------------------------------------------

    def purge(self, before: datetime) -> int:
        """Drop the bytes of files that were written and answered before a time; how many."""
        with self._writing() as connection:
            dropped = ledger_purge.purge(connection, before)
        self._empty_log()
        return dropped

    def purge_patient(self, host: str, patient: str) -> int:
        """Forget the claims of a patient; how many."""
        with self._writing() as connection:
            dropped = ledger_purge.forget(connection, self._run, host, patient)
        self._empty_log()
        return dropped


def _midnight(day: Date, now: datetime) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=now.tzinfo)
