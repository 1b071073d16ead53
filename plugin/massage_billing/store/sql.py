"""The store on SQLite or PostgreSQL. Set-based: a method asks the same number of questions for 1 visit or 500.

Writers take turns (opening.py), so a transaction may read first and then write what it read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from datetime import date as Date

from sqlalchemy import Connection, Engine, Select, and_, delete, false, or_, select, update

from massage_billing.model import PaperCount, Ruling, RulingKind, Worked
from massage_billing.ports import Entry, Forgotten, OutboxRow, Touched, VisitRow, WriteResult
from massage_billing.store import (
    asking_purge,
    jobs_purge,
    ledger_purge,
    neighbours,
    outgoing,
    paper_uses,
    ruling_rows,
    visit_rows,
    work_rows,
)
from massage_billing.store.access_sql import SqlAccess
from massage_billing.store.asking_rules import Alive, Clock, cannot_tell, utc_now
from massage_billing.store.asking_sql import SqlAsking
from massage_billing.store.common import REFERENCES, latest_entries, without
from massage_billing.store.database import Database
from massage_billing.store.desk_sql import SqlDesk
from massage_billing.store.jobs_sql import SqlJobs
from massage_billing.store.ledger_sql import SqlLedger
from massage_billing.store.statements import chunks
from massage_billing.store.tables import HELD, audit, cursors, instant, outbox, rulings, visits, worked
from massage_billing.store.values import ROW_FIELDS, row_from
from massage_billing.store.waking import wake

_ROW = [visits.c[name] for name in ROW_FIELDS]
_RULING = ("host", "encounter", "kind", "reason", "by", "at")


class SqlStore(Database):
    """ports.Store on a database. Threads may share one; what was committed here is confirmed here."""

    def __init__(self, engine: Engine, name: str) -> None:
        super().__init__(engine, name)
        self._handed: dict[tuple[str, str], outgoing.Handed] = {}
        """(host, key) → the group that this process last committed or was given by ``pending``."""
        self._ruled: dict[tuple[str, str], Ruling] = {}
        """(host, encounter) → the ruling that ``rulings`` gave out."""
        self._desk = SqlDesk(engine, name)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> SqlStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def asking(self, alive: Alive = cannot_tell, clock: Clock = utc_now) -> SqlAsking:
        """What is remembered of asking payers, in the same database; closed with the store. ``alive``: askers.py."""
        return SqlAsking(self._engine, self._name, alive, clock)

    def ledger(self, clock: Clock = utc_now) -> SqlLedger:
        """What was sent and what became of it, in the same database; closed with the store."""
        return SqlLedger(self._engine, self._name, clock)

    def jobs(self, alive: Alive = cannot_tell, clock: Clock = utc_now) -> SqlJobs:
        """The service's jobs, in the same database; closed with the store. ``alive``: askers.py."""
        return SqlJobs(self._engine, self._name, alive, clock)

    def access(self) -> SqlAccess:
        """Who is at the workbench and who looked at what, in the same database; closed with the store."""
        return SqlAccess(self._engine, self._name)

    def desk(self) -> SqlDesk:
        """What the workbench's pages ask, in the same database; closed with the store."""
        return self._desk

    # --- cursor -----------------------------------------------------------------------------------------------------

    def cursor(self, host: str) -> str | None:
        """Where the last complete run ended."""
        with self._reading() as connection:
            return connection.scalar(select(cursors.c.cursor).where(cursors.c.host == host))

    def save_cursor(self, host: str, cursor: str) -> None:
        """Remember where this complete run ended."""
        with self._writing() as connection:
            self._run.upsert(connection, cursors, [(host, cursor, _now())])

    # --- visits -----------------------------------------------------------------------------------------------------

    def known(self, host: str, encounters: Iterable[str]) -> dict[str, VisitRow]:
        """Rows of these visits, by Encounter id."""
        found: dict[str, VisitRow] = {}
        with self._reading() as connection:
            for some in chunks(encounters):
                query = select(*_ROW).where(visits.c.host == host, visits.c.encounter.in_(some))
                for values in connection.execute(query):
                    row = row_from(values)
                    found[row.encounter] = row
        return found

    def commit(self, entries: Sequence[Entry]) -> set[str]:
        """Remember decided visits and what is to be written, in one durable transaction; those that another process
        has decided meanwhile, and those whose count of papers no longer holds, are left out and given back."""
        if not entries:
            return set()
        last = latest_entries(entries)
        now = datetime.now(UTC)
        with self._writing() as connection:
            refused = visit_rows.overtaken_of(connection, last)
            refused |= paper_uses.put(connection, self._run, without(last, refused))
            last, entries = without(last, refused), without(entries, refused)
            visit_rows.put(connection, self._run, last, now)
            handed = outgoing.put(connection, self._run, last)
            at = instant(now)
            lines = [(at, entry.row.host, entry.row.encounter, entry.audit) for entry in entries if entry.audit]
            self._run.insert(connection, audit, lines, "at", "host", "encounter", "what")
            self._apply_rulings(connection, [(entry.row.host, entry.row.encounter) for entry in last])
        self._handed.update(handed)
        return {encounter for _, encounter in refused}

    def paper_counts(self, host: str, patients: Iterable[str]) -> list[PaperCount]:
        """What visits use of the papers of these patients."""
        with self._reading() as connection:
            return paper_uses.of_patients(connection, host, patients)

    def sent(self, host: str, encounters: Iterable[str]) -> None:
        """The claims of these visits were sent."""
        with self._writing() as connection:
            paper_uses.mark_sent(connection, host, encounters)

    def rows(self, host: str) -> Iterator[VisitRow]:
        """All visits, by date of service, those without one last."""
        by_date = select(*_ROW).where(visits.c.host == host, visits.c.date.is_not(None))
        undated = select(*_ROW).where(visits.c.host == host, visits.c.date.is_(None))
        with self._reading() as connection:
            for query in (by_date.order_by(visits.c.date, visits.c.encounter), undated.order_by(visits.c.encounter)):
                with connection.execution_options(yield_per=500).execute(query) as result:
                    for values in result:
                        yield row_from(values)

    def same_day(self, host: str, days: Collection[tuple[str, Date]]) -> list[str]:
        """Encounter ids of the visits of these patients on these dates of service."""
        with self._reading() as connection:
            return neighbours.same_day(connection, host, days)

    def of_patients(self, host: str, patients: Iterable[str]) -> list[VisitRow]:
        """Every visit of these patients, by date of service."""
        found: list[VisitRow] = []
        with self._reading() as connection:
            for some in chunks(patients):
                query = select(*_ROW).where(visits.c.host == host, visits.c.patient.in_(some))
                found += [row_from(values) for values in connection.execute(query)]
        return sorted(found, key=lambda row: (row.date or Date.max, row.encounter))

    def worked(self, host: str, days: Collection[tuple[str, Date]], encounters: Collection[str]) -> list[Worked]:
        """What visits take of these therapists' days, and all that these visits take of any day."""
        with self._reading() as connection:
            return neighbours.read_worked(connection, host, days, encounters)

    # --- what to look at again --------------------------------------------------------------------------------------

    def waking(self, host: str, touched: Sequence[Touched]) -> set[str]:
        """Encounter ids of visits that a change on the host may concern (waking.py)."""
        with self._reading() as connection:
            return wake(connection, host, touched)

    def due(self, host: str, now: datetime) -> list[str]:
        """Visits whose time has come, and those a person has ruled on since they were decided; longest due first."""
        visit = select(visits.c.encounter, visits.c.due).where(visits.c.host == host, visits.c.due <= now)
        ruled = select(rulings.c.encounter, rulings.c.at).where(
            rulings.c.host == host, rulings.c.applied == false(), rulings.c.at <= now
        )
        with self._reading() as connection:
            since = [(when, encounter) for query in (visit, ruled) for encounter, when in connection.execute(query)]
            since += paper_uses.due(connection, host)
        return list(dict.fromkeys(encounter for _, encounter in sorted(since)))

    def open_holds(self, host: str) -> list[str]:
        """Encounter ids of all open holds."""
        query = select(visits.c.encounter).where(visits.c.host == host, HELD)
        return self._encounters(query.order_by(visits.c.encounter))

    def outdated(self, host: str, rulebook: str, clinic: str) -> list[str]:
        """Open holds that another rulebook or other clinic files decided."""
        query = select(visits.c.encounter).where(
            visits.c.host == host, HELD, or_(visits.c.rulebook != rulebook, visits.c.clinic != clinic)
        )
        return self._encounters(query.order_by(visits.c.encounter))

    def _encounters(self, query: Select[tuple[str]]) -> list[str]:
        with self._reading() as connection:
            return list(connection.scalars(query))

    # --- outbox -----------------------------------------------------------------------------------------------------

    def pending(self, host: str, limit: int) -> list[OutboxRow]:
        """The oldest groups waiting to be written; those tried in vain come after the others.

        A group given out stays in the queue until ``confirm``: nothing is lost with a process that dies. Two processes
        may write the same group, which conditional writes make harmless.
        """
        with self._reading() as connection:
            rows = outgoing.waiting(connection, host, limit)
        for id_, row in rows:
            self._handed[host, row.group.key] = (id_, row.group.encounter)
        return [row for _, row in rows]

    def waiting(self, host: str) -> int:
        """How many groups wait to be written; reads none of them."""
        with self._reading() as connection:
            return outgoing.count(connection, host)

    def confirm(self, host: str, results: Sequence[WriteResult], rows: Sequence[VisitRow]) -> None:
        """Mark groups as written and replace these visits' rows, in one transaction.

        A group is the one this process last committed or was given by ``pending``. Where another process has decided
        the visit since, what it queued stays in the queue, and of the row given here only what the host says
        (references and versions) is taken. Results with a problem count as failed tries.
        """
        handed = {r.key: self._handed.get((host, r.key)) for r in results if r.problem is None}
        now = datetime.now(UTC)
        with self._writing() as connection:
            newer = outgoing.confirm(connection, host, handed, now)
            visit_rows.replace(connection, self._run, [row for row in rows if row.encounter not in newer], now)
            for row in rows:
                if row.encounter in newer:
                    _take_references(connection, row)
        for result in results:
            self._handed.pop((host, result.key), None)
            if result.problem is not None:
                self.failed(host, result.key, str(result.problem))

    def failed(self, host: str, key: str, problem: str) -> None:
        """Count one failed try of a group; it stays in the outbox, behind the others."""
        self._handed.pop((host, key), None)
        with self._writing() as connection:
            outgoing.fail(connection, host, key, problem)

    # --- people -----------------------------------------------------------------------------------------------------

    def rulings(self, host: str, encounters: Iterable[str]) -> dict[str, Ruling]:
        """What people decided of these visits."""
        found: dict[str, Ruling] = {}
        columns = (rulings.c.encounter, rulings.c.kind, rulings.c.reason, rulings.c.by, rulings.c.at)
        with self._reading() as connection:
            for some in chunks(encounters):
                query = select(*columns).where(rulings.c.host == host, rulings.c.encounter.in_(some))
                for encounter, kind, reason, by, at in connection.execute(query):
                    found[encounter] = Ruling(RulingKind(kind), reason, by, at)
        self._ruled.update({(host, encounter): ruling for encounter, ruling in found.items()})
        return found

    def rule(self, host: str, encounter: str, ruling: Ruling) -> None:
        """Remember a person's decision; the visit is due at ``ruling.at``, until it was decided with the ruling."""
        with self._writing() as connection:
            ruling_rows.put(connection, self._run, host, encounter, ruling)

    def _apply_rulings(self, connection: Connection, decided: Iterable[tuple[str, str]]) -> None:
        """Rulings that were read before these visits were decided have done their work; later ones have not."""
        if not self._ruled:
            return
        for visit in decided:
            if (ruling := self._ruled.pop(visit, None)) is not None:
                given = zip(_RULING, (*visit, ruling.kind.value, ruling.reason, ruling.by, ruling.at), strict=True)
                this = and_(*(rulings.c[name] == value for name, value in given))
                connection.execute(update(rulings).where(this).values(applied=True))

    # --- trail and retention ----------------------------------------------------------------------------------------

    def audit(self, host: str, encounter: str | None, what: str) -> None:
        """Add one line to the audit trail; ids only."""
        with self._writing() as connection:
            self._run.insert(connection, audit, [(_now(), host, encounter, what)], "at", "host", "encounter", "what")

    def trail(self, host: str, encounter: str | None = None) -> Iterator[tuple[datetime, str | None, str]]:
        """The audit trail of a host, or of one visit: (when, Encounter id, what), the oldest first."""
        query = select(audit.c.at, audit.c.encounter, audit.c.what).where(audit.c.host == host).order_by(audit.c.id)
        if encounter is not None:
            query = query.where(audit.c.encounter == encounter)
        with self._reading() as connection, connection.execution_options(yield_per=500).execute(query) as result:
            yield from (tuple(line) for line in result)

    def purge_patient(self, host: str, patient: str) -> Forgotten:
        """Forget everything of a patient ("Patient/3"): visits, what they used, outbox, rulings, audit lines, questions
        to payers and their answers."""
        with self._writing() as connection:
            encounters = connection.scalars(
                select(visits.c.encounter).where(visits.c.host == host, visits.c.patient == patient)
            ).all()
            visit_rows.forget(connection, self._run, host, encounters)
            work_rows.forget(connection, host, encounters)
            for table in (outbox, rulings, audit, worked):
                for some in chunks(encounters):
                    connection.execute(delete(table).where(table.c.host == host, table.c.encounter.in_(some)))
            paper_uses.forget(connection, host, patient)
            asked = asking_purge.forget(connection, host, patient)
            ledger_purge.forget(connection, self._run, host, patient)
            jobs_purge.forget(connection, host, set(encounters))
        self._empty_log()
        return Forgotten(len(encounters), asked)

    def purge_confirmed(self, before: datetime) -> int:
        """Drop payloads of groups confirmed, and what payers sent, before a time (retention); number dropped."""
        with self._writing() as connection:
            dropped = outgoing.purge(connection, before) + asking_purge.purge(connection, before)
            dropped += ledger_purge.purge(connection, before)
        self._empty_log()
        return dropped


def _now() -> str:
    return instant(datetime.now(UTC))


def _take_references(connection: Connection, row: VisitRow) -> None:
    """Of a row that is out of date, what the host said."""
    known = {name: getattr(row, name) for name in REFERENCES if getattr(row, name) is not None}
    if known:
        this = and_(visits.c.host == row.host, visits.c.encounter == row.encounter)
        connection.execute(update(visits).where(this).values(known))
