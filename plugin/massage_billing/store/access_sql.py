"""Who is at the workbench and who looked at what, on SQLite or PostgreSQL: ports.Access.

Writers take turns (opening.py), so that what may be used once is used once, whatever process it comes to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, Table, delete, select, update

from massage_billing.model.desk import Role, Viewer
from massage_billing.ports.access import Action, Event, Link, LoginUnderWay, Session
from massage_billing.store.access_tables import access_events, links, logins, sessions, used_once
from massage_billing.store.database import Database
from massage_billing.store.tables import instant
from massage_billing.store.values import Scalar

SEEN_EVERY = timedelta(minutes=1)
"""How exact ``Session.seen`` is: a page costs no write but once a minute."""

_VIEWER = [field.name for field in fields(Viewer)]
_EVENT = [field.name for field in fields(Event)]
_LINE = tuple(column.name for column in access_events.c if column.name != "number")


class SqlAccess(Database):
    """ports.Access on the store's database (``SqlStore.access``). Threads and processes may share one."""

    # --- sessions -----------------------------------------------------------------------------------------------------

    def begin(self, session: Session) -> None:
        """Somebody logged in."""
        times = (instant(session.begun), instant(session.seen), instant(session.ends))
        with self._writing() as connection:
            self._run.insert(connection, sessions, [(session.digest, *_viewer_values(session.viewer), *times)])

    def session(self, digest: str, now: datetime, idle_since: datetime) -> Session | None:
        """A session that has not ended, and was used after ``idle_since``; ``seen`` is moved on, once a minute."""
        query = _of_viewer(sessions, "begun", "seen", "ends").where(sessions.c.digest == digest)
        with self._reading() as connection:
            row = connection.execute(query.where(sessions.c.ends > now, sessions.c.seen > idle_since)).first()
        if row is None:
            return None
        found = Session(digest, _viewer(row), row.begun, row.seen, row.ends)
        if now - found.seen < SEEN_EVERY:
            return found
        with self._writing() as connection:
            moved = update(sessions).where(sessions.c.digest == digest, sessions.c.seen < now)
            connection.execute(moved.values(seen=now))
        return Session(digest, found.viewer, found.begun, now, found.ends)

    def end(self, digest: str) -> None:
        """Somebody logged out."""
        with self._writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.digest == digest))

    def end_of(self, host: str, who: str) -> int:
        """End every session of a person; how many."""
        with self._writing() as connection:
            return connection.execute(delete(sessions).where(sessions.c.who == who, sessions.c.host == host)).rowcount

    # --- what may be used once ----------------------------------------------------------------------------------------

    def start_login(self, login: LoginUnderWay) -> None:
        """A launch was sent to the host."""
        texts = (login.digest, login.browser, login.host, login.verifier, login.nonce, login.back)
        with self._writing() as connection:
            self._run.insert(connection, logins, [(*texts, instant(login.ends))])

    def take_login(self, digest: str, now: datetime) -> LoginUnderWay | None:
        """The launch that came back, once; None where there is none, or it came too late, or a second time."""
        row = self._take(logins, select(logins), digest)
        return LoginUnderWay(*tuple(row)) if row is not None and row.ends > now else None

    def offer(self, link: Link) -> None:
        """A link was printed."""
        with self._writing() as connection:
            self._run.insert(connection, links, [(link.digest, *_viewer_values(link.viewer), instant(link.ends))])

    def take_link(self, digest: str, now: datetime) -> Link | None:
        """The link that was opened, once."""
        row = self._take(links, _of_viewer(links, "ends"), digest)
        return Link(digest, _viewer(row), row.ends) if row is not None and row.ends > now else None

    def _take(self, table: Table, query: Select[Any], digest: str) -> Row[Any] | None:
        """The row, which is no more. Nothing is written where there is none: anybody may guess."""
        this = table.c.digest == digest
        with self._reading() as connection:
            if connection.execute(query.where(this)).first() is None:
                return None
        with self._writing() as connection:
            row = connection.execute(query.where(this)).first()
            connection.execute(delete(table).where(this))
        return row

    def first_use(self, kind: str, digest: str, until: datetime) -> bool:
        """Whether something that may be used once (a JWT's jti) is used for the first time; remembered until then."""
        this = (used_once.c.digest == digest, used_once.c.kind == kind)
        with self._writing() as connection:
            if connection.execute(select(used_once.c.kind).where(*this)).first() is not None:
                return False
            self._run.insert(connection, used_once, [(kind, digest, instant(until))])
            return True

    # --- who looked at what -------------------------------------------------------------------------------------------

    def record(self, event: Event) -> None:
        """Add a line; the database refuses to change it, and to drop it within six years (ports.access)."""
        line: tuple[Scalar, ...] = (
            instant(event.at), event.who, event.role, event.host, event.action.value, event.page, event.encounter,
            event.patient, event.detail, event.ok,
        )  # fmt: skip
        with self._writing() as connection:
            self._run.insert(connection, access_events, [line], *_LINE)

    def events(self, host: str, after: int = 0, limit: int = 500, patient: str = "") -> list[Event]:
        """Lines after a number, oldest first; of one patient ("Patient/3") where one is named."""
        query = _lines(host).where(access_events.c.number > after).limit(limit)
        if patient:
            query = query.where(access_events.c.patient == patient)
        with self._reading() as connection:
            return [_event(row) for row in connection.execute(query)]

    def all_events(self, host: str, first: datetime | None = None, last: datetime | None = None) -> Iterator[Event]:
        """Lines of a time, oldest first; memory stays flat."""
        query = _lines(host)
        if first is not None:
            query = query.where(access_events.c.at >= first)
        if last is not None:
            query = query.where(access_events.c.at <= last)
        with self._reading() as connection, connection.execution_options(yield_per=500).execute(query) as rows:
            for row in rows:
                yield _event(row)

    def forget(self, now: datetime) -> None:
        """Drop what has ended: sessions, logins, links, uses."""
        with self._writing() as connection:
            for column in (sessions.c.ends, logins.c.ends, links.c.ends, used_once.c.until):
                connection.execute(delete(column.table).where(column <= now))


def _viewer_values(viewer: Viewer) -> tuple[Scalar, ...]:
    return (viewer.who, viewer.name, viewer.role.value, viewer.host, viewer.practitioner)


def _of_viewer(table: Table, *names: str) -> Select[Any]:
    return select(*(table.c[name] for name in (*_VIEWER, *names)))


def _viewer(row: Row[Any]) -> Viewer:
    return Viewer(row.who, row.name, Role(row.role), row.host, row.practitioner)


def _lines(host: str) -> Select[Any]:
    columns = (access_events.c[name] for name in _EVENT)
    return select(*columns).where(access_events.c.host == host).order_by(access_events.c.number)


def _event(row: Row[Any]) -> Event:
    given = dict(zip(_EVENT, row, strict=True))
    given["action"] = Action(given["action"])
    return Event(**given)
