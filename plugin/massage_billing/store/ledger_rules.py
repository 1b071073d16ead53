"""What the ledger's stores have in common: how far a claim has come, whatever the order in which it is told. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import Said, Submission

ORDER: Final = (
    ClaimStanding.NOT_SENT,
    ClaimStanding.EXPORTED,
    ClaimStanding.ACKNOWLEDGED,
    ClaimStanding.ACCEPTED,
    ClaimStanding.REJECTED,
    ClaimStanding.ADJUDICATED,
)
"""A clearinghouse may accept what the payer rejects afterwards, so rejected comes after accepted. What was adjudicated
was filed, whatever else is said."""


def furthest(one: ClaimStanding, other: ClaimStanding) -> ClaimStanding:
    """Of two, the one further on."""
    return max(one, other, key=ORDER.index)


def after(submission: Submission, told: Iterable[Said]) -> Submission:
    """How a claim stands after something was said of it."""
    for one in told:
        standing = furthest(submission.standing, one.standing)
        number = submission.payer_claim_number
        if one.payer_claim_number and (one.standing is standing or not number):
            number = one.payer_claim_number
        since = submission.since if standing is submission.standing else one.at
        submission = replace(submission, standing=standing, payer_claim_number=number, since=since)
    return submission


def may_be_sent(known: Submission | None) -> bool:
    """Whether a claim may go into a file: none carries it, or what did was rejected."""
    return known is None or known.standing in (ClaimStanding.NOT_SENT, ClaimStanding.REJECTED)
