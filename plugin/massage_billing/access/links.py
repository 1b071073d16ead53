"""One-time links: who reads the console of this machine may log in, where only this machine reaches the workbench."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from massage_billing.access.place import Place
from massage_billing.access.refusals import LoginRefused, Why
from massage_billing.access.roles import CONSOLE
from massage_billing.access.tokens import digest, fresh, is_token
from massage_billing.errors import SettingsError
from massage_billing.model.desk import Role, Viewer
from massage_billing.ports.access import Access, Link


@dataclass(slots=True)
class Links:
    """Gives them out and takes them back."""

    access: Access
    """Keeps their digests."""
    place: Place
    """Where we are."""
    life: timedelta
    """How long one is good for."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    """UTC."""

    def offer(self, host: str, role: Role, practitioner: str | None = None) -> str:
        """A URL that lets whoever opens it first in as ``role`` at a host. SettingsError where others than this machine
        reach the workbench; StoreError."""
        if not self.place.loopback:
            what = "One-time links are for a workbench that only this machine reaches."
            raise SettingsError(what, "Let people log in at the EHR: workbench.hosts of the settings.")
        token = fresh()
        viewer = Viewer(CONSOLE, f"Console ({role})", role, host, practitioner)
        self.access.offer(Link(digest(token), viewer, self.clock() + self.life))
        return self.place.url(f"/enter/{token}")

    def take(self, token: str) -> Viewer:
        """Whom a link makes of who opened it; it is used up. Raises LoginRefused, StoreError."""
        found = None
        if self.place.loopback and is_token(token):
            found = self.access.take_link(digest(token), self.clock())
        if found is None:
            fix = "Get a new one on the machine where it runs: massage-billing link."
            raise LoginRefused(Why.LINK, "This link was used, is too old, or is none of ours.", fix)
        return found.viewer
