"""Who works at the workbench, what each may do, and where the work on a hold stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What somebody is at the clinic."""

    FRONT_DESK = "front-desk"
    """Settles what has to be settled before a visit."""
    BILLER = "biller"
    """Decides holds and follows claims."""
    THERAPIST = "therapist"
    """Sees the visits that he or she treated, and no others."""
    OWNER = "owner"
    """May do everything."""
    AUDITOR = "auditor"
    """Sees everything, changes nothing, takes out who looked at what."""


class Permission(StrEnum):
    """One thing that a role may or may not do."""

    TODAY = "today"
    HOLDS = "holds"
    VISIT = "visit"
    CLAIMS = "claims"
    ELIGIBILITY = "eligibility"
    CREDENTIALS = "credentials"
    DENIALS = "denials"
    RULES = "rules"
    HEALTH = "health"
    ASSIGN = "assign"
    """Give a hold to somebody, and write a note beside it."""
    DECIDE = "decide"
    """Answer a hold that a rule leaves to a person."""
    BILL_AGAIN = "bill-again"
    """Have a visit read and decided again now."""
    APPROVE = "approve"
    """Let a draft claim go."""
    MARK = "mark"
    """Say what became of a claim."""
    RUN = "run"
    """Begin a run, or a sweep of eligibility questions."""
    AUDIT = "audit"
    """Take out who looked at what, and who decided what."""


_SEE_ALL: Final = frozenset(
    {
        Permission.TODAY, Permission.HOLDS, Permission.VISIT, Permission.CLAIMS, Permission.ELIGIBILITY,
        Permission.CREDENTIALS, Permission.DENIALS, Permission.RULES, Permission.HEALTH,
    }
)  # fmt: skip

PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.FRONT_DESK: frozenset(
        {
            Permission.TODAY, Permission.HOLDS, Permission.VISIT, Permission.ELIGIBILITY, Permission.CREDENTIALS,
            Permission.RULES, Permission.ASSIGN, Permission.BILL_AGAIN,
        }
    ),
    Role.BILLER: _SEE_ALL
    | {
        Permission.ASSIGN, Permission.DECIDE, Permission.BILL_AGAIN, Permission.APPROVE, Permission.MARK,
        Permission.RUN,
    },
    Role.THERAPIST: frozenset(
        {Permission.TODAY, Permission.HOLDS, Permission.VISIT, Permission.RULES, Permission.BILL_AGAIN}
    ),
    Role.OWNER: frozenset(Permission),
    Role.AUDITOR: _SEE_ALL | {Permission.AUDIT},
}  # fmt: skip
"""What each role may do; anything else is refused."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is at the page."""

    who: str
    """"Practitioner/3" on the host, or "console" for a one-time link: what decisions and the audit trail name."""
    name: str
    """As people are shown it; never logged."""
    role: Role
    """What he or she is."""
    host: str
    """Configured host id whose visits are seen."""
    practitioner: str | None = None
    """"Practitioner/3": whose visits a therapist sees; None sees none where the role is therapist."""

    def may(self, what: Permission) -> bool:
        """Whether the role may do that."""
        return what in PERMISSIONS[self.role]

    @property
    def own(self) -> str | None:
        """The therapist to whose visits everything is narrowed; None for the other roles. A therapist without a
        practitioner sees nothing: no reference is empty."""
        return (self.practitioner or "") if self.role is Role.THERAPIST else None


@dataclass(frozen=True, slots=True)
class Work:
    """Where people's work on one held visit stands."""

    encounter: str
    """Encounter id."""
    version: int = 0
    """Counts every assignment, note and decision: who changes it names the version that was seen."""
    assignee: str = ""
    """``Viewer.who`` of whoever does it; "" for nobody."""
    assignee_name: str = ""
    """The same, as people are shown it."""
    note: str = ""
    """What was last written beside it."""
    by: str = ""
    """Who changed it last."""
    at: datetime | None = None
    """When, UTC."""
    what: str = ""
    """What the last change was, in words: "given to Practitioner/3", "decided: write-off"."""
