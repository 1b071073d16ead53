"""Is more charged than the payer pays a day? A dollar limit is pointed out; a charge is never lowered to it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from massage_billing.coding.notes import Notes
from massage_billing.coding.payer_pays import only
from massage_billing.coding.policy_terms import PaymentCapTerm
from massage_billing.coding.rulebook import Policy
from massage_billing.model import ClaimLine, Finding, Result

_RULE = "daily-payment-cap"


def check(lines: Sequence[ClaimLine], policy: Policy, notes: Notes) -> None:
    """Leave the findings about the dollars of a claim; nothing where the policy names no limit."""
    asked = False
    before = len(notes.findings)
    for cap in policy.terms.payment_caps:
        counted = [line for line in lines if _counts(line, cap)]
        if any(line.charge is not None for line in counted):
            asked = True
            _compare(counted, cap, policy, notes)
    if asked and len(notes.findings) == before:
        notes.passed(_RULE)


def _counts(line: ClaimLine, cap: PaymentCapTerm) -> bool:
    if cap.codes and line.code not in cap.codes:
        return False
    return not cap.taxonomies or (line.therapist is not None and only(line.therapist.taxonomies, cap.taxonomies))


def _compare(counted: Sequence[ClaimLine], cap: PaymentCapTerm, policy: Policy, notes: Notes) -> None:
    if cap.amount is None:
        notes.findings.append(_amount_unknown(cap, policy, notes))
        return
    total = sum((line.charge for line in counted if line.charge is not None), Decimal("0.00"))
    if total > cap.amount:
        message = (
            f"{total:.2f} dollars are charged, and the most {policy.name} pays a day is {cap.amount:.2f}: {cap.is_}"
        )
        entry = (policy.row.id, policy.row.start)
        notes.fail(_RULE, message, about=policy.name, entry=entry, source=policy.sources[cap.source])


def _amount_unknown(cap: PaymentCapTerm, policy: Policy, notes: Notes) -> Finding:
    """The finding that no source gives the amount; made once a policy and day."""
    key = (_RULE, f"{policy.row.id} {cap.is_}")
    found = notes.day.findings.get(key)
    if found is None:
        row = notes.day.row(_RULE)
        message = f"{policy.name} has a limit a day, and its amount is not known for this date: {cap.is_}"
        found = notes.day.findings[key] = Finding(
            _RULE, row.id, Result.NO_DATA, row.on_no_data, message, row.fix, row.who, policy.sources[cap.source],
            row.start, policy.name,
        )  # fmt: skip
    return found
