"""Who is logged in: begun, found again by the cookie, ended by idling, by age, by the door, or with the role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from massage_billing.access.roles import CONSOLE, Roster, still
from massage_billing.access.tokens import digest, fresh, is_token
from massage_billing.model.desk import Viewer
from massage_billing.ports.access import Access, Session


@dataclass(slots=True)
class Sessions:
    """Sessions of one workbench. A store that cannot be reached lets nobody in: StoreError."""

    access: Access
    """Keeps their digests."""
    roster: Roster
    """Who has which role, now."""
    idle: timedelta
    """Ends when not used for so long."""
    whole: timedelta
    """Ends after so long."""
    console: bool
    """Whether one-time links are given out here: else nobody who came by one stays."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    """UTC."""

    def begin(self, viewer: Viewer, before: str | None = None) -> str:
        """A new token, whatever the browser had before: what was there before is ended (no session is fixed)."""
        if before is not None:
            self.end(before)
        token, now = fresh(), self.clock()
        self.access.begin(Session(digest(token), viewer, now, now, now + self.whole))
        return token

    def viewer(self, token: str | None) -> Viewer | None:
        """Who a cookie's value stands for; None for nobody. A session is ended whose role was taken or changed."""
        if token is None or not is_token(token):
            return None
        now = self.clock()
        found = self.access.session(digest(token), now, now - self.idle)
        if found is None:
            return None
        viewer = found.viewer
        allowed = self.console if viewer.who == CONSOLE else still(viewer, self.roster())
        if not allowed:
            self.access.end(found.digest)
            return None
        return viewer

    def end(self, token: str) -> None:
        """Nobody is logged in by this token any more."""
        if is_token(token):
            self.access.end(digest(token))

    def move(self, token: str, viewer: Viewer) -> str:
        """The same person at another host: a new token, with what is left of the old one's time."""
        now = self.clock()
        before = self.access.session(digest(token), now, now - self.idle)
        self.end(token)
        ends = before.ends if before is not None else now + self.whole
        new = fresh()
        self.access.begin(Session(digest(new), viewer, now, now, ends))
        return new
