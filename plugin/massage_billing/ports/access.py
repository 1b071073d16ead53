"""The port to what is remembered of people at the workbench: sessions, log-ins under way, one-time links, who looked at
what. Secrets are kept as digests only: who reads the store can log in as nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from massage_billing.model.desk import Viewer


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is logged in."""

    digest: str
    """SHA-256 of the cookie's value."""
    viewer: Viewer
    """Who."""
    begun: datetime
    """UTC."""
    seen: datetime
    """When it was last used, to the minute."""
    ends: datetime
    """When it ends whatever happens."""


@dataclass(frozen=True, slots=True)
class LoginUnderWay:
    """A SMART launch that was sent to the host and has not come back."""

    digest: str
    """SHA-256 of ``state``."""
    browser: str
    """SHA-256 of the cookie that ties it to one browser."""
    host: str
    """Configured host id."""
    verifier: str
    """PKCE code_verifier: of use only with the code that the host gives."""
    nonce: str
    """What the id_token has to repeat."""
    back: str
    """Path on this site to go to afterwards."""
    ends: datetime
    """Minutes after it began."""


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link that was printed on the console."""

    digest: str
    """SHA-256 of its token."""
    viewer: Viewer
    """Whom it makes of who opens it."""
    ends: datetime
    """Minutes after it was printed."""


class Action(StrEnum):
    """What somebody did; AuditEvent.action and subtype are made of it."""

    LOGGED_IN = "logged-in"
    LOGGED_OUT = "logged-out"
    REFUSED = "refused"
    """Was turned away: role, id or session."""
    LISTED = "listed"
    """Saw a list with patients in it."""
    VIEWED = "viewed"
    """Saw one visit or patient."""
    ASSIGNED = "assigned"
    DECIDED = "decided"
    RAN = "ran"
    """Had something billed, asked or approved."""
    MARKED = "marked"
    EXPORTED = "exported"
    """Took out the audit trail, or a file."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of who looked at what and did what. Ids only."""

    at: datetime
    """UTC."""
    who: str
    """``Viewer.who``; "" where nobody was logged in."""
    role: str
    """``Viewer.role``, or ""."""
    host: str
    """Configured host id, or ""."""
    action: Action
    """What."""
    page: str
    """Which page: "holds", "visit"."""
    encounter: str = ""
    """Encounter id."""
    patient: str = ""
    """"Patient/3"."""
    detail: str = ""
    """In words, without patient data: "write-off", "held by payer-known"."""
    ok: bool = True
    """It was done; False: it was refused or overtaken."""
    number: int = 0
    """Counts up; 0 before it is kept."""


class Access(Protocol):
    """What is remembered of people at the workbench. Raises StoreError."""

    def begin(self, session: Session) -> None:
        """Somebody logged in."""
        ...

    def session(self, digest: str, now: datetime, idle_since: datetime) -> Session | None:
        """A session that has not ended, and was used after ``idle_since``; ``seen`` is moved on, once a minute."""
        ...

    def end(self, digest: str) -> None:
        """Somebody logged out."""
        ...

    def end_of(self, host: str, who: str) -> int:
        """End every session of a person; how many."""
        ...

    def start_login(self, login: LoginUnderWay) -> None:
        """A launch was sent to the host."""
        ...

    def take_login(self, digest: str, now: datetime) -> LoginUnderWay | None:
        """The launch that came back, once; None where there is none, or it came too late, or a second time."""
        ...

    def offer(self, link: Link) -> None:
        """A link was printed."""
        ...

    def take_link(self, digest: str, now: datetime) -> Link | None:
        """The link that was opened, once."""
        ...

    def first_use(self, kind: str, digest: str, until: datetime) -> bool:
        """Whether something that may be used once (a JWT's jti) is used for the first time; remembered until then."""
        ...

    def record(self, event: Event) -> None:
        """Add a line; lines are never changed.

        They are kept whole for six years at least, also those of a patient who is forgotten (Store.purge_patient): the
        clinic has to be able to examine who looked at a record (45 CFR 164.312(b)), and to keep that for six years
        (164.316(b)(2)(i)). A line without its patient's id answers nobody's question, after a breach least of all
        (164.404 asks whose records were seen), and a trail from which lines can be struck proves nothing. They hold
        ids of the host's, whose own records stay there, and nothing else of a patient.
        """
        ...

    def events(self, host: str, after: int = 0, limit: int = 500, patient: str = "") -> list[Event]:
        """Lines after a number, oldest first; of one patient ("Patient/3") where one is named."""
        ...

    def all_events(self, host: str, first: datetime | None = None, last: datetime | None = None) -> Iterator[Event]:
        """Lines of a time, oldest first; memory stays flat."""
        ...

    def forget(self, now: datetime) -> None:
        """Drop what has ended: sessions, logins, links, uses."""
        ...
