"""Claims: how far they have come, a page of many at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from decimal import Decimal
from typing import Final

from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.desk import ClaimDays, ClaimFilter, ClaimRow, Desk, Page, StandingSum

WEEKS: Final = 26
"""Weeks of the chart of days to a claim."""
STANDINGS: Final[dict[ClaimStanding | None, str]] = {
    None: "Not sent",
    ClaimStanding.NOT_SENT: "Not sent",
    ClaimStanding.EXPORTED: "Sent, no answer yet",
    ClaimStanding.ACKNOWLEDGED: "File taken",
    ClaimStanding.ACCEPTED: "Accepted by the payer",
    ClaimStanding.REJECTED: "Rejected, never filed",
    ClaimStanding.ADJUDICATED: "Decided by the payer",
}
"""What people read."""
TONES: Final[dict[ClaimStanding | None, str]] = {
    None: "act",
    ClaimStanding.NOT_SENT: "act",
    ClaimStanding.EXPORTED: "unknown",
    ClaimStanding.ACKNOWLEDGED: "unknown",
    ClaimStanding.ACCEPTED: "unknown",
    ClaimStanding.REJECTED: "blocked",
    ClaimStanding.ADJUDICATED: "ready",
}
"""How it looks beside its word; colour is never all that tells."""


@dataclass(frozen=True, slots=True)
class ClaimList:
    """One page of the list."""

    which: ClaimFilter
    """What was asked for."""
    page: Page[ClaimRow]
    """Some claims of it."""
    sums: tuple[StandingSum, ...]
    """All of it by standing, in the order in which claims come."""
    total: StandingSum
    """All of it."""
    days: tuple[ClaimDays, ...]
    """Days from the date of service to the claim, by week."""


def claim_list(
    desk: Desk, host: str, which: ClaimFilter, today: Date, after: str | None = None, limit: int = 50
) -> ClaimList:
    """Claims, the newest date of service first. Raises StoreError."""
    sums = tuple(sorted(merged(desk.claim_sums(host, which)), key=_order))
    return ClaimList(
        which=which,
        page=desk.claims(host, which, after, limit),
        sums=sums,
        total=StandingSum(None, sum(one.claims for one in sums), sum((one.dollars for one in sums), Decimal(0))),
        days=tuple(desk.claim_days(host, today - timedelta(weeks=WEEKS), today, which.therapist)),
    )


def merged(sums: Iterable[StandingSum]) -> list[StandingSum]:
    """Those of which nothing was sent together, whether somebody marked them so or nobody said anything."""
    found: dict[ClaimStanding | None, StandingSum] = {}
    for one in sums:
        standing = None if one.standing is ClaimStanding.NOT_SENT else one.standing
        have = found.get(standing, StandingSum(standing, 0, Decimal(0)))
        found[standing] = StandingSum(standing, have.claims + one.claims, have.dollars + one.dollars)
    return list(found.values())


def _order(one: StandingSum) -> int:
    return list(STANDINGS).index(one.standing)
