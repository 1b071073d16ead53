"""The fake of who is at the workbench: everything in dictionaries, gone with the process. Passes the same tests as
SqlAccess."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock

from massage_billing.ports.access import Event, Link, LoginUnderWay, Session

_SEEN_EVERY = timedelta(minutes=1)


@dataclass(slots=True)
class MemoryAccess:
    """ports.Access in memory, for tests and for a demonstration that keeps nothing. Threads may share one."""

    _sessions: dict[str, Session] = field(default_factory=dict)
    _logins: dict[str, LoginUnderWay] = field(default_factory=dict)
    _links: dict[str, Link] = field(default_factory=dict)
    _used: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _lines: list[Event] = field(default_factory=list)
    _turn: Lock = field(default_factory=Lock)

    def begin(self, session: Session) -> None:
        """Somebody logged in."""
        self._sessions[session.digest] = session

    def session(self, digest: str, now: datetime, idle_since: datetime) -> Session | None:
        """A session that has not ended, and was used after ``idle_since``; ``seen`` is moved on, once a minute."""
        with self._turn:
            found = self._sessions.get(digest)
            if found is None or found.ends <= now or found.seen <= idle_since:
                return None
            if now - found.seen >= _SEEN_EVERY:
                found = self._sessions[digest] = replace(found, seen=now)
            return found

    def end(self, digest: str) -> None:
        """Somebody logged out."""
        self._sessions.pop(digest, None)

    def end_of(self, host: str, who: str) -> int:
        """End every session of a person; how many."""
        with self._turn:
            theirs = [d for d, one in self._sessions.items() if (one.viewer.host, one.viewer.who) == (host, who)]
            for digest in theirs:
                del self._sessions[digest]
        return len(theirs)

    def start_login(self, login: LoginUnderWay) -> None:
        """A launch was sent to the host."""
        self._logins[login.digest] = login

    def take_login(self, digest: str, now: datetime) -> LoginUnderWay | None:
        """The launch that came back, once; None where there is none, or it came too late, or a second time."""
        found = self._logins.pop(digest, None)
        return found if found is not None and found.ends > now else None

    def offer(self, link: Link) -> None:
        """A link was printed."""
        self._links[link.digest] = link

    def take_link(self, digest: str, now: datetime) -> Link | None:
        """The link that was opened, once."""
        found = self._links.pop(digest, None)
        return found if found is not None and found.ends > now else None

    def first_use(self, kind: str, digest: str, until: datetime) -> bool:
        """Whether something that may be used once (a JWT's jti) is used for the first time; remembered until then."""
        with self._turn:
            first = (kind, digest) not in self._used
            self._used.setdefault((kind, digest), until)
        return first

    def record(self, event: Event) -> None:
        """Add a line; lines are never changed."""
        with self._turn:
            self._lines.append(replace(event, number=len(self._lines) + 1))

    def events(self, host: str, after: int = 0, limit: int = 500, patient: str = "") -> list[Event]:
        """Lines after a number, oldest first; of one patient ("Patient/3") where one is named."""
        found = (one for one in self._lines if one.host == host and one.number > after)
        return [one for one in found if patient in ("", one.patient)][:limit]

    def all_events(self, host: str, first: datetime | None = None, last: datetime | None = None) -> Iterator[Event]:
        """Lines of a time, oldest first; memory stays flat."""
        for one in list(self._lines):
            if one.host == host and (first is None or one.at >= first) and (last is None or one.at <= last):
                yield one

    def forget(self, now: datetime) -> None:
        """Drop what has ended: sessions, logins, links, uses."""
        with self._turn:
            self._sessions = {digest: one for digest, one in self._sessions.items() if one.ends > now}
            self._logins = {digest: one for digest, one in self._logins.items() if one.ends > now}
            self._links = {digest: one for digest, one in self._links.items() if one.ends > now}
            self._used = {one: until for one, until in self._used.items() if until > now}
