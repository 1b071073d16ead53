"""What pages ask of whoever keeps the door: who is there, is this form of his or her own. ``access`` implements it."""

from __future__ import annotations

from typing import Protocol

from starlette.requests import Request

from massage_billing.model.desk import Viewer
from massage_billing.ports.access import Event


class Guard(Protocol):
    """The door. Every method is called in a worker thread; raises StoreError where the store cannot be asked."""

    def viewer(self, request: Request) -> Viewer | None:
        """Who is at the page; None where nobody is logged in, or is no longer."""
        ...

    def login(self, request: Request) -> str:
        """Path on this site where somebody who is not logged in goes."""
        ...

    def token(self, request: Request) -> str:
        """What the forms of this session carry, so that no other site can send one."""
        ...

    def genuine(self, request: Request, token: str) -> bool:
        """Whether a form carries the token of its own session."""
        ...

    def hosts(self, request: Request) -> tuple[str, ...]:
        """Host ids that he or she may look at without another log-in."""
        ...

    def record(self, event: Event) -> None:
        """Keep who looked at what, and did what."""
        ...
