"""What a person knows of a claim and no file told: marked on its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from massage_billing.errors import InputError, MassageBillingError
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import Said, Submission
from massage_billing.remittance.book import ClaimBook

MARKS: Final = {
    "sent": ClaimStanding.EXPORTED,
    "accepted": ClaimStanding.ACCEPTED,
    "rejected": ClaimStanding.REJECTED,
    "paid": ClaimStanding.ADJUDICATED,
    "denied": ClaimStanding.ADJUDICATED,
}
"""What can be said, and how far the claim has come by it."""
LONGEST: Final = 500
"""Characters of a reason."""
_NUMBER: Final = 50
"""Characters of a payer's number (CLP07)."""
_MOST: Final = Decimal(1_000_000)


class MovedOn(MassageBillingError):
    """A claim has moved on since the page was shown; nothing was changed. ``now`` is how it stands."""

    def __init__(self, now: Submission) -> None:
        super().__init__(
            f"Claim {now.key} stands as {now.standing} now: something was said of it since the page was shown.",
            "Look at it as it stands now, then mark it.",
        )
        self.now = now


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody says of a claim, as the form has it."""

    what: str
    """sent, accepted, rejected, paid or denied."""
    reason: str
    """From where it is known; no patient data."""
    payer_number: str = ""
    """The payer's number of the claim."""
    paid: str = ""
    """Dollars that the payer paid, as typed; "" where nobody says."""


def mark(book: ClaimBook, claim: Submission, seen: str, told: Mark, who: str, now: datetime) -> Submission:
    """Remember what somebody says of a claim of ``Life.claims``. ``seen`` is ``ClaimStory.seen`` of the page.

    Raises InputError for what cannot be meant, MovedOn where something was said of the claim since."""
    standing = MARKS.get(told.what)
    reason, number = _line(told.reason, LONGEST, "The reason"), _line(told.payer_number, _NUMBER, "The payer's number")
    if standing is None:
        raise InputError("A claim is sent, accepted, rejected, paid or denied.", "Choose one of them.")
    if not reason:
        raise InputError("Say from where it is known.", "A word is enough: portal, phone call, letter.")
    paid = Decimal(0) if told.what == "denied" else dollars(told.paid)
    if seen_of(claim) != seen:
        raise MovedOn(claim)
    said = Said(claim.key, now, standing, f"marked by {who}", f"{told.what}: {reason}", number, paid)
    if claim.standing is not ClaimStanding.NOT_SENT:
        return book.mark(claim.key, said)
    book.store.sent(book.host, [claim.encounter])  # first: what a crash leaves out is told again
    book.ledger.mark(claim, said)
    book.store.audit(book.host, claim.encounter, f"{claim.key} {said.source}: {said.standing}")
    return book.ledger.submissions(book.host, [claim.key])[claim.key]


def seen_of(one: Submission) -> str:
    """What a form carries, so that nobody marks a claim that has moved on since the page was shown."""
    return f"{one.standing.value}|{one.since.isoformat() if one.since else ''}"


def dollars(text: str) -> Decimal | None:
    """Dollars as somebody types them; None where nothing is typed. Raises InputError."""
    bare = text.strip().lstrip("$").replace(",", "")
    if not bare:
        return None
    try:
        found = Decimal(bare)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found < 0 or found > _MOST or found != round(found, 2):
        raise InputError("What was paid is no amount in dollars.", "Write it like 80.00.")
    return found


def _line(text: str, longest: int, what: str) -> str:
    found = " ".join(text.split())
    if len(found) > longest:
        raise InputError(f"{what} is longer than {longest} characters.", "Write it shorter.")
    if not found.isprintable():
        raise InputError(f"{what} has characters that cannot be shown.", "Write it again.")
    return found
