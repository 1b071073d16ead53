"""The door in memory, for tests and for trying pages out: the real ``Guard``, and a way to be logged in at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from massage_billing.access.fhir_user import Read
from massage_billing.access.guard import SESSION, Guard
from massage_billing.access.links import Links
from massage_billing.access.place import Place
from massage_billing.access.roles import LoginHost
from massage_billing.access.sessions import Sessions
from massage_billing.access.smart_login import SmartLogin
from massage_billing.access.tokens import digest, form_token, is_token
from massage_billing.model.desk import Viewer
from massage_billing.ports.access import Access
from massage_billing.store.memory_access import MemoryAccess


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
    kept, place, roster = access or MemoryAccess(), Place(base_url), dict(hosts or {})
    sessions = OpenSessions(kept, lambda: roster, timedelta(hours=1), timedelta(hours=12), place.loopback, clock)
    sessions.put = set()
    smart = SmartLogin(kept, lambda: roster, place, read, clock)
    links = Links(kept, place, timedelta(minutes=10), clock)
    return FakeGuard(place, kept, sessions, smart, links, host_ids, clock=clock)
