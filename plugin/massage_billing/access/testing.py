"""The door on a dict, for tests and for trying pages out: the real ``Guard``, and a way to be logged in at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Lock

from massage_billing.access.fhir_user import Read
from massage_billing.access.guard import SESSION, Guard
from massage_billing.access.links import Links
from massage_billing.access.place import Place
from massage_billing.access.roles import LoginHost
from massage_billing.access.sessions import Sessions
from massage_billing.access.smart_login import SmartLogin
from massage_billing.access.tokens import digest, form_token, is_token
from massage_billing.model.desk import Viewer
from massage_billing.ports.access import Access, Event, Link, LoginUnderWay, Session


class DictAccess:
    """``ports.access.Access`` in memory."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.logins: dict[str, LoginUnderWay] = {}
        self.links: dict[str, Link] = {}
        self.uses: dict[tuple[str, str], datetime] = {}
        self.kept: list[Event] = []
        self._numbers = count(1)
        self._lock = Lock()

    def begin(self, session: Session) -> None:
        """Somebody logged in."""
        self.sessions[session.digest] = session

    def session(self, digest: str, now: datetime, idle_since: datetime) -> Session | None:
        """A session that has not ended."""
        found = self.sessions.get(digest)
        if found is None or found.ends <= now or found.seen <= idle_since:
            return None
        if now - found.seen >= timedelta(minutes=1):
            found = self.sessions[digest] = replace(found, seen=now)
        return found

    def end(self, digest: str) -> None:
        """Somebody logged out."""
        self.sessions.pop(digest, None)

    def end_of(self, host: str, who: str) -> int:
        """End every session of a person."""
        gone = [key for key, one in self.sessions.items() if (one.viewer.host, one.viewer.who) == (host, who)]
        for key in gone:
            del self.sessions[key]
        return len(gone)

    def start_login(self, login: LoginUnderWay) -> None:
        """A launch was sent to the host."""
        self.logins[login.digest] = login

    def take_login(self, digest: str, now: datetime) -> LoginUnderWay | None:
        """The launch that came back, once."""
        found = self.logins.pop(digest, None)
        return found if found is not None and found.ends > now else None

    def offer(self, link: Link) -> None:
        """A link was printed."""
        self.links[link.digest] = link

    def take_link(self, digest: str, now: datetime) -> Link | None:
        """The link that was opened, once."""
        found = self.links.pop(digest, None)
        return found if found is not None and found.ends > now else None

    def first_use(self, kind: str, digest: str, until: datetime) -> bool:
        """Whether it is used for the first time."""
        with self._lock:
            new = (kind, digest) not in self.uses
            self.uses[kind, digest] = until
        return new

    def record(self, event: Event) -> None:
        """Add a line."""
        with self._lock:
            self.kept.append(replace(event, number=next(self._numbers)))

    def events(self, host: str, after: int = 0, limit: int = 500, patient: str = "") -> list[Event]:
        """Lines after a number."""
        found = (one for one in self.kept if one.host == host and one.number > after)
        return [one for one in found if patient in ("", one.patient)][:limit]

    def all_events(self, host: str, first: datetime | None = None, last: datetime | None = None) -> Iterator[Event]:
        """Lines of a time."""
        for one in list(self.kept):
            if one.host == host and (first is None or one.at >= first) and (last is None or one.at < last):
                yield one

    def forget(self, now: datetime) -> None:
        """Drop what has ended."""
        self.sessions = {key: one for key, one in self.sessions.items() if one.ends > now}
        self.logins = {key: one for key, one in self.logins.items() if one.ends > now}
        self.links = {key: one for key, one in self.links.items() if one.ends > now}
        self.uses = {key: until for key, until in self.uses.items() if until > now}


class OpenSessions(Sessions):
    """Sessions in which whoever a test put there stays, whatever the settings say of him or her."""

    put: set[tuple[str, str]]

    def viewer(self, token: str | None) -> Viewer | None:
        """Who a cookie's value stands for."""
        if token is not None and is_token(token):
            now = self.clock()
            found = self.access.session(digest(token), now, now - self.idle)
            if found is not None and (found.viewer.host, found.viewer.who) in self.put:
                return found.viewer
        return Sessions.viewer(self, token)


class FakeGuard(Guard):
    """The real door, which somebody may be put behind."""

    def log_in(self, viewer: Viewer) -> dict[str, str]:
        """Cookies of somebody who is logged in."""
        assert isinstance(self.sessions, OpenSessions)  # noqa: S101
        self.sessions.put.add((viewer.host, viewer.who))
        return {self.place.cookie(SESSION): self.sessions.begin(viewer)}

    def csrf_of(self, cookies: Mapping[str, str]) -> str:
        """A token for forms of the session with these cookies."""
        return form_token(cookies[self.place.cookie(SESSION)])


def fake_guard(
    base_url: str = "http://testserver",
    *,
    hosts: Mapping[str, LoginHost] | None = None,
    host_ids: tuple[str, ...] = ("main",),
    access: Access | None = None,
    read: Read = lambda _host, _reference: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> FakeGuard:
    """A door at ``base_url``; "http://testserver" is Starlette's TestClient."""
    kept, place, roster = access or DictAccess(), Place(base_url), dict(hosts or {})
    sessions = OpenSessions(kept, lambda: roster, timedelta(hours=1), timedelta(hours=12), place.loopback, clock)
    sessions.put = set()
    smart = SmartLogin(kept, lambda: roster, place, read, clock)
    links = Links(kept, place, timedelta(minutes=10), clock)
    return FakeGuard(place, kept, sessions, smart, links, host_ids, clock=clock)
