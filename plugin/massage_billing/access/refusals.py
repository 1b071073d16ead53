"""Why somebody is not let in."""

from __future__ import annotations

from enum import StrEnum

from massage_billing.errors import MassageBillingError


class Why(StrEnum):
    """What a refusal is about; recorded in the audit trail, so nobody's data is in it."""

    UNKNOWN_HOST = "unknown-host"
    """The launch names an EHR that is not configured."""
    STALE = "stale"
    """The log-in took too long, was used before, or began in another browser."""
    DECLINED = "declined"
    """The host, or the person there, said no."""
    HOST = "host"
    """The host could not be asked, or what it says does not allow a safe log-in."""
    TOKEN = "token"  # noqa: S105
    """The id_token is not genuine."""
    NOBODY = "nobody"
    """The host knows the person, the workbench gives him or her no role."""
    LINK = "link"
    """The one-time link is unknown, used, or too old."""


class LoginRefused(MassageBillingError):
    """Somebody is not let in. ``why`` is recorded; ``what`` and ``fix`` are shown."""

    def __init__(self, why: Why, what: str, fix: str = "", host: str = "", who: str = "") -> None:
        super().__init__(what, fix)
        self.why, self.host, self.who = why, host, who
