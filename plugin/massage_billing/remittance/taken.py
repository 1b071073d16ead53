"""What a TA1, 999 or 277CA says of our claims, in words for the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from massage_billing.model.remittance import ClaimAcknowledged, ClaimStanding
from massage_billing.ports.ledger import Ledger, Said, Submission
from massage_billing.x12.acknowledgement import Acknowledgements, TakenInterchange

_GROUP = "HC"
"""GS01 of an 837."""
_TWICE = (
    "The receiver had a file of this number before. Ask whether it was this one: then nothing is wrong. Else "
    "`claims drop` the file, and its claims go into the next."
)
"""It may be the same file, put there twice by a crash, or another's number: neither is known."""


def said_of_files(told: Acknowledgements, ledger: Ledger, host: str, source: str, now: datetime) -> Iterator[Said]:
    """What TA1s and 999s say: of a whole file, of its transactions."""
    for whole in told.interchanges:
        if not _is_of_claims(whole, ledger, host):
            continue
        if whole.twice and whole.taken is False and whole.control.isdigit():
            claims = ledger.of_batch(host, int(whole.control))
            yield from (Said(one.key, now, ClaimStanding.EXPORTED, f"TA1 {source}", _TWICE) for one in claims)
            continue
        yield from _all(ledger, host, whole.control, "", whole.taken, map(str, whole.reasons), f"TA1 {source}", now)
    for group in told.groups:
        if group.kind not in ("", _GROUP):
            continue
        named = {one.control for one in group.transactions}
        for one in group.transactions:
            why = [str(reason) for reason in one.reasons]
            yield from _all(ledger, host, group.control, one.control, one.taken, why, f"999 {source}", now)
        if group.taken is not None and not (named and group.taken):
            why = [str(reason) for reason in group.reasons]
            yield from _rest(ledger, host, group.control, named, group.taken, why, f"999 {source}", now)


def _is_of_claims(whole: TakenInterchange, ledger: Ledger, host: str) -> bool:
    """A TA1 names an interchange by number and time: that of a question to a payer may have the same number."""
    if not whole.made or not whole.control.isdigit():
        return True
    batch = ledger.batch(host, int(whole.control))
    return batch is not None and whole.made == f"{batch.at:%y%m%d %H%M}"


def _all(
    ledger: Ledger, host: str, control: str, transaction: str, taken: bool | None, why: Iterable[str], source: str,
    now: datetime,
) -> Iterator[Said]:  # fmt: skip
    """The claims of a file (ISA13 or GS06 is its number), or of one of its transactions."""
    if taken is None or not control.isdigit():
        return
    reasons = list(why)
    for one in ledger.of_batch(host, int(control)):
        if not transaction or _same(one.transaction, transaction):
            yield _said(one, taken, reasons, source, now)


def _rest(
    ledger: Ledger, host: str, control: str, named: set[str], taken: bool, why: list[str], source: str, now: datetime
) -> Iterator[Said]:
    """Claims of transactions that a 999 does not name by themselves."""
    if not control.isdigit():
        return
    for one in ledger.of_batch(host, int(control)):
        if not any(_same(one.transaction, each) for each in named):
            yield _said(one, taken, why, source, now)


def _said(one: Submission, taken: bool, why: list[str], source: str, now: datetime) -> Said:
    standing = ClaimStanding.ACKNOWLEDGED if taken else ClaimStanding.REJECTED
    words = "The file was taken." if taken else f"The file was refused: {'; '.join(why) or 'no reason is given'}."
    return Said(one.key, now, standing, source, words)


def _same(ours: str, theirs: str) -> bool:
    """ST02 counts from 0001; some give it back without its zeros."""
    return ours == theirs or (theirs.isdigit() and ours.isdigit() and int(ours) == int(theirs))


def said_of_claim(told: ClaimAcknowledged, ours: Submission, source: str, now: datetime) -> Said | None:
    """What a 277CA says of one claim; None where it says neither yes nor no."""
    if told.taken is None:
        return None
    standing = ClaimStanding.ACCEPTED if told.taken else ClaimStanding.REJECTED
    why = "; ".join(dict.fromkeys(one.words for one in told.reasons if one.words)) or "no reason is given"
    words = f"Accepted: {why}." if told.taken else f"Rejected: {why}."
    return Said(ours.key, now, standing, source, words, told.payer_claim_number)


def is_of_earlier(told: ClaimAcknowledged, ours: Submission, ledger: Ledger) -> bool:
    """Whether a rejection is of an earlier file, after which the claim was sent again: it says nothing of the later."""
    number = told.batch.partition("-")[0]
    if told.taken is not False or not number.isdigit() or int(number) >= ours.batch:
        return False
    return any(said.standing is ClaimStanding.REJECTED for said in ledger.life(ours.key))
