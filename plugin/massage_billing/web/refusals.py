"""Why a page is not shown. Each becomes a page of its own in ``web.app``."""

from __future__ import annotations

from massage_billing.model.desk import Viewer


class Refusal(Exception):
    """A page is not shown."""


class NotLoggedIn(Refusal):
    """Nobody is logged in."""


class Forbidden(Refusal):
    """The role may not; ``viewer`` is who asked."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__("forbidden")
        self.viewer = viewer


class ForgedForm(Refusal):
    """A form came without the token of its session: from another site, or after the session had ended."""


class Missing(Refusal):
    """There is no such thing, or not for this viewer: nobody is told which of the two."""
