"""What files say of the sending of claims, beside what stands on the host (DESIGN 17)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from massage_billing.fhir.claim_state import ClaimOnHost, Evidence, Sending, key_of_claim
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import Submission
from massage_billing.run.setup import Setup

_STATES: Final[Mapping[ClaimStanding, Sending]] = {
    ClaimStanding.NOT_SENT: Sending.NOT_SENT,
    ClaimStanding.EXPORTED: Sending.SENT,
    ClaimStanding.ACKNOWLEDGED: Sending.SENT,
    ClaimStanding.ACCEPTED: Sending.SENT,
    ClaimStanding.REJECTED: Sending.REJECTED,
    ClaimStanding.ADJUDICATED: Sending.ADJUDICATED,
}
_ORDER: Final = list(Sending)


def with_sent(claims: Sequence[ClaimOnHost], known: Mapping[str, Evidence], setup: Setup) -> dict[str, Evidence]:
    """Evidence of the claims that files of ours carry, with ``known``, what the host says; by reference."""
    if setup.ledger is None:
        return {}
    keys = {key: claim for claim in claims if (key := key_of_claim(claim.resource)) is not None}
    sent = setup.ledger.submissions(setup.host.id, keys)
    found = {}
    for key, submission in sent.items():
        claim = keys[key]
        here, there = evidence(submission), known.get(claim.reference, Evidence())
        further = _ORDER.index(here.state) > _ORDER.index(there.state)
        more = further or (here.state is there.state and there.payer_claim_number is None)
        found[claim.reference] = replace(here if more else there, digest=submission.digest)
    return found


def evidence(submission: Submission) -> Evidence:
    """What is known of the sending of one claim by files."""
    number = submission.payer_claim_number or None
    where = f"batch {submission.batch}" if submission.batch else "claims mark"
    return Evidence(_STATES[submission.standing], f"{where}: {submission.standing}", number)
